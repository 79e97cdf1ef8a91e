"""Thirty days after the password at the latest a person signs in again; and every lifetime can be set (rows 36, 45)."""

from typing import Any

import jwt
import pytest

from gatehouse import client_registration, clients, sessions, settings
from tests.unit.conftest import forget, template
from tests.unit.flows import Browser, exchange, introspect, later, new_client, new_user, refresh, signed_in, userinfo
from tests.unit.test_sessions import silent

pytestmark = pytest.mark.row(36)
DAY = 86400


def claims(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def test_a_session_that_is_refreshed_every_day_ends_on_the_thirtieth() -> None:
    new_user()
    app = new_client()
    with later(0):
        tokens = signed_in(app.client_id)
        signed_in_at = claims(tokens["id_token"])["auth_time"]
        for day in range(1, 30):
            with later(day * DAY):
                answer = refresh(app.client_id, tokens["refresh_token"])
                assert answer.status == 200, day
                tokens = answer.json
                assert claims(tokens["id_token"])["auth_time"] == signed_in_at
        with later(30 * DAY - 1):
            last = refresh(app.client_id, tokens["refresh_token"]).json
            assert last["expires_in"] == 1
            assert userinfo(last["access_token"]).status == 200
        with later(30 * DAY):
            assert refresh(app.client_id, last["refresh_token"]).json["error"] == "invalid_grant"
            assert userinfo(last["access_token"]).status == 401


def test_an_application_that_is_opened_later_ends_with_the_password_and_not_with_its_code() -> None:
    new_user()
    first, second = new_client(), new_client()
    browser = Browser()
    with later(0):
        browser.sign_in(first.client_id)
        with later(DAY - 10):
            tokens = exchange(second.client_id, browser.authorize(second.client_id).sent_back["code"]).json
            expires_at = session_end(second.client_id, tokens)
            assert expires_at <= claims(tokens["id_token"])["auth_time"] + 30 * DAY
        for day in range(6, 30, 6):
            with later(day * DAY):
                tokens = refresh(second.client_id, tokens["refresh_token"]).json
        with later(30 * DAY):
            assert refresh(second.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"


def session_end(client_id: str, tokens: dict[str, Any]) -> int:
    """When the refresh token ends, by the session's item."""
    named = claims(tokens["access_token"])
    session = sessions.get(named["sub"], named["sid"])
    assert session is not None and session.client_id == client_id
    return session.expires_at


def test_the_sign_on_cannot_outlive_the_thirty_days_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_ON_SECONDS", str(40 * DAY))
    monkeypatch.setenv("SIGN_ON_IDLE_SECONDS", str(40 * DAY))
    forget()
    new_user()
    app, browser = new_client(), Browser()
    with later(0):
        browser.sign_in(app.client_id)
        with later(30 * DAY - 1):
            code = browser.authorize(app.client_id).sent_back["code"]
            assert exchange(app.client_id, code).json["expires_in"] == 1
        with later(30 * DAY):
            assert silent(browser, app.client_id) == "login_required"
            assert "/u/login" in browser.authorize(app.client_id).location


def test_a_code_that_is_redeemed_when_the_time_is_over_buys_nothing() -> None:
    new_user()
    app, browser = new_client(session_seconds=300), Browser()
    with later(0):
        browser.sign_in(app.client_id)
        with later(299):
            code = browser.authorize(app.client_id).sent_back["code"]
            with later(1):
                answer = exchange(app.client_id, code)

    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_a_stricter_client_asks_for_the_password_where_another_does_not() -> None:
    new_user()
    strict, lenient = new_client(session_seconds=3600), new_client()
    browser = Browser()
    with later(0):
        browser.sign_in(lenient.client_id)
        with later(3600):
            assert silent(browser, strict.client_id) == "login_required"
            assert silent(browser, lenient.client_id) == "code"


def test_no_access_token_outlives_its_session() -> None:
    new_user()
    app = new_client(session_seconds=300, access_token_seconds=86400)
    with later(0):
        tokens = signed_in(app.client_id)
        assert tokens["expires_in"] == 300
        with later(200):
            assert refresh(app.client_id, tokens["refresh_token"]).json["expires_in"] == 100


def test_each_lifetime_of_a_client_is_what_was_set() -> None:
    new_user()
    app, api = (
        new_client(access_token_seconds=120, id_token_seconds=240, session_seconds=4000, session_idle_seconds=1000),
        new_client("machine"),
    )
    with later(0):
        tokens = signed_in(app.client_id)
        access, identity = claims(tokens["access_token"]), claims(tokens["id_token"])
        assert tokens["expires_in"] == access["exp"] - access["iat"] == 120
        assert identity["exp"] - identity["iat"] == 240
        with later(120):
            assert userinfo(tokens["access_token"]).status == 401
            assert introspect(api, tokens["access_token"]) == {"active": False}
        with later(999):
            tokens = refresh(app.client_id, tokens["refresh_token"]).json
        with later(1999):
            assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_each_lifetime_of_the_stack_is_what_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_TOKEN": 100, "ID_TOKEN": 200, "SESSION": 900, "SESSION_IDLE": 400}.items():
        monkeypatch.setenv(f"{name}_SECONDS", str(value))
    forget()
    new_user()
    app = new_client()
    with later(0):
        tokens = signed_in(app.client_id)
        identity = claims(tokens["id_token"])
        assert (tokens["expires_in"], identity["exp"] - identity["iat"]) == (100, 200)
        with later(401):
            assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
        for seconds in (399, 798):
            with later(seconds):
                tokens = refresh(app.client_id, tokens["refresh_token"]).json
        with later(900):
            assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_a_client_s_session_is_never_longer_than_the_stack_s(monkeypatch: pytest.MonkeyPatch) -> None:
    app = new_client(session_seconds=30 * DAY)
    monkeypatch.setenv("SESSION_SECONDS", "900")
    forget()

    found = clients.get(app.client_id)
    assert found is not None and found.session_seconds == 900


@pytest.mark.parametrize("name", ["access_token_seconds", "id_token_seconds", "session_seconds", "session_idle_seconds"])
@pytest.mark.parametrize("value", [0, -1, 59, 30 * DAY + 1, True, "600", 600.0])
def test_a_lifetime_out_of_bounds_is_not_registered(name: str, value: Any) -> None:
    with pytest.raises(client_registration.InvalidRegistration):
        new_client(**{name: value})


def test_a_stack_cannot_be_given_a_longer_session() -> None:
    parameters = template()["Parameters"]

    assert parameters["SessionSeconds"]["MaxValue"] == settings.LONGEST_SESSION_SECONDS == 30 * DAY
    assert parameters["SessionIdleSeconds"]["MaxValue"] <= 30 * DAY
