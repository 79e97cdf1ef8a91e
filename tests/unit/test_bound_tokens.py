"""Access tokens that are bound to a key, at our own endpoints and at the authorizer of other APIs (RFC 9449 section 7)."""

import hashlib
import time
from typing import Any

import pytest

from tests.unit.conftest import ISSUER, Answer, call, context, function
from tests.unit.flows import basic, browser_of, exchange, introspect, later, new_client, new_code, new_user, token, tokens_of, userinfo
from tests.unit.forgery import part
from tests.unit.signers import ALGORITHMS, bound_token, bound_userinfo, key, machine, nonce, proof, resource, spelled

HOLDER, THIEF = key("ES256"), key("ES256", "thief")
API = "https://orders.example.com"


@pytest.fixture
def access_token() -> str:
    """Ada's, bound to HOLDER."""
    app = new_client()
    code = new_code(app.client_id, browser_of(new_user()))
    answer = exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce()))
    bought: str = answer.json["access_token"]
    return bought


def challenged(answer: Answer, scheme: str, error: str = "invalid_token") -> bool:
    """401 with a challenge of this scheme alone."""
    assert answer.status < 500, answer.body
    challenge = answer.headers["www-authenticate"]
    return answer.status == 401 and challenge.startswith(f'{scheme} realm="gatehouse", error="{error}"')


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_holder_of_the_key_opens_userinfo(algorithm: str) -> None:
    of, app = key(algorithm), new_client()
    code = new_code(app.client_id, browser_of(new_user()))
    bought = exchange(app.client_id, code, dpop=proof(of, nonce=nonce())).json["access_token"]

    answer = bound_userinfo(of, bought)

    assert answer.status == 200
    assert answer.json["email"] == "ada@example.com"


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "dPOP"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_scheme_is_spelled_as_one_likes(access_token: str, scheme: str, method: str) -> None:
    signed = proof(HOLDER, "/userinfo", method=method, access_token=access_token)

    assert resource("userinfo", "/userinfo", access_token, signed, method=method, scheme=scheme).status == 200


def test_a_bound_token_is_no_bearer_token(access_token: str) -> None:
    signed = proof(HOLDER, "/userinfo", method="GET", access_token=access_token)

    for answer in (
        userinfo(access_token),
        resource("userinfo", "/userinfo", access_token, signed, scheme="Bearer"),
        call("userinfo", "POST", "/userinfo", form={"access_token": access_token}),
        call("userinfo", "POST", "/userinfo", form={"access_token": access_token}, headers={"dpop": signed}),
    ):
        assert challenged(answer, "DPoP")


def test_a_bearer_token_is_no_bound_token() -> None:
    loose = tokens_of(new_client().client_id, browser_of(new_user()))["access_token"]

    assert challenged(bound_userinfo(HOLDER, loose), "Bearer")
    assert challenged(resource("userinfo", "/userinfo", loose, ""), "Bearer")


def test_the_key_of_another_does_not_open_it(access_token: str) -> None:
    assert challenged(bound_userinfo(THIEF, access_token), "DPoP")
    assert challenged(bound_userinfo(key("RS256"), access_token), "DPoP")


WRONG: list[dict[str, Any]] = [
    {"ath": None},
    {"ath": ""},
    {"ath": part(hashlib.sha256(b"another").digest())},
    {"ath": 7},
    {"ath": "\ud800"},
    {"method": "POST"},
    {"htm": "get"},
    {"htu": f"{ISSUER}/oauth/token"},
    {"htu": f"{ISSUER}/userinfo/"},
    {"htu": "https://evil.test/userinfo"},
    {"htu": "https://id.example.com:99999/userinfo"},
    {"jti": None},
    {"iat": None},
    {"header": {"typ": "JWT"}},
    {"header": {"alg": "none"}},
    {"header": {"jwk": None}},
    {"header": {"jwk": {"kty": []}}},
    {"header": {"jwk": THIEF.jwk}},
    {"header": {"jwk": HOLDER.private_jwk}},
]


@pytest.mark.parametrize("changes", WRONG, ids=spelled)
def test_a_proof_is_for_this_request_and_this_token(access_token: str, changes: dict[str, Any]) -> None:
    answer = bound_userinfo(HOLDER, access_token, **changes)

    assert challenged(answer, "DPoP", "invalid_dpop_proof")
    assert answer.json["error"] == "invalid_dpop_proof"


def test_a_proof_is_good_for_a_minute(access_token: str) -> None:
    now = int(time.time())

    assert bound_userinfo(HOLDER, access_token, iat=now - 55).status == 200
    assert bound_userinfo(HOLDER, access_token, iat=now + 30).status == 200
    for seconds in (-65, -300, 65, 300, 3600):
        assert challenged(bound_userinfo(HOLDER, access_token, iat=now + seconds), "DPoP", "invalid_dpop_proof"), seconds


def test_without_a_proof_or_with_several_there_is_none(access_token: str) -> None:
    good = proof(HOLDER, "/userinfo", method="GET", access_token=access_token)

    for header in ("", "x", f"{good},{good}", f"{good}, {proof(THIEF)}", "é", "." * 3000):
        assert challenged(resource("userinfo", "/userinfo", access_token, header), "DPoP", "invalid_dpop_proof")


def test_a_token_that_is_over_is_refused_in_the_scheme_that_it_was_presented_with(access_token: str) -> None:
    with later(700):
        assert challenged(bound_userinfo(HOLDER, access_token), "DPoP")
        assert challenged(userinfo(access_token), "Bearer")
    assert challenged(bound_userinfo(HOLDER, "x"), "DPoP")
    none = call("userinfo", "GET", "/userinfo", headers={"dpop": proof(HOLDER, "/userinfo", method="GET")})
    assert (none.status, none.headers["www-authenticate"]) == (401, 'Bearer realm="gatehouse"')


def test_an_id_token_is_not_made_an_access_token_by_a_proof() -> None:
    id_token = tokens_of(new_client().client_id, browser_of(new_user()))["id_token"]

    assert bound_userinfo(HOLDER, id_token).status == 401


def test_the_token_does_not_open_more_by_naming_it_twice(access_token: str) -> None:
    headers = {"authorization": f"DPoP {access_token}", "dpop": proof(HOLDER, "/userinfo", access_token=access_token)}

    answer = call("userinfo", "POST", "/userinfo", form={"access_token": access_token}, headers=headers)

    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.row(38)
def test_signing_out_everywhere_takes_the_key_too(access_token: str) -> None:
    def sign_out(signed: str, scheme: str = "DPoP") -> Answer:
        return resource("global_sign_out", "/me/sign-out", access_token, signed, method="POST", scheme=scheme)

    for refused in (
        sign_out(""),
        sign_out("", "Bearer"),
        sign_out(proof(THIEF, "/me/sign-out", access_token=access_token)),
        sign_out(proof(HOLDER, "/userinfo", access_token=access_token)),
    ):
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("DPoP ")
    assert bound_userinfo(HOLDER, access_token).status == 200
    assert sign_out(proof(HOLDER, "/me/sign-out", access_token=access_token)).status == 204
    assert challenged(bound_userinfo(HOLDER, access_token), "DPoP")


def machines_token() -> str:
    app = machine(audience=API, scopes=["orders:read"])
    bought: str = bound_token(HOLDER, grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]
    return bought


def allowed(access_token: str, signed: str, *, scheme: str = "DPoP", **changes: Any) -> bool:
    """What the authorizer says of a request to https://orders.example.com/orders/7."""
    headers = {"authorization": f"{scheme} {access_token}", "host": "orders.example.com", "x-forwarded-proto": "https"}
    event = {
        "rawPath": "/orders/7",
        "headers": headers | ({"dpop": signed} if signed else {}) | changes.pop("headers", {}),
        "requestContext": {"domainName": "orders.example.com", "http": {"method": "GET", "path": "/orders/7"}},
        "stageVariables": {"audience": API, "scope": "orders:read"},
    }
    verdict: bool = function("authorizer")(event | changes, context())["isAuthorized"]
    return verdict


def at_orders(access_token: str, **changes: Any) -> str:
    return proof(HOLDER, **({"method": "GET", "access_token": access_token, "htu": f"{API}/orders/7"} | changes))


def test_the_authorizer_of_another_api_asks_for_the_key() -> None:
    bought = machines_token()

    assert allowed(bought, at_orders(bought))
    assert allowed(bought, at_orders(bought, htu=f"{API}/orders/7?page=2"))
    for signed in (
        "",
        "x",
        at_orders(bought, htu=f"{API}/orders/8"),
        at_orders(bought, htu=f"{ISSUER}/orders/7"),
        at_orders(bought, method="POST"),
        at_orders(bought, ath=None),
        at_orders(bought, iat=int(time.time()) - 65),
        proof(THIEF, method="GET", access_token=bought, htu=f"{API}/orders/7"),
    ):
        assert not allowed(bought, signed)
    assert not allowed(bought, at_orders(bought), scheme="Bearer")


def test_the_authorizer_takes_the_address_from_the_api_and_not_from_the_caller() -> None:
    bought = machines_token()
    evil = at_orders(bought, htu="https://evil.test/orders/7")

    assert not allowed(bought, evil, headers={"host": "evil.test"})
    assert not allowed(bought, evil, headers={"x-forwarded-host": "evil.test"})
    # An address that is none is not the same place as another that is none.
    for port in ("99999", "x", "-1"):
        assert not allowed(bought, at_orders(bought, htu="https://evil.test:99999/"), headers={"host": f"orders.example.com:{port}"})


@pytest.mark.row(41)
def test_introspection_tells_the_key_to_whoever_must_check_it() -> None:
    api = new_client("web", introspection_audiences=[API])
    bought = machines_token()

    found = introspect(api, bought)

    assert (found["active"], found["token_type"], found["cnf"]) == (True, "DPoP", {"jkt": HOLDER.thumbprint})
    app = machine()
    bearer = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]
    assert "cnf" not in introspect(new_client("web", introspection_audiences=[ISSUER]), bearer)
