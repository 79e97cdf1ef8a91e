"""Introspection: what a token is worth right now, told only to who may know (row 41)."""

from dataclasses import replace
from typing import Any

import jwt
import pytest

from gatehouse import keys
from gatehouse.client_registration import Registered
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import basic, browser_of, introspect, later, new_client, new_user, refresh, token, tokens_of, userinfo

API = "https://orders.example.com"
INACTIVE = {"active": False}


@pytest.mark.row(41)
def test_a_client_learns_what_its_own_access_token_is_worth_and_nothing_about_the_person() -> None:
    user, app = new_user(name="Ada Lovelace"), new_client("web")
    tokens = tokens_of(app.client_id, browser_of(user), secret=app.secret)

    found = introspect(app, tokens["access_token"])

    assert found["active"] is True
    assert set(found) == {"active", "token_type", "iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "sid"}
    assert (found["iss"], found["sub"], found["client_id"]) == (ISSUER, user.user_id, app.client_id)
    assert (found["token_type"], found["scope"]) == ("Bearer", "openid profile email")


@pytest.mark.row(41)
def test_a_client_learns_what_its_own_refresh_token_is_worth() -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    found = introspect(app, tokens["refresh_token"])

    assert (found["active"], found["token_type"], found["client_id"]) == (True, "refresh_token", app.client_id)
    refresh("", tokens["refresh_token"], authorization=basic(app.client_id, app.secret))
    assert introspect(app, tokens["refresh_token"]) == INACTIVE


@pytest.mark.row(41)
def test_an_api_sees_the_tokens_that_are_meant_for_it_and_no_others() -> None:
    app = new_client(audience=API)
    ours, stranger = new_client("machine", introspection_audiences=[API]), new_client("machine", audience=API)
    tokens = tokens_of(app.client_id, browser_of(new_user()))

    assert introspect(ours, tokens["access_token"])["active"] is True
    assert introspect(stranger, tokens["access_token"]) == INACTIVE
    assert introspect(ours, tokens["refresh_token"]) == INACTIVE
    other = tokens_of(new_client().client_id, browser_of(new_user("bob@example.com")))
    assert introspect(ours, other["access_token"]) == INACTIVE


@pytest.mark.row(41)
@pytest.mark.parametrize("value", ["x", "a.b.c", "....", "\x00", "é", "x" * 60_000, "null", "e30.e30.", "0"])
def test_what_is_no_token_is_inactive(value: str) -> None:
    assert introspect(new_client("machine"), value) == INACTIVE


@pytest.mark.row(41)
def test_an_id_token_is_no_token_to_introspect() -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    assert introspect(app, tokens["id_token"]) == INACTIVE


@pytest.mark.row(41)
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_a_wrong_hint_costs_nothing(hint: str) -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)
    headers = {"authorization": basic(app.client_id, app.secret)}

    for name in ("access_token", "refresh_token"):
        form = {"token": tokens[name], "token_type_hint": hint}
        assert call("introspect", "POST", "/oauth/introspect", form=form, headers=headers).json["active"] is True


@pytest.mark.row(41)
def test_it_ends_with_the_lifetime_of_the_token_and_not_a_second_later() -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    with later(599):
        assert introspect(app, tokens["access_token"])["active"] is True
    with later(600):
        assert introspect(app, tokens["access_token"]) == INACTIVE


@pytest.mark.row(41)
def test_a_machines_token_is_active_until_it_expires() -> None:
    app = new_client("machine", access_token_seconds=60)
    access = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]

    assert introspect(app, access)["active"] is True
    with later(60):
        assert introspect(app, access) == INACTIVE


@pytest.mark.row(41)
@pytest.mark.parametrize("kind", ["spa", "native"])
def test_clients_without_a_secret_learn_nothing(kind: str) -> None:
    app = new_client(kind, web_origins=[])
    tokens = tokens_of(app.client_id, browser_of(new_user()))

    answer = call("introspect", "POST", "/oauth/introspect", form={"token": tokens["access_token"], "client_id": app.client_id})

    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.row(41)
def test_who_does_not_authenticate_learns_nothing() -> None:
    tokens = tokens_of(new_client().client_id, browser_of(new_user()))

    for headers in ({}, {"authorization": f"Bearer {tokens['access_token']}"}, {"authorization": basic("x", "y")}):
        answer = call("introspect", "POST", "/oauth/introspect", form={"token": tokens["access_token"]}, headers=headers)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.row(41)
def test_the_token_must_be_there_and_not_in_the_query() -> None:
    app = new_client("machine")
    headers = {"authorization": basic(app.client_id, app.secret)}

    for form in ({}, {"token": ""}):
        answer = call("introspect", "POST", "/oauth/introspect", query={"token": "x"}, form=form, headers=headers)
        assert (answer.status, answer.json) == (
            400,
            {"error": "invalid_request", "error_description": "token is missing"},
        )


@pytest.mark.row(41)
def test_trouble_with_the_table_is_never_an_inactive_token() -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)
    headers = {"authorization": basic(app.client_id, app.secret)}

    for name in ("access_token", "refresh_token"):
        with trouble({"dynamodb.BatchGetItem": always(THROTTLED)}):
            answer = call("introspect", "POST", "/oauth/introspect", form={"token": tokens[name]}, headers=headers)
        assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
        assert "retry-after" in answer.headers


SIGNED = "application/token-introspection+jwt"


def asked_for_signed(by: Registered, value: str, accept: str = SIGNED) -> Answer:
    headers = {"authorization": basic(by.client_id, by.secret), "accept": accept}
    return call("introspect", "POST", "/oauth/introspect", form={"token": value}, headers=headers)


def read(answer: Answer, by: Registered) -> dict[str, Any]:
    """The claims of a signed answer, as a library verifies them with the published keys."""
    key_set = jwt.PyJWKSet.from_dict(call("discovery", "GET", "/.well-known/jwks.json").json)
    header = jwt.get_unverified_header(answer.body)
    assert header["typ"] == "token-introspection+jwt"
    options: Any = {"require": ["iss", "aud", "iat"]}
    algorithms = ["RS256", "ES256", "EdDSA"]
    claims: dict[str, Any] = jwt.decode(
        answer.body, key_set[header["kid"]], algorithms=algorithms, audience=by.client_id, issuer=ISSUER, options=options
    )
    return claims


@pytest.mark.row(41)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_who_asks_for_it_gets_the_same_signed(algorithm: str) -> None:
    app = new_client("web", id_token_alg=algorithm)
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    answer = asked_for_signed(app, tokens["access_token"])

    assert (answer.status, answer.headers["content-type"], answer.headers["cache-control"]) == (200, SIGNED, "no-store")
    claims = read(answer, app)
    assert claims["token_introspection"] == introspect(app, tokens["access_token"])
    assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert jwt.get_unverified_header(answer.body)["alg"] == algorithm


@pytest.mark.row(41)
@pytest.mark.parametrize("value", ["x", "another's"])
def test_what_is_inactive_is_inactive_when_signed_and_tells_no_more(value: str) -> None:
    app, stranger = new_client("web"), new_client("machine")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    answer = asked_for_signed(stranger, value if value == "x" else tokens["access_token"])

    assert read(answer, stranger)["token_introspection"] == INACTIVE


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/*", False),
        ("application/jwt", False),
        (SIGNED.upper(), True),
        (f"{SIGNED}; q=0.9", True),
        (f"application/json;q=0.1 , {SIGNED}", True),
    ],
)
def test_json_it_is_unless_the_signed_form_is_asked_for_by_name(accept: str, signed: bool) -> None:
    app = new_client("machine")

    answer = asked_for_signed(app, "x", accept)

    assert answer.headers["content-type"] == (SIGNED if signed else "application/json")


@pytest.mark.row(41)
def test_refusals_are_json_for_whoever_asks() -> None:
    app, page = new_client("machine"), new_client()

    wrong = asked_for_signed(replace(app, secret="wrong"), "x")
    public = call("introspect", "POST", "/oauth/introspect", form={"token": "x", "client_id": page.client_id}, headers={"accept": SIGNED})

    for answer in (wrong, public):
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.row(52)
def test_a_signed_answer_passes_for_no_token() -> None:
    app = new_client("web", introspection_audiences=[ISSUER])
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)
    signed = asked_for_signed(app, tokens["access_token"]).body

    assert introspect(app, signed) == INACTIVE
    assert userinfo(signed).status == 401
    assert call("logout", "GET", "/oidc/logout", query={"id_token_hint": signed}).status == 400
    assert browser_of(new_user("bob@example.com")).authorize(app.client_id, id_token_hint=signed).sent_back["error"] == "invalid_request"


def test_trouble_with_the_signing_key_is_no_answer() -> None:
    app = new_client("machine")

    with trouble({"kms.Decrypt": always(THROTTLED)}):
        keys.forget()
        assert asked_for_signed(app, "x").status == 503
        keys.forget()
        assert introspect(app, "x") == INACTIVE
