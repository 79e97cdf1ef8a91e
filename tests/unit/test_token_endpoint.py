"""The token endpoint: who may use which grant, for which scope, and what the answer is (rows 15, 27, 29)."""

from typing import Any

import jwt
import pytest

from gatehouse import client_registration, clients
from tests.unit.conftest import ISSUER, call
from tests.unit.faults import THROTTLED, always, trouble, unreachable
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    exchange,
    introspect,
    new_client,
    new_code,
    new_user,
    refresh,
    token,
    tokens_of,
    userinfo,
)

API = "https://orders.example.com"


@pytest.mark.row(27)
@pytest.mark.parametrize(
    ("kind", "grant_type"),
    [
        ("web", "client_credentials"),
        ("machine", "authorization_code"),
        ("machine", "refresh_token"),
    ],
)
def test_a_grant_that_the_client_is_not_registered_for_is_refused(kind: str, grant_type: str) -> None:
    app = new_client(kind)
    proof = basic(app.client_id, app.secret)

    refused = token(grant_type=grant_type, authorization=proof, code="x", refresh_token="x")

    assert (refused.status, refused.json["error"]) == (400, "unauthorized_client")


@pytest.mark.row(27)
@pytest.mark.parametrize("kind", ["spa", "native"])
def test_public_clients_never_act_for_themselves(kind: str) -> None:
    app = new_client(kind, web_origins=[])

    assert token(grant_type="client_credentials", client_id=app.client_id).json["error"] == "unauthorized_client"
    with pytest.raises(client_registration.InvalidRegistration, match="grant_types"):
        new_client(kind, grant_types=["authorization_code", "client_credentials"])


@pytest.mark.row(27)
@pytest.mark.parametrize(
    "grant_type",
    ["password", "implicit", "Authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x" * 5000, "\x00"],
)
def test_a_grant_that_is_not_offered_is_called_so(grant_type: str) -> None:
    app = new_client()

    refused = token(grant_type=grant_type, client_id=app.client_id, username="ada@example.com", password="x")

    assert (refused.status, refused.json["error"]) == (400, "unsupported_grant_type")
    assert len(refused.body) < 300


@pytest.mark.row(27)
def test_a_refresh_token_whose_client_lost_the_grant_is_refused_and_not_spent() -> None:
    app, browser = new_client(), browser_of(new_user())
    tokens = tokens_of(app.client_id, browser)

    client_registration.change(app.client_id, grant_types=["authorization_code"])
    clients.forget()
    assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "unauthorized_client"

    client_registration.change(app.client_id, grant_types=["authorization_code", "refresh_token"])
    clients.forget()
    assert refresh(app.client_id, tokens["refresh_token"]).status == 200


@pytest.mark.row(27)
def test_a_client_without_the_refresh_grant_gets_no_refresh_token() -> None:
    app, browser = new_client(grant_types=["authorization_code"]), browser_of(new_user())

    assert "refresh_token" not in tokens_of(app.client_id, browser)


@pytest.mark.row(29)
def test_no_answer_about_tokens_is_stored() -> None:
    app, api, browser = new_client(), new_client("machine"), browser_of(new_user())
    tokens = tokens_of(app.client_id, browser)
    proof = {"authorization": basic(api.client_id, api.secret)}
    answers = [
        exchange(app.client_id, new_code(app.client_id, browser)),
        refresh(app.client_id, tokens["refresh_token"]),
        refresh(app.client_id, "unknown"),
        token(grant_type="client_credentials", **proof),
        token(),
        userinfo(tokens["access_token"]),
        userinfo("unknown"),
        call("introspect", "POST", "/oauth/introspect", form={"token": tokens["access_token"]}, headers=proof),
        call("revoke", "POST", "/oauth/revoke", form={"token": "x", "client_id": app.client_id}),
    ]

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_machine_gets_a_token_for_its_api_and_what_it_asked_for() -> None:
    app = new_client("machine", audience=API, scopes=["orders:read", "orders:write"])
    proof = basic(app.client_id, app.secret)

    everything = token(grant_type="client_credentials", authorization=proof).json
    some = token(grant_type="client_credentials", authorization=proof, scope="orders:read other").json

    assert set(everything) == {"access_token", "token_type", "expires_in", "scope"}
    assert (everything["scope"], some["scope"]) == ("orders:read orders:write", "orders:read")
    claims = claims_of(everything["access_token"])
    assert jwt.get_unverified_header(everything["access_token"])["typ"] == "at+jwt"
    assert (claims["iss"], claims["aud"], claims["sub"], claims["client_id"]) == (
        ISSUER,
        API,
        app.client_id,
        app.client_id,
    )
    assert claims["exp"] - claims["iat"] == everything["expires_in"] == 600
    assert introspect(app, everything["access_token"])["active"] is True


@pytest.mark.row(15)
@pytest.mark.parametrize(
    "scope",
    ["other", "other another", 'orders:read "x"', "orders:read\x00", "orders:read\torders:write", "\u2003", "ü"],
)
def test_a_scope_that_is_not_the_clients_or_none_at_all_is_invalid(scope: str) -> None:
    app = new_client("machine", scopes=["orders:read"])

    refused = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret), scope=scope)

    assert (refused.status, refused.json["error"]) == (400, "invalid_scope")


@pytest.mark.row(15)
@pytest.mark.parametrize("scope", ["openid\tprofile", 'openid"', "openid custom_data", "openid admin"])
def test_a_refresh_cannot_ask_for_more_or_for_nonsense(scope: str) -> None:
    app, browser = new_client(), browser_of(new_user())
    tokens = tokens_of(app.client_id, browser)

    assert refresh(app.client_id, tokens["refresh_token"], scope=scope).json["error"] == "invalid_scope"
    assert refresh(app.client_id, tokens["refresh_token"], scope=" email  openid email ").json["scope"] == "email openid"


@pytest.mark.parametrize(("operation", "fate"), [("dynamodb.PutItem", THROTTLED), ("dynamodb", unreachable)])
def test_trouble_with_the_table_is_503_and_the_code_still_works_afterwards(operation: str, fate: Any) -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser)
    clients.forget()

    with trouble({operation: always(fate)}):
        failed = exchange(app.client_id, code)

    assert (failed.status, failed.json["error"]) == (503, "temporarily_unavailable")
    assert int(failed.headers["retry-after"]) >= 1
    assert exchange(app.client_id, code).status == 200


def test_nothing_else_of_ours_is_a_refresh_token() -> None:
    app, browser = new_client(), browser_of(new_user())
    tokens = tokens_of(app.client_id, browser)
    browser.get("hosted_pages", browser.authorize(app.client_id, prompt="login").location)

    for value in (tokens["access_token"], tokens["id_token"], new_code(app.client_id, browser), *browser.cookies.values()):
        assert refresh(app.client_id, value).json["error"] == "invalid_grant"
    assert refresh(app.client_id, tokens["refresh_token"]).status == 200


def test_a_refresh_token_is_no_sign_on_cookie() -> None:
    app, browser = new_client(), browser_of(new_user())

    browser.cookies["__Host-gatehouse"] = tokens_of(app.client_id, browser)["refresh_token"]

    assert browser.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"


def test_a_page_anywhere_may_ask_for_tokens_but_never_with_cookies() -> None:
    headers = {"origin": "https://app.example.com", "access-control-request-method": "POST", "access-control-request-headers": "dpop"}

    asked = call("token_exchange", "OPTIONS", "/oauth/token", headers=headers)

    assert asked.status == 204
    assert asked.headers["access-control-allow-methods"] == "POST"
    assert asked.headers["access-control-allow-headers"] == "authorization, content-type, dpop, if-match"
    for answer in (asked, token(), refresh(new_client().client_id, "unknown")):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "DPoP-Nonce" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
