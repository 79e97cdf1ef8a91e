"""Introspection: what a token is worth right now, told only to who may know (row 41)."""

import pytest

from tests.unit.conftest import ISSUER, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import basic, browser_of, introspect, later, new_client, new_user, refresh, token, tokens_of

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
