"""What an application may ask of a sign-in: prompt, max_age, id_token_hint (OpenID Connect Core 3.1.2.1)."""

from typing import Any

import jwt
import pytest

from tests.unit.flows import Browser, exchange, later, new_client, new_user, signed_in
from tests.unit.test_login import START_AGAIN, opened, start_again
from tests.unit.test_sessions import SIGN_ON, silent

CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery staple"}


def claims(client_id: str, sent_back: dict[str, str]) -> dict[str, Any]:
    """Of the ID token that the code buys."""
    decoded: dict[str, Any] = jwt.decode(exchange(client_id, sent_back["code"]).json["id_token"], options={"verify_signature": False})
    return decoded


def asks_for_the_password(browser: Browser, client_id: str, **parameters: str) -> bool:
    return "/u/login" in browser.authorize(client_id, **parameters).location


@pytest.mark.row(82)
def test_prompt_login_asks_again_and_the_time_is_the_new_one() -> None:
    new_user()
    app, browser = new_client(), Browser()
    with later(0):
        first = claims(app.client_id, browser.sign_in(app.client_id).sent_back)
        with later(100):
            assert asks_for_the_password(browser, app.client_id, prompt="login")
            second = claims(app.client_id, browser.sign_in(app.client_id, prompt="login").sent_back)

    assert second["auth_time"] == first["auth_time"] + 100
    assert second["sub"] == first["sub"]


@pytest.mark.row(82)
def test_prompt_none_answers_at_once_with_the_same_time() -> None:
    new_user()
    app, browser = new_client(), Browser()
    with later(0):
        first = claims(app.client_id, browser.sign_in(app.client_id).sent_back)
        with later(100):
            second = claims(app.client_id, browser.authorize(app.client_id, prompt="none").sent_back)

    assert second["auth_time"] == first["auth_time"]


def test_prompt_none_without_a_sign_on_says_so_with_nothing_but_state_and_issuer() -> None:
    state = ("abcXYZ019-._~" * 10)[:128]
    sent_back = Browser().authorize(new_client().client_id, prompt="none", state=state).sent_back

    assert sent_back["error"] == "login_required"
    assert sent_back["state"] == state
    assert sent_back.keys() <= {"error", "error_description", "state", "iss"}


def test_prompt_none_shows_no_page_and_begins_nothing() -> None:
    answer = Browser().authorize(new_client().client_id, prompt="none")

    assert answer.cookies == []


@pytest.mark.parametrize("prompt", ["none login", "none consent", "login none", "unknown", "LOGIN", "create"])
def test_prompts_that_make_no_sense_are_refused(prompt: str) -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)

    assert browser.authorize(app.client_id, prompt=prompt).sent_back["error"] == "invalid_request"


@pytest.mark.parametrize("prompt", ["select_account", "login consent", "consent login"])
def test_other_prompts_ask_for_the_password_too(prompt: str) -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)

    assert asks_for_the_password(browser, app.client_id, prompt=prompt)


def test_login_and_consent_together_ask_for_both() -> None:
    new_user()
    app, browser = new_client(), Browser()

    assert "/u/consent" in browser.sign_in(app.client_id, prompt="login consent").location


@pytest.mark.row(82)
def test_max_age_asks_again_once_the_password_is_older() -> None:
    new_user()
    app, browser = new_client(), Browser()
    with later(0):
        first = claims(app.client_id, browser.sign_in(app.client_id, max_age="15000").sent_back)
        with later(99):
            second = claims(app.client_id, browser.authorize(app.client_id, max_age="100").sent_back)
        with later(101):
            assert asks_for_the_password(browser, app.client_id, max_age="100")
            assert browser.authorize(app.client_id, max_age="100", prompt="none").sent_back["error"] == "login_required"
            third = claims(app.client_id, browser.sign_in(app.client_id, max_age="100").sent_back)

    assert first["auth_time"] == second["auth_time"]
    assert third["auth_time"] == first["auth_time"] + 101


@pytest.mark.parametrize("seconds", [0, 0.4])
def test_max_age_zero_always_asks(seconds: float) -> None:
    new_user()
    app, browser = new_client(), Browser()
    with later(0):
        browser.sign_in(app.client_id)
        with later(seconds):
            assert asks_for_the_password(browser, app.client_id, max_age="0")
            assert browser.authorize(app.client_id, max_age="0", prompt="none").sent_back["error"] == "login_required"
        # And after the password it is content.
        assert "code" in browser.sign_in(app.client_id, max_age="0").sent_back


@pytest.mark.parametrize("max_age", ["-1", "1.5", "x", "9" * 10, "٣", "1e3", "+5", " 5"])
def test_a_max_age_that_is_no_number_of_seconds_is_refused(max_age: str) -> None:
    assert Browser().authorize(new_client().client_id, max_age=max_age).sent_back["error"] == "invalid_request"


def test_a_hint_for_the_person_who_is_signed_on_changes_nothing() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    assert "code" in browser.authorize(app.client_id, prompt="none", id_token_hint=tokens["id_token"]).sent_back
    with later(7200):
        assert "code" in browser.authorize(app.client_id, prompt="none", id_token_hint=tokens["id_token"]).sent_back


def test_a_hint_for_somebody_else_gives_no_token_of_the_person_who_is_signed_on() -> None:
    new_user()
    new_user("eve@example.com")
    app, ada, eve = new_client(), Browser(), Browser()
    hint = signed_in(app.client_id, ada)["id_token"]
    eve.sign_in(app.client_id, "eve@example.com")

    assert eve.authorize(app.client_id, prompt="none", id_token_hint=hint).sent_back["error"] == "login_required"
    assert asks_for_the_password(eve, app.client_id, id_token_hint=hint)
    back = eve.sign_in(app.client_id, "eve@example.com", id_token_hint=hint)
    assert back.sent_back["error"] == "login_required"
    assert "code" in eve.sign_in(app.client_id, id_token_hint=hint).sent_back


def test_starting_again_keeps_what_the_application_asked_for() -> None:
    new_user()
    new_user("eve@example.com")
    app, eve = new_client(), Browser()
    stale = opened(eve, app.client_id, max_age="7", state="a b&c=d", nonce="n/+")
    eve.sign_in(app.client_id, "eve@example.com")

    page = eve.fill(stale, "/u/login", **CREDENTIALS)
    assert START_AGAIN.search(page.body)
    back = start_again(eve, page)

    assert back.sent_back["state"] == "a b&c=d"
    assert claims(app.client_id, back.sent_back)["nonce"] == "n/+"


@pytest.mark.row(68)
def test_a_page_of_another_browser_does_not_tell_who_was_expected() -> None:
    new_user()
    app, ada = new_client(), Browser()
    hint = signed_in(app.client_id, ada)["id_token"]

    named = Browser().get("hosted_pages", Browser().authorize(app.client_id, login_hint="ada@example.com").location)
    hinted = Browser().get("hosted_pages", Browser().authorize(app.client_id, id_token_hint=hint).location)

    assert named.status == hinted.status == 403
    assert START_AGAIN.search(named.body) and "ada" not in named.body
    assert not START_AGAIN.search(hinted.body) and hint not in hinted.body


@pytest.mark.row(54)
def test_a_hint_that_is_none_of_this_client_s_is_refused() -> None:
    new_user()
    app, other, browser = new_client(), new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    for hint in (tokens["access_token"], "x", tokens["id_token"][:-3] + "AAA", tokens["id_token"] + "x" * 5000):
        assert browser.authorize(app.client_id, id_token_hint=hint).sent_back["error"] == "invalid_request"
    assert browser.authorize(other.client_id, id_token_hint=tokens["id_token"]).sent_back["error"] == "invalid_request"


@pytest.mark.row(98)
def test_a_login_hint_is_typed_in_and_decides_nothing() -> None:
    new_user()
    app = new_client()
    page = opened(Browser(), app.client_id, login_hint='"><script>alert(1)</script>')

    assert "<script" not in page.body
    assert 'value="&#34;&gt;&lt;script&gt;' in page.body
    assert "code" in Browser().sign_in(app.client_id, login_hint="somebody@else.example").sent_back


def test_what_we_do_not_know_is_ignored() -> None:
    new_user()
    app = new_client()
    unknown = {
        "display": "popup",
        "ui_locales": "se",
        "claims_locales": "se",
        "acr_values": "1 2",
        "extra": "foobar",
        "claims": "{}",
    }

    assert "code" in Browser().sign_in(app.client_id, **unknown).sent_back


def test_a_failed_attempt_leaves_the_sign_on_as_it_was() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    before = browser.cookies[SIGN_ON]
    browser.sign_in(app.client_id, password="wrong", prompt="login")

    assert browser.cookies[SIGN_ON] == before
    assert silent(browser, app.client_id) == "code"


def test_a_client_may_have_an_age_of_its_own_which_a_request_can_change() -> None:
    new_user()
    app, browser = new_client(default_max_age=60), Browser()
    browser.sign_in(app.client_id)

    with later(59):
        assert "code" in browser.authorize(app.client_id).sent_back
    with later(61):
        assert asks_for_the_password(browser, app.client_id)
        assert silent(browser, app.client_id) == "login_required"
        assert "code" in browser.authorize(app.client_id, max_age="3600").sent_back
        assert asks_for_the_password(browser, app.client_id, max_age="30")
