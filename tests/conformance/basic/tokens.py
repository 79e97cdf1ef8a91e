"""Modules of the Basic plan about codes and tokens."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future

import httpx
import jwt
import pytest

from tests.conformance.provider import Provider, check_id_token, json_of
from tests.conformance.registration import registered
from tests.conformance.relying_party import Outcome, RelyingParty, check_token_error, check_token_response

# Of an ID token, by the protocol; whatever else is in one tells more of the person than was asked.
PROTOCOL_CLAIMS = {
    "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "nbf", "jti", "sid", "txn",
}  # fmt: skip
FEWEST_BITS = 96
Reused = Mapping[str, Future[tuple[httpx.Response, httpx.Response]]]


@pytest.mark.row(13, 29)
def test_oidcc_server(party: RelyingParty) -> None:
    outcome = party.complete()

    assert len(outcome.code) >= 16, "RFC 6749 10.10: a code of at least 16 characters"
    for name, value in (("code", outcome.code), ("access token", outcome.tokens["access_token"])):
        assert entropy_bits(value) >= FEWEST_BITS, f"RFC 6749 10.10: the {name} cannot be guessed"
    assert set(outcome.claims) <= PROTOCOL_CLAIMS, f"the ID token tells nothing but what the protocol needs: {outcome.claims}"


@pytest.mark.row(57)
def test_oidcc_idtoken_signature(op: Provider, party: RelyingParty) -> None:
    client = registered(op, party.client)
    outcome = RelyingParty(op, client, party.browser, party.response_mode).complete()

    header = jwt.get_unverified_header(outcome.tokens["id_token"])
    assert header["alg"] == "RS256", "Registration 2: RS256 unless the client asked for another"
    assert header.get("kid"), "Core 10.1: with several keys, the header names one"


@pytest.mark.row(11)
def test_oidcc_codereuse(party: RelyingParty) -> None:
    request = party.request()
    code = party.code(request, party.go(request))
    party.redeemed(request, code)

    check_token_error(party.redeem(request, code), "invalid_grant")


@pytest.mark.row(11)
def test_oidcc_codereuse_30seconds(reused: Reused, response_mode: str) -> None:
    again, userinfo = reused[response_mode].result()

    check_token_error(again, "invalid_grant")
    assert 400 <= userinfo.status_code < 500, "RFC 6749 4.1.2: what the code bought is revoked when it comes again"


@pytest.mark.row(31, 35)
def test_oidcc_refresh_token(op: Provider, party: RelyingParty, other_party: RelyingParty) -> None:
    first = _offline(op, party)
    if "refresh_token" not in first.tokens:
        assert not op.offers("grant_types_supported", "refresh_token"), "Discovery 3: what is offered is given"
        pytest.skip("no refresh token was issued")
    assert op.offers("grant_types_supported", "refresh_token"), "Discovery 3: what is given is offered"
    _refreshed(op, party, first)

    of_another = _offline(op, other_party)
    _refreshed(op, other_party, of_another)
    stolen = op.token(party.client, grant_type="refresh_token", refresh_token=of_another.tokens["refresh_token"])
    check_token_error(stolen, "invalid_grant")


def _offline(op: Provider, party: RelyingParty) -> Outcome:
    if op.offers("scopes_supported", "offline_access"):
        return party.complete(scope="openid offline_access", prompt="consent")
    return party.complete()


def _refreshed(op: Provider, party: RelyingParty, outcome: Outcome) -> None:
    """The refresh token is a good one and buys new tokens for the same."""
    presented = outcome.tokens["refresh_token"]
    assert all(" " <= character <= "~" for character in presented), "RFC 6749 A.17: printable ASCII"
    assert entropy_bits(presented) >= FEWEST_BITS, "RFC 6749 10.10: it cannot be guessed"
    time.sleep(1)  # whole seconds tell the two ID tokens apart
    tokens = check_token_response(op.token(party.client, grant_type="refresh_token", refresh_token=presented))
    assert tokens["access_token"] != outcome.tokens["access_token"], "a refresh gives another access token"
    if "id_token" in tokens:
        echoed = outcome.request["nonce"] if "nonce" in _claims_of(tokens["id_token"]) else None
        claims = check_id_token(op, party.client, tokens, echoed)
        same = ("iss", "sub", "aud", "azp", "auth_time")
        assert [claims.get(name) for name in same] == [outcome.claims.get(name) for name in same], "Core 12.2: the same sign-in"
        assert claims["iat"] != outcome.claims["iat"], "Core 12.2: iat is when the new one was issued"
    assert json_of(op.userinfo(tokens["access_token"]))["sub"] == outcome.claims["sub"]


def _claims_of(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def entropy_bits(value: str) -> float:
    """Shannon's, over the characters of the value."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares) * len(value)
