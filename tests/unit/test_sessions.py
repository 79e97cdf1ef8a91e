"""Sessions and the browser's sign-on: cookies, fixation, idle and absolute ends."""

import re
from collections.abc import Callable

import jwt
import pytest

from gatehouse import settings, users
from tests.unit.conftest import ISSUER, call, forget
from tests.unit.flows import (
    PASSWORD,
    Browser,
    basic,
    exchange,
    later,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    signed_in,
    token,
    userinfo,
)

SIGN_ON, BROWSER, DEVICE = "__Host-gatehouse", "__Host-gatehouse-signin", "__Host-gatehouse-device"
DAY = 86400


def silent(browser: Browser, client_id: str) -> str:
    """What prompt=none answers: "code", or the error."""
    sent_back = browser.authorize(client_id, prompt="none").sent_back
    return "code" if "code" in sent_back else sent_back["error"]


@pytest.mark.row(43)
def test_every_cookie_is_for_this_host_only_and_out_of_reach_of_scripts() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    cookies = browser.authorize(app.client_id).cookies + browser.sign_in(app.client_id).cookies

    assert {cookie.partition("=")[0] for cookie in cookies} == {SIGN_ON, BROWSER, DEVICE}
    for cookie in cookies:
        attributes = {part.strip().partition("=")[0].lower(): part.strip().partition("=")[2] for part in cookie.split(";")[1:]}
        assert cookie.startswith("__Host-")
        assert {"secure", "httponly"} <= attributes.keys()
        assert "domain" not in attributes
        assert (attributes["path"], attributes["samesite"]) == ("/", "Lax")


@pytest.mark.row(43)
def test_the_refresh_cookie_has_the_same_attributes() -> None:
    new_user()
    app = new_client(refresh_cookie=True)
    code = Browser().sign_in(app.client_id).sent_back["code"]
    form = {"grant_type": "authorization_code", "client_id": app.client_id, "code": code}
    form |= {
        "redirect_uri": "https://app.example.com/callback",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }
    answer = call("token_exchange", "POST", "/oauth/token", form=form, headers={"origin": "https://app.example.com"})

    [cookie] = answer.cookies
    assert cookie.startswith(f"__Host-gatehouse-refresh-{app.client_id}=")
    assert all(part in cookie for part in ("; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"))
    assert "Domain" not in cookie
    assert "refresh_token" not in answer.json


@pytest.mark.row(43)
def test_no_cookie_value_stands_in_a_url() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    started = browser.authorize(app.client_id)
    before = dict(browser.cookies)
    back = browser.fill(browser.get("hosted_pages", started.location), "/u/login", email="ada@example.com", password=PASSWORD)

    for value in [*before.values(), *browser.cookies.values()]:
        assert value not in started.location + back.location


@pytest.mark.row(42)
def test_after_the_password_the_browser_has_new_values_and_the_old_ones_are_dead() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    started = browser.authorize(app.client_id)
    page = browser.get("hosted_pages", started.location)
    planted = dict(browser.cookies)
    browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)

    assert browser.cookies[BROWSER] != planted[BROWSER]
    attacker = Browser(cookies=planted)
    assert silent(attacker, app.client_id) == "login_required"
    assert browser.get("hosted_pages", started.location).status == 403


@pytest.mark.row(42)
def test_a_new_password_prompt_replaces_the_sign_on() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    browser.sign_in(app.client_id)
    before = Browser(cookies=dict(browser.cookies))
    browser.sign_in(app.client_id, prompt="login")

    assert browser.cookies[SIGN_ON] != before.cookies[SIGN_ON]
    assert silent(browser, app.client_id) == "code"
    assert silent(before, app.client_id) == "login_required"


@pytest.mark.row(42)
def test_a_sign_on_value_that_somebody_made_up_is_no_sign_on() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    browser.sign_in(app.client_id)
    good = browser.cookies[SIGN_ON]

    for forged in ("", "x", "A" * 200, good[:-1], good + "A", good[:8] + good[9:], good.swapcase()):
        assert silent(Browser(cookies={SIGN_ON: forged}), app.client_id) == "login_required"
    refresh_token = exchange(app.client_id, browser.authorize(app.client_id).sent_back["code"]).json["refresh_token"]
    for other_purpose in (refresh_token, browser.cookies[DEVICE]):
        assert silent(Browser(cookies={SIGN_ON: other_purpose}), app.client_id) == "login_required"


@pytest.mark.row(99)
@pytest.mark.parametrize("planted", ["a\r\nSet-Cookie: x=y", "a,b", 'a"b', "a b", "ü", "x" * 65, "a=b"])
def test_a_strange_cookie_is_replaced_and_never_sent_back(planted: str) -> None:
    app = new_client()
    browser = Browser(cookies={BROWSER: planted})
    started = browser.authorize(app.client_id)

    [cookie] = started.cookies
    assert re.fullmatch(r"__Host-gatehouse-signin=[A-Za-z0-9_-]{32}; [A-Za-z0-9=;/ -]+", cookie)
    assert browser.get("hosted_pages", started.location).status == 200


@pytest.mark.row(45)
def test_a_sign_on_that_was_left_alone_is_over() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    browser.sign_in(app.client_id)

    with later(DAY - 2):
        assert silent(Browser(cookies=dict(browser.cookies)), app.client_id) == "code"
    with later(2 * DAY):
        assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(45)
def test_a_sign_on_that_is_used_every_day_is_over_after_its_whole_time() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    with later(0):
        browser.sign_in(app.client_id)
        for day in range(1, 14):
            with later(day * DAY // 2):
                assert silent(browser, app.client_id) == "code"
        with later(7 * DAY):
            assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(45)
def test_both_ends_of_a_sign_on_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_ON_SECONDS", "1000")
    monkeypatch.setenv("SIGN_ON_IDLE_SECONDS", "400")
    forget()
    new_user()
    app = new_client()
    browser = Browser()
    assert settings.settings().sign_on_seconds == 1000

    with later(0):
        browser.sign_in(app.client_id)
        with later(401):
            assert silent(Browser(cookies=dict(browser.cookies)), app.client_id) == "login_required"
        for seconds in (300, 600, 900):
            with later(seconds):
                assert silent(browser, app.client_id) == "code"
        with later(1001):
            assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(37, 45)
def test_a_sign_on_of_a_blocked_user_is_over_for_good() -> None:
    user, app = new_user(), new_client()
    browser = Browser()
    browser.sign_in(app.client_id)

    users.set_blocked(user.user_id, True)
    assert silent(browser, app.client_id) == "login_required"
    users.set_blocked(user.user_id, False)
    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(37)
def test_a_code_that_a_sign_out_overtook_buys_nothing() -> None:
    user, app = new_user(), new_client()
    ends: list[Callable[[], bool]] = [
        lambda: users.sign_out_everywhere(user.user_id, invocation_id="x"),
        lambda: users.set_blocked(user.user_id, True),
    ]
    for end in ends:
        code = Browser().sign_in(app.client_id).sent_back["code"]
        end()
        assert exchange(app.client_id, code).json["error"] == "invalid_grant"


@pytest.mark.row(46)
def test_an_operator_ends_one_session_by_its_id_and_no_other() -> None:
    user, other = new_user(), new_user("eve@example.com")
    app = new_client()
    ended, kept = signed_in(app.client_id), signed_in(app.client_id)
    of_other = exchange(app.client_id, Browser().sign_in(app.client_id, "eve@example.com").sent_back["code"]).json
    operator = new_client("machine", audience=f"{ISSUER}/api/v2/", scopes=["delete:sessions"])
    authorization = basic(operator.client_id, operator.secret)
    bearer = token(grant_type="client_credentials", authorization=authorization).json["access_token"]

    def revoke(user_id: str, access_token: str) -> int:
        sid = jwt.decode(access_token, options={"verify_signature": False})["sid"]
        path = f"/api/v2/users/{user_id}/revoke-access"
        headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
        body = f'{{"session_id": "{sid}"}}'
        return call("global_sign_out", "POST", path, body=body, headers=headers, path_parameters={"id": user_id}).status

    assert revoke(user.user_id, ended["access_token"]) == 204
    # The right session id under the wrong user ends nothing.
    assert revoke(user.user_id, of_other["access_token"]) == 204

    assert userinfo(ended["access_token"]).status == 401
    assert refresh(app.client_id, ended["refresh_token"]).json["error"] == "invalid_grant"
    assert userinfo(kept["access_token"]).status == 200
    assert userinfo(of_other["access_token"]).json["sub"] == other.user_id


@pytest.mark.row(46, 84)
def test_a_person_ends_no_session_by_id() -> None:
    user, app = new_user(), new_client()
    tokens = signed_in(app.client_id)
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    path = f"/api/v2/users/{user.user_id}/revoke-access"

    assert call("global_sign_out", "POST", path, headers=headers, path_parameters={"id": user.user_id}).status in (
        401,
        403,
    )
    assert userinfo(tokens["access_token"]).status == 200
    assert sign_out_everywhere(tokens["access_token"]).status == 204
