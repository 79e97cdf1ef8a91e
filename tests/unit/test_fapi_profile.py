"""Clients under the FAPI 2.0 Security Profile: what the profile turns on, and that nothing turns it off again."""

from typing import Any

import jwt
import pytest

from gatehouse import client_registration, clients
from gatehouse.client_registration import Registered
from tests.unit.conftest import ISSUER, Answer
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    Browser,
    browser_of,
    claims_of,
    later,
    new_client,
    new_user,
    token,
)
from tests.unit.signers import ALGORITHMS, Key, assertion, bound_userinfo, by_assertion, go, key, nonce, proof, push

CLIENT, HOLDER = key("PS256", "client"), key("ES256", "holder")
REQUEST = {
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid email offline_access",
    "state": "state-1",
    "nonce": "nonce-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def fapi_client(**properties: Any) -> Registered:
    return new_client("web", **({"security_profile": "fapi2", "jwks": [CLIENT.jwk]} | properties))


def authenticated(app: Registered, **claims: Any) -> dict[str, str]:
    return by_assertion(assertion(CLIENT, app.client_id, **claims))


def pushed(app: Registered, **changes: str) -> Answer:
    form = {name: value for name, value in (REQUEST | changes).items() if value}
    return push(form | authenticated(app))


def code_of(app: Registered, browser: Browser) -> str:
    return go(browser, app.client_id, pushed(app).json["request_uri"]).sent_back["code"]


def exchanged(app: Registered, code: str, of: Key | None = HOLDER, **changes: str) -> Answer:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | changes
    return token(**form, **authenticated(app), **({"dpop": proof(of, nonce=nonce())} if of else {}))


def refreshed(app: Registered, refresh_token: str, of: Key | None = HOLDER, **more: str) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token} | more
    return token(**form, **authenticated(app), **({"dpop": proof(of, nonce=nonce())} if of else {}))


def tokens_of(app: Registered) -> dict[str, Any]:
    answer = exchanged(app, code_of(app, browser_of(new_user())))
    assert answer.status == 200, answer.body
    tokens: dict[str, Any] = answer.json
    return tokens


def test_the_whole_way() -> None:
    app = fapi_client()
    answer = pushed(app)
    assert (answer.status, answer.json["expires_in"]) == (201, 90)
    back = go(browser_of(new_user()), app.client_id, answer.json["request_uri"])
    assert {name: back.sent_back[name] for name in ("state", "iss")} == {"state": "state-1", "iss": ISSUER}

    tokens = exchanged(app, back.sent_back["code"]).json

    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": HOLDER.thumbprint}
    assert claims_of(tokens["id_token"])["nonce"] == "nonce-1"
    assert bound_userinfo(HOLDER, tokens["access_token"]).json["email"] == "ada@example.com"


def test_what_the_profile_turns_on_without_being_told() -> None:
    app = fapi_client()
    client = clients.get(app.client_id)

    assert client
    assert app.secret == ""
    assert client.token_endpoint_auth_method == "private_key_jwt"
    assert client.dpop_bound_access_tokens and client.require_pushed_authorization_requests and client.require_pkce
    assert {client.id_token_alg, client.access_token_alg} <= {"PS256", "ES256", "EdDSA"}


def test_what_we_sign_for_it_is_signed_strongly() -> None:
    tokens = tokens_of(fapi_client())

    assert {jwt.get_unverified_header(tokens[name])["alg"] for name in ("id_token", "access_token")} <= {"PS256", "ES256", "EdDSA"}


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"type": "spa"}, "type"),
        ({"type": "native"}, "type"),
        ({"type": "machine", "redirect_uris": []}, "type"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"dpop_bound_access_tokens": False}, "dpop_bound_access_tokens"),
        ({"require_pushed_authorization_requests": False}, "require_pushed_authorization_requests"),
        ({"require_pkce": False}, "require_pkce"),
        ({"id_token_alg": "RS256"}, "id_token_alg"),
        ({"access_token_alg": "RS256"}, "access_token_alg"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
        ({"request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({"redirect_uris": ["http://localhost:3000/callback"]}, "redirect_uris"),
        ({"redirect_uris": [CALLBACK, "http://127.0.0.1/callback"]}, "redirect_uris"),
        ({"jwks": []}, "jwks"),
        ({"security_profile": "fapi1"}, "security_profile"),
    ],
    ids=repr,
)
def test_a_registration_that_breaks_the_profile_is_refused(properties: dict[str, Any], name: str) -> None:
    kind = properties.pop("type", "web")
    if kind != "web":
        properties["token_endpoint_auth_method"] = "none" if kind != "machine" else "private_key_jwt"

    with pytest.raises(client_registration.InvalidRegistration) as refused:
        new_client(kind, **({"security_profile": "fapi2", "jwks": [CLIENT.jwk]} | properties))

    assert refused.value.name in (name, "type")


@pytest.mark.parametrize(
    "change",
    [
        {"dpop_bound_access_tokens": False},
        {"require_pushed_authorization_requests": False},
        {"require_pkce": False},
        {"id_token_alg": "RS256"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"redirect_uris": ["http://localhost/callback"]},
    ],
    ids=repr,
)
def test_no_later_change_turns_it_off_piece_by_piece(change: dict[str, Any]) -> None:
    app = fapi_client()

    with pytest.raises(client_registration.InvalidRegistration):
        client_registration.change(app.client_id, **change)


def test_a_plain_request_is_refused_wherever_it_comes_from() -> None:
    app, browser = fapi_client(), browser_of(new_user())

    plain = browser.authorize(app.client_id)
    assert plain.sent_back["error"] == "invalid_request"
    assert "code" not in plain.sent_back
    posted = browser.post("authorize", "/authorize", REQUEST | {"client_id": app.client_id})
    assert posted.sent_back["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"redirect_uri": f"{CALLBACK}?x=1"}, "invalid_request"),
    ],
    ids=repr,
)
def test_what_may_not_be_pushed(changes: dict[str, str], error: str) -> None:
    answer = pushed(fapi_client(), **changes)

    assert (answer.status, answer.json["error"]) == (400, error)


@pytest.mark.row(30)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_client_signs_strongly(algorithm: str) -> None:
    of = key(algorithm, "client")
    app = fapi_client(jwks=[of.jwk])

    answer = push(REQUEST | by_assertion(assertion(of, app.client_id)))

    assert answer.status == (401 if algorithm == "RS256" else 201)


def test_tokens_are_bound_or_there_are_none() -> None:
    app = fapi_client()
    code = code_of(app, browser_of(new_user()))

    refused = exchanged(app, code, of=None)
    assert (refused.status, refused.json["error"]) == (400, "invalid_dpop_proof")
    tokens = exchanged(app, code).json
    refused = refreshed(app, tokens["refresh_token"], of=None)
    assert (refused.status, refused.json["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.row(10)
def test_a_code_is_over_after_a_minute_and_a_pushed_request_after_ninety_seconds() -> None:
    app, browser = fapi_client(), browser_of(new_user())
    code, request_uri = code_of(app, browser), pushed(app).json["request_uri"]

    with later(61):
        assert exchanged(app, code).json["error"] == "invalid_grant"
    with later(91):
        assert go(browser, app.client_id, request_uri).status == 400


@pytest.mark.row(8)
def test_a_code_without_its_verifier_is_burned() -> None:
    app = fapi_client()
    code = code_of(app, browser_of(new_user()))

    assert exchanged(app, code, code_verifier="x" * 43).json["error"] == "invalid_grant"
    assert exchanged(app, code).json["error"] == "invalid_grant"


@pytest.mark.row(11)
def test_a_code_that_is_used_twice_takes_its_tokens_along() -> None:
    app = fapi_client()
    code = code_of(app, browser_of(new_user()))
    tokens = exchanged(app, code).json

    assert exchanged(app, code).json["error"] == "invalid_grant"
    assert bound_userinfo(HOLDER, tokens["access_token"]).status == 401
    assert refreshed(app, tokens["refresh_token"]).json["error"] == "invalid_grant"
