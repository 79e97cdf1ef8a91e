"""The login page: whose form it is, and what becomes of tabs, double clicks and the back button."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from gatehouse import table, users
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.flows import (
    CALLBACK,
    PASSWORD,
    Browser,
    exchange,
    hidden_fields,
    later,
    new_client,
    new_user,
    signed_in,
)
from tests.unit.test_sessions import SIGN_ON, silent

CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}
START_AGAIN = re.compile(r'id="retry" href="([^"]+)"')


def opened(browser: Browser, client_id: str, **parameters: str) -> Answer:
    """The login page, straight from /authorize."""
    return browser.get("hosted_pages", browser.authorize(client_id, **parameters).location)


def start_again(browser: Browser, page: Answer) -> Answer:
    """Follow the way out that an error page offers."""
    found = START_AGAIN.search(page.body)
    assert found, page.body
    return browser.get("authorize", found[1].replace("&amp;", "&"))


@pytest.mark.row(60)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://id.example.com.evil.example"},
        {"origin": "http://id.example.com"},
        {"origin": "https://id.example.com:8443"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_form_that_another_site_sends_signs_nobody_in(headers: dict[str, str]) -> None:
    new_user()
    app = new_client()
    browser = Browser()
    page = opened(browser, app.client_id)

    answer = browser.post("hosted_pages", "/u/login", hidden_fields(page) | CREDENTIALS, headers=headers)

    assert answer.status == 403
    assert SIGN_ON not in browser.cookies
    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(60)
@pytest.mark.parametrize("headers", [{}, {"origin": ISSUER}, {"origin": "null"}, {"origin": ISSUER, "sec-fetch-site": "same-origin"}])
def test_a_form_from_our_own_page_signs_in(headers: dict[str, str]) -> None:
    new_user()
    app = new_client()
    browser = Browser()
    page = opened(browser, app.client_id)

    assert browser.post("hosted_pages", "/u/login", hidden_fields(page) | CREDENTIALS, headers=headers).status == 303


@pytest.mark.row(60)
@pytest.mark.parametrize("csrf", ["", "x", "of another browser", "of another purpose"])
def test_a_form_without_this_browser_s_token_signs_nobody_in(csrf: str) -> None:
    new_user()
    app = new_client()
    browser, stranger = Browser(), Browser()
    page = opened(browser, app.client_id)
    if csrf == "of another browser":
        csrf = hidden_fields(opened(stranger, app.client_id))["csrf"]
    if csrf == "of another purpose":
        csrf = signed_in(app.client_id, stranger)["refresh_token"]

    answer = browser.post("hosted_pages", "/u/login", hidden_fields(page) | CREDENTIALS | {"csrf": csrf})

    assert answer.status == 403
    assert not any(cookie.startswith(f"{SIGN_ON}=") for cookie in answer.cookies)


@pytest.mark.row(60)
def test_a_form_without_any_cookie_signs_nobody_in() -> None:
    new_user()
    page = opened(Browser(), new_client().client_id)
    bare = Browser()

    assert bare.post("hosted_pages", "/u/login", hidden_fields(page) | CREDENTIALS).status == 403
    assert SIGN_ON not in bare.cookies


@pytest.mark.row(42, 60)
def test_the_sign_in_of_another_browser_can_be_neither_seen_nor_used() -> None:
    new_user()
    app = new_client()
    mine, victim = Browser(), Browser()
    started = mine.authorize(app.client_id, login_hint="mallory@example.com")
    own_page = opened(victim, app.client_id)

    assert victim.get("hosted_pages", started.location).status == 403
    planted = hidden_fields(own_page) | {"signin": parse_qs(urlsplit(started.location).query)["signin"][0]}
    answer = victim.post("hosted_pages", "/u/login", planted | CREDENTIALS)
    assert answer.status == 403
    assert SIGN_ON not in victim.cookies


@pytest.mark.parametrize("sign_in", ["", "x", "a" * 64, "a" * 65, "#", "USER#x"])
def test_a_sign_in_that_does_not_exist_is_an_error_page(sign_in: str) -> None:
    answer = Browser().get("hosted_pages", f"/u/login?signin={sign_in.replace('#', '%23')}")

    assert answer.status == 400
    assert "sign_in_expired" in answer.body


def test_a_sign_in_is_over_after_half_an_hour_though_the_item_is_still_there() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    page = opened(browser, app.client_id)

    with later(1800):
        assert browser.fill(page, "/u/login", **CREDENTIALS).status == 400
    assert table.get(table.sign_in_key(hidden_fields(page)["signin"])) is not None


def test_the_other_tab_can_start_again_and_needs_no_password() -> None:
    new_user()
    first, second = new_client(), new_client()
    browser = Browser()
    one, two = (
        opened(browser, first.client_id),
        opened(browser, second.client_id, state="two", max_age="1000", scope="openid email"),
    )

    assert browser.fill(one, "/u/login", **CREDENTIALS).status == 303
    stale = browser.fill(two, "/u/login", **CREDENTIALS)

    assert stale.status == 403
    back = start_again(browser, stale)
    assert back.sent_back["state"] == "two"
    tokens = exchange(second.client_id, back.sent_back["code"])
    assert tokens.json["scope"] == "openid email"


def test_the_other_tab_still_has_to_ask_for_the_password_if_its_application_wanted_it() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    one, two = opened(browser, app.client_id), opened(browser, app.client_id, prompt="login", state="two")
    browser.fill(one, "/u/login", **CREDENTIALS)

    again = start_again(browser, browser.fill(two, "/u/login", **CREDENTIALS))
    assert "/u/login" in again.location
    back = browser.fill(browser.get("hosted_pages", again.location), "/u/login", **CREDENTIALS)
    assert back.sent_back["state"] == "two"


def test_the_back_button_leads_to_a_page_that_can_start_again() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    started = browser.authorize(app.client_id)
    browser.fill(browser.get("hosted_pages", started.location), "/u/login", **CREDENTIALS)

    back = browser.get("hosted_pages", started.location)

    assert back.status == 403
    assert back.headers["cache-control"] == "no-store"
    assert "code" in start_again(browser, back).sent_back


def test_a_double_click_gives_two_codes_of_which_each_works_once() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    page = opened(browser, app.client_id)
    as_it_was = Browser(cookies=dict(browser.cookies))

    codes = [each.fill(page, "/u/login", **CREDENTIALS).sent_back["code"] for each in (browser, as_it_was)]

    assert len(set(codes)) == 2
    assert [exchange(app.client_id, code).status for code in codes] == [200, 200]
    assert [exchange(app.client_id, code).status for code in codes] == [400, 400]


@pytest.mark.row(17)
def test_after_the_password_the_browser_is_sent_on_by_get() -> None:
    new_user()
    back = Browser().sign_in(new_client().client_id)

    assert back.status == 303
    assert back.location.startswith(f"{CALLBACK}?")


@pytest.mark.row(20, 21)
def test_the_page_can_be_framed_stored_or_referred_to_by_nobody_and_lets_its_form_go_home() -> None:
    page = opened(Browser(), new_client(redirect_uris=["https://app.example.com:8443/callback"]).client_id, redirect_uri="")

    policy = {part.split()[0]: part.split()[1:] for part in page.headers["content-security-policy"].split(";")}
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["default-src"] == ["'none'"]
    # Not only to the redirect URI's host: browsers would stop the application's own redirect to another one.
    assert policy["form-action"] == ["'self'", "https:"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.row(20)
@pytest.mark.parametrize(
    ("redirect_uri", "target"),
    [
        ("http://127.0.0.1/callback", "http:"),
        ("com.example.app:/callback", "com.example.app:"),
        ("http://[::1]:8/x", "http:"),
    ],
)
def test_the_form_of_a_native_application_may_go_home_too(redirect_uri: str, target: str) -> None:
    app = new_client("native", redirect_uris=[redirect_uri])
    page = opened(Browser(), app.client_id, redirect_uri=redirect_uri)

    assert f"form-action 'self' {target};" in page.headers["content-security-policy"]


@pytest.mark.row(21)
def test_a_redirect_with_a_code_is_not_stored_and_leaves_no_referrer() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    for answer in (browser.sign_in(app.client_id), browser.authorize(app.client_id)):
        assert "code" in answer.sent_back
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_password_is_taken_as_it_is() -> None:
    new_user()
    app = new_client()
    for password in (f" {PASSWORD}", f"{PASSWORD} ", PASSWORD.upper(), PASSWORD[:-1], PASSWORD + "\x00", ""):
        assert Browser().sign_in(app.client_id, password=password).status == 400


@pytest.mark.row(71)
@pytest.mark.parametrize("typed", ["ADA@EXAMPLE.COM", " ada@example.com\t", "Ada@Example.Com", "\uff41da@example\u3002com"])
def test_an_address_is_recognised_however_it_is_typed(typed: str) -> None:
    new_user()

    assert Browser().sign_in(new_client().client_id, typed).status == 303


@pytest.mark.row(71)
@pytest.mark.parametrize(
    "typed",
    [
        "ad\u0430@example.com",
        "ada\u200b@example.com",
        "ada@examp\u0049\u0307e.com",
        "a.da@example.com",
        "ada@example.com.",
    ],
)
def test_an_address_that_only_looks_like_it_is_another(typed: str) -> None:
    new_user()

    assert Browser().sign_in(new_client().client_id, typed).status == 400


def test_a_user_without_a_password_cannot_be_signed_in_with_any() -> None:
    users.create("bare@example.com", email_verified=True, password_hash="")

    for password in ("", PASSWORD):
        assert Browser().sign_in(new_client().client_id, "bare@example.com", password).status == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_on_a_page(method: str) -> None:
    answer = call("hosted_pages", method, "/u/login")

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, POST"
