"""oidcc-dynamic-certification-test-plan for clients of the code flow: each test is the module of that name.

The plan's discovery module also wants the implicit flow, which RFC 9700 2.1.2 forbids; so does oidcc-server-rotate-keys somebody who
rotates them.
"""

import html
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest

from tests.conformance import assertions, signing
from tests.conformance.basic.request_objects import (  # noqa: F401
    test_oidcc_idtoken_unsigned,
    test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported,
)
from tests.conformance.basic.tokens import test_oidcc_refresh_token, test_oidcc_server  # noqa: F401
from tests.conformance.browser import Browser
from tests.conformance.provider import Provider, check_id_token, json_of, verified
from tests.conformance.registration import client_with_keys_at, new_key, register, registered, registered_with_key
from tests.conformance.relying_party import RelyingParty, check_error_page, check_token_response, random_text
from tests.conformance.station import Station
from tests.conformance.test_config import test_oidcc_discovery_endpoint_verification  # noqa: F401

LINK = "https://rp.example/{}?of=this&client=1"


@pytest.fixture
def party(op: Provider, browser: Browser) -> RelyingParty:
    """A client that was registered just now."""
    return RelyingParty(op, registered_with_key(op, op.configuration.clients["basic"]), browser)


@pytest.fixture
def other_party(op: Provider, other_party: RelyingParty) -> RelyingParty:
    """Another one, in another browser."""
    return replace(other_party, client=registered_with_key(op, op.configuration.clients["second"]))


def test_oidcc_idtoken_rs256(op: Provider, browser: Browser) -> None:
    client = registered_with_key(op, op.configuration.clients["basic"], id_token_signed_response_alg="RS256")
    outcome = RelyingParty(op, client, browser).complete()

    assert jwt.get_unverified_header(outcome.tokens["id_token"])["alg"] == "RS256", "Registration 2: as the client asked"


def test_oidcc_userinfo_rs256(op: Provider, browser: Browser) -> None:
    if not op.offers("userinfo_signing_alg_values_supported", "RS256"):
        pytest.skip("discovery does not offer signed userinfo")
    client = registered_with_key(op, op.configuration.clients["basic"], userinfo_signed_response_alg="RS256")
    party = RelyingParty(op, client, browser)
    request = party.request()
    tokens = party.redeemed(request, party.code(request, party.go(request)))
    answer = op.userinfo(tokens["access_token"])

    assert answer.headers["content-type"].partition(";")[0] == "application/jwt", "Core 5.3.2: a JWT"
    assert jwt.get_unverified_header(answer.text)["alg"] == "RS256", "Registration 2: as the client asked"
    claims = verified(op, answer.text)
    assert (claims["iss"], claims["aud"]) == (op.issuer, client.client_id), "Core 5.3.2: iss and aud"
    assert claims["sub"] == check_id_token(op, client, tokens, request["nonce"])["sub"] and "nonce" not in claims


@pytest.mark.row(5)
def test_oidcc_ensure_redirect_uri_in_authorization_request(op: Provider, browser: Browser) -> None:
    like = op.configuration.clients["basic"]
    client = registered_with_key(op, like, redirect_uris=[like.redirect_uri, f"{like.redirect_uri}/second"])
    party = RelyingParty(op, client, browser)

    check_error_page(party.go(party.request(redirect_uri=None)))


def test_oidcc_redirect_uri_query_ok(op: Provider, browser: Browser) -> None:
    outcome = _with_query(op, browser).complete()

    assert outcome.landing.query["foo"] == "bar", "RFC 6749 3.1.2: a registered query is kept"


@pytest.mark.row(1)
def test_oidcc_redirect_uri_query_mismatch(op: Provider, browser: Browser) -> None:
    party = _with_query(op, browser)

    check_error_page(party.go(party.request(redirect_uri=f"{party.client.redirect_uri.partition('?')[0]}?bar=foo")))


@pytest.mark.row(1)
def test_oidcc_redirect_uri_query_added(party: RelyingParty) -> None:
    check_error_page(party.go(party.request(redirect_uri=f"{party.client.redirect_uri}?foo=bar")))


@pytest.mark.row(3)
def test_oidcc_redirect_uri_regfrag(op: Provider) -> None:
    answer = register(op, redirect_uris=[f"{op.configuration.clients['basic'].redirect_uri}#foobar"])

    _assert_refused(op, answer, "invalid_redirect_uri", "invalid_client_metadata", "invalid_request")


def test_oidcc_registration_logo_uri(op: Provider, browser: Browser) -> None:
    _login_page_has(op, browser, "logo_uri")


def test_oidcc_registration_policy_uri(op: Provider, browser: Browser) -> None:
    _login_page_has(op, browser, "policy_uri")


def test_oidcc_registration_tos_uri(op: Provider, browser: Browser) -> None:
    _login_page_has(op, browser, "tos_uri")


def test_oidcc_registration_jwks_uri(op: Provider, browser: Browser, station: Station) -> None:
    key = new_key("only")
    RelyingParty(op, client_with_keys_at(op, station, "/jwks", key), browser).complete()


def test_oidcc_registration_sector_uri(op: Provider) -> None:
    if not op.offers("subject_types_supported", "pairwise"):
        pytest.skip("discovery does not offer pairwise subjects")
    raise AssertionError("pairwise subjects are offered, and no test of them was written yet")


def test_oidcc_registration_sector_bad(op: Provider) -> None:
    """Where the suite skips this, because pairwise subjects are not offered, asking for them is refused."""
    uri = op.configuration.clients["basic"].redirect_uri
    answer = register(op, redirect_uris=[uri], subject_type="pairwise", sector_identifier_uri="https://other.example/redirect_uris.json")

    _assert_refused(op, answer, "invalid_client_metadata")


def test_oidcc_refresh_token_rp_key_rotation(rotated: Future[httpx.Response]) -> None:
    check_token_response(rotated.result())


@pytest.mark.row(18)
def test_a_signed_request_object_is_served(op: Provider, browser: Browser) -> None:
    party, inner, outer = _with_request_object(op, browser)
    landing = party.go(outer | {"request": _signed(op, party, inner)})

    party.finish(inner, landing)


@pytest.mark.row(18)
def test_oidcc_ensure_request_object_with_redirect_uri(op: Provider, browser: Browser) -> None:
    party, inner, outer = _with_request_object(op, browser)
    outer["redirect_uri"] = f"{party.client.redirect_uri}/{random_text(10)}"
    landing = party.go(outer | {"request": _signed(op, party, inner)})

    if landing.at_application:
        party.finish(inner, landing)
    else:
        check_error_page(landing)


@pytest.mark.row(30)
def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(op: Provider, party: RelyingParty) -> None:
    _redeems_with(op, party, op.issuer)


@pytest.mark.row(30)
def test_an_assertion_for_the_token_endpoint_succeeds(op: Provider, party: RelyingParty) -> None:
    """What the other modules of the plan send."""
    _redeems_with(op, party, op.metadata["token_endpoint"])


def _with_query(op: Provider, browser: Browser) -> RelyingParty:
    like = op.configuration.clients["basic"]
    return RelyingParty(op, registered_with_key(op, like, redirect_uris=[f"{like.redirect_uri}?foo=bar"]), browser)


def _login_page_has(op: Provider, browser: Browser, name: str) -> None:
    uri = LINK.format(name)
    party = RelyingParty(op, registered(op, op.configuration.clients["basic"], **{name: uri}), browser)
    landing = party.go(party.request(), unattended=True)

    assert landing.status == 200 and uri in html.unescape(landing.text), f"Registration 2: people are shown {name}"


def _with_request_object(op: Provider, browser: Browser) -> tuple[RelyingParty, dict[str, str], dict[str, str]]:
    """A client that signs its requests, a request, and what stands outside of its object."""
    if not op.offers("request_object_signing_alg_values_supported", "RS256"):
        pytest.skip("discovery does not offer signed request objects")
    client = registered_with_key(op, op.configuration.clients["basic"], request_object_signing_alg="RS256")
    party = RelyingParty(op, client, browser)
    inner = party.request()
    return party, inner, {name: inner[name] for name in ("client_id", "redirect_uri", "response_type", "scope")}


def _signed(op: Provider, party: RelyingParty, request: dict[str, str]) -> str:
    times = {name: value for name, value in assertions.claims(party.client, op.issuer).items() if name != "sub"}
    return signing.signed(party.client.jwk, request | times)


def _redeems_with(op: Provider, party: RelyingParty, audience: str) -> None:
    request = party.request()
    form = {"grant_type": "authorization_code", "code": party.code(request, party.go(request)), "redirect_uri": request["redirect_uri"]}
    authentication = assertions.authentication(party.client, assertions.claims(party.client, audience))

    check_token_response(op.http.post(op.metadata["token_endpoint"], data=form | authentication))


def _assert_refused(op: Provider, answer: Any, *errors: str) -> None:
    assert answer.status_code == 400, f"Registration 3.3: 400: {answer.status_code} {answer.text}"
    assert json_of(answer, status=400)["error"] in errors, f"Registration 3.3: one of {errors}: {answer.text}"
