"""What the hosted pages' cookie is worth after a global sign-out: nothing, or new tokens for at most an hour."""

import pytest

from gatehouse import client_registration, clients, settings, users
from tests.unit.conftest import forget, template
from tests.unit.flows import (
    Browser,
    exchange,
    later,
    mailed_link,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    signed_in,
    userinfo,
)
from tests.unit.test_sessions import silent

NEW_PASSWORD = "tin umbrella forgets nothing"


def choose_new_password(email: str) -> None:
    """By the link in the mail, in another browser."""
    browser = Browser()
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email=email)
    page = browser.get("hosted_pages", mailed_link("/u/reset"))
    assert browser.fill(page, "/u/reset", password=NEW_PASSWORD).status == 200


def test_by_default_the_cookie_ends_with_everything_else() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    tokens = signed_in(app.client_id, browser)
    sign_out_everywhere(tokens["access_token"])

    assert silent(browser, app.client_id) == "login_required"
    assert "/u/login" in browser.authorize(app.client_id).location


@pytest.mark.parametrize("of_the_client", [True, False])
@pytest.mark.parametrize("seconds", [60, 3600])
def test_with_a_grace_it_still_obtains_new_tokens_until_the_grace_is_over(
    seconds: int, of_the_client: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not of_the_client:
        monkeypatch.setenv("SIGN_ON_GRACE_SECONDS", str(seconds))
        forget()
    new_user()
    app = new_client(sign_on_grace_seconds=seconds) if of_the_client else new_client()
    browser = Browser()
    with later(0):
        before = signed_in(app.client_id, browser)
        sign_out_everywhere(before["access_token"])
        with later(seconds - 1):
            after = exchange(app.client_id, browser.authorize(app.client_id, prompt="none").sent_back["code"]).json
            assert userinfo(after["access_token"]).status == 200
            assert refresh(app.client_id, after["refresh_token"]).status == 200
            # What was there before stays dead.
            assert userinfo(before["access_token"]).status == 401
            assert refresh(app.client_id, before["refresh_token"]).json["error"] == "invalid_grant"
        with later(seconds):
            assert silent(browser, app.client_id) == "login_required"


def test_a_client_without_the_grace_gets_nothing_from_the_same_cookie() -> None:
    new_user()
    lenient, strict = new_client(sign_on_grace_seconds=3600), new_client()
    browser = Browser()
    sign_out_everywhere(signed_in(strict.client_id, browser)["access_token"])

    assert silent(browser, strict.client_id) == "login_required"
    assert silent(browser, lenient.client_id) == "code"


def test_a_client_can_be_stricter_than_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_ON_GRACE_SECONDS", "3600")
    forget()
    new_user()
    strict = new_client(sign_on_grace_seconds=0)
    browser = Browser()
    sign_out_everywhere(signed_in(strict.client_id, browser)["access_token"])

    assert silent(browser, strict.client_id) == "login_required"


def test_a_second_sign_out_within_the_grace_ends_the_cookie() -> None:
    new_user()
    app = new_client(sign_on_grace_seconds=3600)
    browser = Browser()
    sign_out_everywhere(signed_in(app.client_id, browser)["access_token"])
    again = exchange(app.client_id, browser.authorize(app.client_id).sent_back["code"]).json
    sign_out_everywhere(again["access_token"])

    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(37, 72)
@pytest.mark.parametrize("order", ["reset", "sign-out, reset", "reset, sign-out"])
def test_the_cookie_never_outlives_a_new_password(order: str) -> None:
    user, app = new_user(), new_client(sign_on_grace_seconds=3600)
    browser = Browser()
    signed_in(app.client_id, browser)

    for step in order.split(", "):
        if step == "sign-out":
            users.sign_out_everywhere(user.user_id, invocation_id="x")
        else:
            choose_new_password(user.email)

    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(37)
@pytest.mark.parametrize("order", ["block", "sign-out, block", "block, sign-out", "block, unblock", "sign-out, block, unblock"])
def test_the_cookie_never_outlives_a_block(order: str) -> None:
    user, app = new_user(), new_client(sign_on_grace_seconds=3600)
    browser = Browser()
    signed_in(app.client_id, browser)

    for step in order.split(", "):
        if step == "sign-out":
            users.sign_out_everywhere(user.user_id, invocation_id="x")
        else:
            users.set_blocked(user.user_id, step == "block")

    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(37, 72)
@pytest.mark.parametrize("end", ["reset", "block"])
def test_the_grace_of_an_earlier_sign_out_does_not_save_a_cookie_from_a_reset_or_block(end: str) -> None:
    user, app = new_user(), new_client(sign_on_grace_seconds=3600)
    users.sign_out_everywhere(user.user_id, invocation_id="x")
    browser = Browser()
    signed_in(app.client_id, browser)

    if end == "reset":
        choose_new_password(user.email)
    else:
        users.set_blocked(user.user_id, True)
        users.set_blocked(user.user_id, False)

    assert silent(browser, app.client_id) == "login_required"


def test_signing_out_of_the_browser_itself_leaves_no_grace() -> None:
    new_user()
    app = new_client(sign_on_grace_seconds=3600)
    browser = Browser()
    tokens = signed_in(app.client_id, browser)
    kept = Browser(cookies=dict(browser.cookies))
    browser.get("logout", f"/oidc/logout?id_token_hint={tokens['id_token']}")

    assert silent(kept, app.client_id) == "login_required"


@pytest.mark.parametrize("seconds", [3601, -1, 86400])
def test_no_client_is_given_more_than_an_hour(seconds: int) -> None:
    with pytest.raises(client_registration.InvalidRegistration):
        new_client(sign_on_grace_seconds=seconds)


def test_no_stack_is_given_more_than_an_hour() -> None:
    parameter = template()["Parameters"]["SignOnGraceSeconds"]

    assert (parameter["Default"], parameter["MinValue"], parameter["MaxValue"]) == (
        0,
        0,
        settings.LONGEST_SIGN_ON_GRACE_SECONDS,
    )
    assert settings.LONGEST_SIGN_ON_GRACE_SECONDS == 3600


def test_a_client_that_says_nothing_has_the_stack_s_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    app = new_client()
    monkeypatch.setenv("SIGN_ON_GRACE_SECONDS", "120")
    forget()

    found = clients.get(app.client_id)
    assert found is not None and found.sign_on_grace_seconds == 120
