"""DPoP at the token endpoint (RFC 9449): proofs, nonces, and what is bound to the key."""

import json
import time
from typing import Any

import pytest

from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    exchange,
    later,
    new_client,
    new_code,
    new_user,
    token,
    tokens_of,
)
from tests.unit.forgery import jws, mac, unsigned
from tests.unit.signers import (
    ALGORITHMS,
    Key,
    key,
    machine,
    nonce,
    proof,
    spelled,
)

HOLDER, THIEF = key("ES256"), key("ES256", "thief")


def machines_token(dpop: str) -> Answer:
    """A token for a machine with this DPoP header."""
    app = machine("ES256")
    return token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret), dpop=dpop)


def refused(answer: Answer, error: str = "invalid_dpop_proof") -> bool:
    assert answer.status < 500, answer.body
    return (answer.status, answer.json["error"]) == (400, error)


def code_of(client_id: str, **parameters: str) -> str:
    return new_code(client_id, browser_of(new_user()), **parameters)


def test_a_proof_without_a_nonce_is_answered_with_one_that_browsers_may_read() -> None:
    asked = machines_token(proof(HOLDER))

    assert refused(asked, "use_dpop_nonce")
    assert asked.headers["dpop-nonce"]
    assert "DPoP-Nonce" in asked.headers["access-control-expose-headers"]
    assert asked.headers["cache-control"] == "no-store"
    assert "dpop" in call("token_exchange", "OPTIONS", "/oauth/token").headers["access-control-allow-headers"]


def test_a_success_brings_the_next_nonce() -> None:
    answer = machines_token(proof(HOLDER, nonce=nonce()))

    assert answer.status == 200
    assert machines_token(proof(HOLDER, nonce=answer.headers["dpop-nonce"])).status == 200
    with later(240):
        assert machines_token(proof(HOLDER, nonce=answer.headers["dpop-nonce"])).status == 200


@pytest.mark.parametrize("seconds", [361, 3600, 10**6])
def test_an_old_nonce_is_refused_with_a_new_one(seconds: int) -> None:
    old = nonce()

    with later(seconds):
        asked = machines_token(proof(HOLDER, nonce=old))
        assert refused(asked, "use_dpop_nonce")
        assert machines_token(proof(HOLDER, nonce=asked.headers["dpop-nonce"])).status == 200


def test_a_nonce_is_one_of_ours_and_of_this_kind() -> None:
    ours = nonce()
    tokens = tokens_of(new_client().client_id, browser_of(new_user()))
    strange = [ours[:-1], ours + "A", ours.swapcase(), f"{ours} ", "0", "x" * 1000, "é", tokens["refresh_token"], tokens["access_token"]]

    for value in [*strange, 7, True, [ours], {"nonce": ours}]:
        assert refused(machines_token(proof(HOLDER, nonce=value)), "use_dpop_nonce"), value


def sent(**changes: Any) -> Answer:
    """The answer to a proof that is good but for these members."""
    return machines_token(proof(HOLDER, **({"nonce": nonce()} | changes)))


@pytest.mark.parametrize(
    "htu",
    [
        f"{ISSUER}/oauth/token",
        f"{ISSUER}/oauth/token?x=1",
        f"{ISSUER}/oauth/token#fragment",
        "HTTPS://ID.EXAMPLE.COM/oauth/token",
        "https://id.example.com:443/oauth/token",
    ],
)
def test_addresses_that_mean_the_same(htu: str) -> None:
    assert sent(htu=htu).status == 200


@pytest.mark.parametrize(
    "htu",
    [
        *(None, "", "/oauth/token", 7, [f"{ISSUER}/oauth/token"], "\ud800", "https://", "https://[::1/oauth/token"),
        f"{ISSUER}/oauth/token/",
        f"{ISSUER}/oauth//token",
        f"{ISSUER}/oauth/Token",
        f"{ISSUER}/oauth/par",
        f"{ISSUER}/",
        ISSUER,
        f"{ISSUER}.evil.test/oauth/token",
        "http://id.example.com/oauth/token",
        "https://id.example.com:8443/oauth/token",
        "https://id.example.com:99999/oauth/token",
        "https://id.example.com:x/oauth/token",
        "https://evil.test/oauth/token",
        "https://evil.test?https://id.example.com/oauth/token",
        "https://id.example.com@evil.test/oauth/token",
        "//id.example.com/oauth/token",
    ],
)
def test_another_address_is_refused(htu: object) -> None:
    assert refused(sent(htu=htu))


@pytest.mark.parametrize("htm", [None, "", "post", "GET", "PUT", 7, ["POST"], "POST "])
def test_another_method_is_refused(htm: object) -> None:
    assert refused(sent(htm=htm))


@pytest.mark.parametrize("jti", [None, "", 7, True, ["x"], "x" * 257, "\ud800"])
def test_a_proof_has_a_name_of_its_own(jti: object) -> None:
    assert refused(sent(jti=jti))


def test_the_time_of_a_proof_may_be_off_by_minutes_when_it_has_a_nonce() -> None:
    with later(0):
        now = int(time.time())
        for seconds in (-300, -60, 8, 60, 300):
            assert sent(iat=now + seconds).status == 200, seconds
        for seconds in (-301, -3600, 301, 3600):
            assert refused(sent(iat=now + seconds)), seconds
        for iat in (None, "now", True, now + 0.5, -now, 2**53, float("nan"), [now]):
            assert refused(sent(iat=iat)), iat
        assert refused(sent(exp=now - 1))
        assert refused(sent(nbf=now + 3600))


@pytest.mark.parametrize("typ", [None, "", "JWT", "jwt", "dpop", "at+jwt", 7, ["dpop+jwt"]])
def test_another_type_of_token_is_no_proof(typ: object) -> None:
    assert refused(sent(header={"typ": typ}))


@pytest.mark.row(47)
@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", None, "null", ["none"], "HS256", "HS512", "RS512", "ES384", 7, {}])
def test_an_algorithm_that_proves_nothing_is_refused(algorithm: object) -> None:
    claims = claims_of(proof(HOLDER, nonce=nonce()))
    header = {"typ": "dpop+jwt", "jwk": HOLDER.jwk, "alg": algorithm}

    for sign in (unsigned, mac(b""), mac(HOLDER.public_pem), mac(json.dumps(HOLDER.jwk).encode())):
        assert refused(machines_token(jws(header, claims, sign)))


@pytest.mark.row(48)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_is_used_for_its_own_algorithm_only(algorithm: str) -> None:
    of = key(algorithm)
    for other in (name for name in ALGORITHMS if name != algorithm):
        assert refused(sent_by(Key(algorithm, of.private), header={"alg": other}))
    for kind in ("RSA", "EC", "OKP", "oct", "", None, 7, ["EC"], {"EC": 1}):
        jwk = {name: value for name, value in (of.jwk | {"kty": kind}).items() if value is not None}
        if kind != of.jwk["kty"]:
            assert refused(sent_by(of, header={"jwk": jwk})), kind
    assert refused(sent_by(of, header={"jwk": of.jwk | {"alg": next(name for name in ALGORITHMS if name != algorithm)}}))


def sent_by(of: Key, **changes: Any) -> Answer:
    return machines_token(proof(of, **({"nonce": nonce()} | changes)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_private_key_in_the_open_is_no_secret(algorithm: str) -> None:
    of = key(algorithm)

    assert refused(sent_by(of, header={"jwk": of.private_jwk}))
    for member in ("d", "p", "q", "dp", "dq", "qi", "oth", "k"):
        assert refused(sent_by(of, header={"jwk": of.jwk | {member: "AQ"}}))


@pytest.mark.parametrize(
    "jwk",
    [
        *(None, "", "key", 7, [], {}, [HOLDER.jwk], {"kty": []}, {"kty": {}}, {"kty": None}, {"kty": "EC"}, {"kty": "EC", "crv": []}),
        THIEF.jwk,
        HOLDER.jwk | {"x": HOLDER.jwk["y"]},
        HOLDER.jwk | {"x": f"{HOLDER.jwk['x']}="},
        HOLDER.jwk | {"x": "é"},
        HOLDER.jwk | {"x": ""},
        HOLDER.jwk | {"y": 7},
        HOLDER.jwk | {"crv": "P-521"},
        HOLDER.jwk | {"crv": "secp256k1"},
        HOLDER.jwk | {"x": "A" * 3000},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "A" * 2000, "e": "A"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "crv": "Ed448", "x": "A" * 76},
    ],
    ids=spelled,
)
def test_what_is_no_key_or_another_key_proves_nothing(jwk: object) -> None:
    assert refused(sent(header={"jwk": jwk}))


def test_weak_rsa_is_no_key() -> None:
    of = key("RS256", "weak", bits=1024)

    assert refused(sent_by(of))


@pytest.mark.row(49, 50)
def test_a_key_by_reference_is_not_fetched_and_extensions_are_not_passed_over() -> None:
    ours = nonce()
    elsewhere = {"jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/", "x5c": ["MIIB"], "kid": "first"}

    assert refused(sent(nonce=ours, header={"jwk": None} | elsewhere))
    assert refused(machines_token(THIEF.sign(claims_of(proof(HOLDER, nonce=ours)), typ="dpop+jwt", jwk=HOLDER.jwk, **elsewhere)))
    for extension in ({"crit": ["x"], "x": 1}, {"crit": []}, {"b64": False}):
        assert refused(sent(header=extension))


def test_several_proofs_or_none_in_the_header_are_refused() -> None:
    good = proof(HOLDER, nonce=nonce())

    for header in (f"{good},{good}", f"{good}, {good}", f"{good} {good}", "x", "..", f"{good}.", "A" * 20_000, "é", f"{good}{'A' * 5000}"):
        assert refused(machines_token(header)), header[:40]
    assert refused(machines_token(f"{good.rpartition('.')[0]}."))
    assert refused(machines_token(f"{good.rpartition('.')[0]}.{proof(HOLDER, nonce=nonce()).rpartition('.')[2]}"))


def test_a_proof_is_held_against_the_request_before_anything_is_spent() -> None:
    app = new_client()
    code = code_of(app.client_id)

    assert refused(exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce(), htm="GET")))
    assert refused(exchange(app.client_id, code, dpop=proof(HOLDER)), "use_dpop_nonce")
    assert exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce())).status == 200
