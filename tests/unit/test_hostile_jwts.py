"""JWTs that clients sign, with anything JSON can hold in any of their members: a verdict each time, and never a failure of ours."""

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.conftest import ISSUER, Answer
from tests.unit.flows import CALLBACK, CHALLENGE, Browser, claims_of, new_client
from tests.unit.forgery import jws
from tests.unit.signers import assertion, by_assertion, key, machine_token, nonce, proof, push, request_object, resource, signing_client
from tests.unit.test_dpop_proofs import machines_token

OF = key("ES256", "first")
ANY_TEXT = st.text(st.characters(), max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.sampled_from(["\ud800", "\x00", "none", "first", ISSUER]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
HEADER = ["alg", "typ", "kid", "crit", "b64", "jku", "x5c", "zip", "cty", "enc"]
JWK = ["kty", "crv", "x", "y", "n", "e", "d", "kid", "alg", "use", "key_ops"]
TIMES = ["exp", "iat", "nbf"]
PARAMETERS = [
    *("redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "dpop_jkt"),
    *("prompt", "max_age", "claims", "resource", "audience", "login_hint", "id_token_hint", "registration", "acr_values", "display"),
]


def verdict(answer: Answer) -> bool:
    assert answer.status < 500, answer.body
    return True


@given(name=st.sampled_from([*HEADER, "iss", "sub", "aud", "jti", *TIMES]), value=ANYTHING)
def test_a_client_assertion(name: str, value: Any) -> None:
    app = signing_client(OF, "machine")
    change: dict[str, Any] = {"header": {name: value}} if name in HEADER else {name: value}

    assert verdict(machine_token(OF, app.client_id, **change))


@given(
    name=st.sampled_from([*HEADER, "iss", "sub", "aud", "client_id", "jti", "request", "request_uri", *TIMES, *PARAMETERS]), value=ANYTHING
)
@example(name="claims", value={"id_token": {"sub": {"value": "\ud800"}}})
@example(name="claims", value={"userinfo": {"name": {"value": "\udfff"}}})
@example(name="max_age", value=10**4000)
@example(name="state", value=-(10**400))
def test_a_request_object(name: str, value: Any) -> None:
    client_id = new_client("spa", jwks=[OF.jwk]).client_id
    good = {
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    header = {name: value} if name in HEADER else {}
    signed = request_object(OF, client_id, header=header, **(good if name in HEADER else good | {name: value}))

    assert verdict(Browser().authorize(client_id, request=signed))
    assert verdict(push({"client_id": client_id, "request": signed}))


def changed_proof(name: str, value: Any, **usual: Any) -> str:
    if name in HEADER or name == "jwk":
        return proof(OF, header={name: value}, **usual)
    if name.startswith("jwk."):
        return proof(OF, header={"jwk": OF.jwk | {name.removeprefix("jwk."): value}}, **usual)
    return proof(OF, **(usual | {name: value}))


IN_PROOFS = [*HEADER, "jwk", *(f"jwk.{name}" for name in JWK), "jti", "htm", "htu", "nonce", "ath", *TIMES]


@given(name=st.sampled_from(IN_PROOFS), value=ANYTHING)
@example(name="jwk.kty", value=[])
@example(name="jwk.kty", value={})
@example(name="htu", value="https://[")
@example(name="htu", value="https://[::1]:x/")
@example(name="nonce", value="\ud800")
def test_a_proof_at_the_token_endpoint(name: str, value: Any) -> None:
    assert verdict(machines_token(changed_proof(name, value)))


@given(name=st.sampled_from(IN_PROOFS), value=ANYTHING)
@example(name="ath", value="\ud800")
def test_a_proof_at_userinfo(name: str, value: Any) -> None:
    bound = bound_machines_token()
    signed = changed_proof(name, value, path="/userinfo", method="GET", access_token=bound)

    assert resource("userinfo", "/userinfo", bound, signed).status in (400, 401, 403)


def bound_machines_token() -> str:
    bought: str = machines_token(proof(OF, nonce=nonce())).json["access_token"]
    return bought


@pytest.mark.row(47)
@pytest.mark.parametrize(
    "raw", [bytes(64), b"\x00" * 31 + b"\x01" + bytes(32), b"\xff" * 64, bytes(63), bytes(65), b"0\x06\x02\x01\x00\x02\x01\x00"]
)
def test_numbers_that_sign_anything_sign_nothing(raw: bytes) -> None:
    app = signing_client(OF, "machine")
    good = assertion(OF, app.client_id)
    forged = jws({"alg": "ES256", "kid": "first"}, claims_of(good), lambda _: raw)

    answer = push({"response_type": "code"} | by_assertion(forged))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    in_proof = jws({"alg": "ES256", "typ": "dpop+jwt", "jwk": OF.jwk}, claims_of(proof(OF, iat=int(time.time()))), lambda _: raw)
    assert machines_token(in_proof).json["error"] == "invalid_dpop_proof"
