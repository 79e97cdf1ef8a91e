"""Revocation (RFC 7009): a client ends its own sessions and nobody else's (row 40)."""

import pytest

from tests.unit.conftest import Answer, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import basic, browser_of, later, new_client, new_user, refresh, token, tokens_of, userinfo


def revoke(client_id: str, value: str, *, authorization: str = "", **form: str) -> Answer:
    given = {"token": value, "client_id": client_id} | form
    headers = {"authorization": authorization} if authorization else {}
    return call("revoke", "POST", "/oauth/revoke", form={name: text for name, text in given.items() if text}, headers=headers)


@pytest.mark.row(40)
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_either_token_takes_the_whole_session_with_it(name: str, hint: str) -> None:
    app = new_client()
    tokens = tokens_of(app.client_id, browser_of(new_user()))

    answer = revoke(app.client_id, tokens[name], token_type_hint=hint)

    assert (answer.status, answer.json) == (200, {})
    assert userinfo(tokens["access_token"]).status == 401
    assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert revoke(app.client_id, tokens[name]).status == 200


@pytest.mark.row(40)
def test_an_older_refresh_token_takes_the_session_too() -> None:
    app = new_client()
    first = tokens_of(app.client_id, browser_of(new_user()))
    second = refresh(app.client_id, first["refresh_token"]).json

    assert revoke(app.client_id, first["refresh_token"]).status == 200
    assert refresh(app.client_id, second["refresh_token"]).json["error"] == "invalid_grant"
    assert userinfo(second["access_token"]).status == 401


@pytest.mark.row(40)
@pytest.mark.parametrize("value", ["unknown", "a.b.c", "\x00", "é", "x" * 60_000, "e30.e30."])
def test_an_unknown_token_is_no_error(value: str) -> None:
    assert revoke(new_client().client_id, value).status == 200


@pytest.mark.row(40)
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_another_clients_token_is_left_alone(name: str) -> None:
    app, thief = new_client(), new_client()
    tokens = tokens_of(app.client_id, browser_of(new_user()))

    assert revoke(thief.client_id, tokens[name]).status == 200

    assert userinfo(tokens["access_token"]).status == 200
    assert refresh(app.client_id, tokens["refresh_token"]).status == 200


@pytest.mark.row(40)
def test_only_the_session_of_the_token_ends() -> None:
    app, browser = new_client(), browser_of(new_user())
    ended, kept = tokens_of(app.client_id, browser), tokens_of(app.client_id, browser)

    revoke(app.client_id, ended["refresh_token"])

    assert userinfo(kept["access_token"]).status == 200
    assert "code" in browser.authorize(app.client_id, prompt="none").sent_back


@pytest.mark.row(40)
def test_a_confidential_client_must_prove_itself() -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    for refused in (
        revoke(app.client_id, tokens["refresh_token"]),
        revoke("", tokens["refresh_token"], authorization=basic(app.client_id, "x")),
    ):
        assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert userinfo(tokens["access_token"]).status == 200
    assert revoke("", tokens["refresh_token"], authorization=basic(app.client_id, app.secret)).status == 200
    assert userinfo(tokens["access_token"]).status == 401


@pytest.mark.row(40)
def test_an_id_token_ends_nothing() -> None:
    app = new_client()
    tokens = tokens_of(app.client_id, browser_of(new_user()))

    assert revoke(app.client_id, tokens["id_token"]).status == 200
    assert userinfo(tokens["access_token"]).status == 200


@pytest.mark.row(40)
def test_a_token_that_only_its_expiry_ends_is_called_unsupported() -> None:
    app = new_client("machine")
    proof = basic(app.client_id, app.secret)
    access = token(grant_type="client_credentials", authorization=proof).json["access_token"]

    refused = revoke("", access, authorization=proof)

    assert (refused.status, refused.json["error"]) == (400, "unsupported_token_type")
    with later(601):
        assert revoke("", access, authorization=proof).status == 200


@pytest.mark.row(40)
def test_the_token_must_be_there() -> None:
    refused = revoke(new_client().client_id, "")

    assert (refused.status, refused.json) == (
        400,
        {"error": "invalid_request", "error_description": "token is missing"},
    )


@pytest.mark.row(40)
def test_a_revocation_that_was_not_written_is_not_claimed() -> None:
    user, app = new_user(), new_client()
    tokens = tokens_of(app.client_id, browser_of(user))

    with trouble({"dynamodb.UpdateItem": always(THROTTLED)}):
        failed = revoke(app.client_id, tokens["refresh_token"])

    assert (failed.status, failed.json["error"]) == (503, "temporarily_unavailable")
    assert userinfo(tokens["access_token"]).status == 200


@pytest.mark.row(40)
def test_a_browser_application_may_call_it_from_its_page() -> None:
    app = new_client()
    answer = revoke(app.client_id, "unknown")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
