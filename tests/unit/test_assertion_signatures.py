"""Which signature authenticates a client (RFC 8725): its own key's, by an algorithm that it registered for (rows 30, 47 to 51)."""

from itertools import product
from typing import Any

import pytest

from tests.unit.conftest import ISSUER
from tests.unit.forgery import jws, mac, unsigned, zeros
from tests.unit.signers import (
    ALGORITHMS,
    Key,
    assertion,
    by_assertion,
    key,
    machine_token,
    signing_client,
)
from tests.unit.test_client_assertions import ask, refused, seconds_ahead


@pytest.mark.row(30, 47)
@pytest.mark.parametrize("sign", [unsigned, zeros])
def test_no_signature_is_no_signature_however_none_is_spelled(sign: Any) -> None:
    app = signing_client(key(), "machine")
    claims = {"iss": app.client_id, "sub": app.client_id, "aud": ISSUER, "jti": "x", "exp": seconds_ahead(60)}

    for none in [*map("".join, product("nN", "oO", "nN", "eE")), "", None, "null", " none", ["none"], {"alg": "none"}, 0]:
        for header in ({"alg": none}, {"alg": none, "typ": "JWT"}):
            assert refused(ask("/oauth/token", **by_assertion(jws(header, claims, sign)))), none


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_public_key_is_no_hmac_secret(algorithm: str) -> None:
    of = key(algorithm, "first")
    app = signing_client(of, "machine")
    claims = {"iss": app.client_id, "sub": app.client_id, "aud": ISSUER, "jti": "x", "exp": seconds_ahead(60)}

    for secret in (of.public_pem, of.public_pem.strip(), of.jwk.get("n", of.jwk.get("x", "")).encode(), b"", b"first"):
        for named in ("HS256", "HS384", "HS512", algorithm):
            forged = jws({"alg": named, "kid": "first"}, claims, mac(secret))
            assert refused(ask("/oauth/token", **by_assertion(forged)))


@pytest.mark.row(30)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key_of_the_same_kind_proves_nothing(algorithm: str) -> None:
    of, foreign = key(algorithm, "first"), Key(algorithm, key(algorithm, "second").private, "first")
    app = signing_client(of, "machine")

    assert refused(machine_token(foreign, app.client_id))
    assert refused(machine_token(foreign, app.client_id, header={"kid": None}))
    assert refused(machine_token(of, app.client_id, header={"kid": "second"}))
    for kid in (7, ["first"], {"first": 1}, "x" * 10_000, "../../first", "\x00"):
        assert refused(machine_token(of, app.client_id, header={"kid": kid})), kid


@pytest.mark.row(30)
def test_a_key_is_for_the_algorithm_it_names_and_the_client_for_the_one_it_registered() -> None:
    of = key("RS256", "first")
    as_ps256 = Key("PS256", of.private, "first")
    named = signing_client(of, "machine", jwks=[of.jwk | {"alg": "RS256"}])
    pinned = signing_client(of, "machine", token_endpoint_auth_signing_alg="PS256")
    free = signing_client(of, "machine")

    verdicts = [[refused(machine_token(one, app.client_id)) for one in (of, as_ps256)] for app in (named, pinned, free)]
    assert verdicts == [[False, True], [True, False], [False, False]]


def test_a_key_for_encryption_signs_nothing() -> None:
    of = key()
    app = signing_client(of, "machine", jwks=[of.jwk | {"use": "enc"}])

    assert refused(machine_token(of, app.client_id))


@pytest.mark.row(30, 49, 50)
def test_what_the_header_brings_along_is_not_used_not_fetched_and_not_passed_over() -> None:
    of, attackers = key(), key("ES256", "mine")
    app = signing_client(of, "machine")
    brought = {"jwk": attackers.jwk, "jku": "http://127.0.0.1:1/jwks", "x5u": "http://127.0.0.1:1/x5u", "x5c": ["MIIB"]}

    assert refused(machine_token(attackers, app.client_id, header=brought))
    assert refused(machine_token(attackers, app.client_id, header=brought | {"kid": None}))
    for extension in ({"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": None, "b64": False}, {"crit": "x"}):
        assert refused(machine_token(of, app.client_id, header=extension)), extension
    assert machine_token(of, app.client_id, header=brought).status == 200


def test_what_is_no_jwt_or_another_kind_of_jwt_is_refused() -> None:
    of = key()
    app = signing_client(of, "machine")
    good = assertion(of, app.client_id)
    signed, _, signature = good.rpartition(".")

    for typ in ("at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt", 7, ["jwt"]):
        assert refused(machine_token(of, app.client_id, header={"typ": typ})), typ
    strange = ["x", "..", "a.b.c", f"{good}.", f".{good}", f"{signed}.", f"{signed}.{signature[:-2]}", f"{good}=", good.replace(".", "..")]
    for value in [*strange, f"{good} ", "é.é.é", "." * 5000, "A" * 20_000, f"{'A' * 20_000}.A.A", good + "A" * 17_000]:
        for named in ({}, {"client_id": app.client_id}):
            assert refused(ask("/oauth/token", **by_assertion(value), **named)), value[:50]
    for typ in ("jwt", "JWT", "client-authentication+jwt", "application/client-authentication+jwt", None):
        assert machine_token(of, app.client_id, header={"typ": typ}).status == 200, typ


def test_ed25519_goes_by_its_newer_name_too() -> None:
    of, pinned = key("EdDSA", "first"), {"token_endpoint_auth_signing_alg": "EdDSA"}

    for properties in ({}, pinned, {"jwks": [of.jwk | {"alg": "Ed25519"}]}, {"jwks": [of.jwk | {"alg": "EdDSA"}]}):
        app = signing_client(of, "machine", **properties)
        for name in ("EdDSA", "Ed25519"):
            assert machine_token(of, app.client_id, header={"alg": name}).status == 200
        for name in ("Ed448", "ed25519", "EDDSA"):
            assert refused(machine_token(of, app.client_id, header={"alg": name}))
    elliptic = key("ES256", "first")
    assert refused(machine_token(elliptic, signing_client(elliptic, "machine").client_id, header={"alg": "Ed25519"}))
