"""Changing one's own password: through an application, and on the account page."""

import pytest

from gatehouse import credentials, limits, user_changes, users
from gatehouse.management import callers
from tests.unit.conftest import Answer
from tests.unit.flows import PASSWORD, Browser, browser_of, later, new_client, new_user, tokens_of, userinfo
from tests.unit.own import me, own_token
from tests.unit.steps import NEW_PASSWORD
from tests.unit.test_account_page import ACCOUNT, SIGN_ON, shown


def change(bearer: str, current: str = PASSWORD, new: str = NEW_PASSWORD) -> Answer:
    return me("POST", "/password", bearer, {"current_password": current, "new_password": new})


def test_a_new_password_ends_everything_and_signs_in() -> None:
    user = new_user()
    browser, app = browser_of(user), new_client(sign_on_grace_seconds=3600)
    bearer, tokens = own_token(callers.UPDATE_OWN_CREDENTIALS), tokens_of(app.client_id, browser)

    assert change(bearer).status == 204

    assert change(bearer).status == 401 and userinfo(tokens["access_token"]).status == 401
    assert browser.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"
    assert [Browser().sign_in(app.client_id, password=word).status for word in (PASSWORD, NEW_PASSWORD)] == [400, 303]
    now = users.get(user.user_id)
    assert now and now.last_password_reset and now.epoch == user.epoch + 1


def test_who_does_not_know_the_password_changes_nothing() -> None:
    user = new_user()
    bearer = own_token(callers.UPDATE_OWN_CREDENTIALS)

    answer = change(bearer, "wrong")

    assert (answer.status, answer.json["errorCode"]) == (403, "invalid_password")
    assert users.get(user.user_id).epoch == user.epoch  # type: ignore[union-attr]
    assert change(bearer).status == 204


@pytest.mark.row(61, 64)
def test_guesses_through_a_token_are_counted_with_those_at_the_login_page() -> None:
    new_user()
    bearer, app = own_token(callers.UPDATE_OWN_CREDENTIALS), new_client()
    for _ in range(limits.PASSWORD.attempts):
        assert change(bearer, "wrong").status == 403

    locked = change(bearer)

    assert locked.status == 429 and 0 < int(locked.headers["retry-after"]) <= limits.PASSWORD.window_seconds
    assert Browser().sign_in(app.client_id).status == 400
    with later(limits.PASSWORD.window_seconds + 1):
        assert Browser().sign_in(app.client_id).status == 303


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"current_password": PASSWORD, "new_password": "short"}, "PasswordStrengthError"),
        ({"current_password": PASSWORD, "new_password": "ada@example.com"}, "PasswordStrengthError"),
        ({"current_password": PASSWORD}, "new_password"),
        ({"current_password": PASSWORD, "new_password": NEW_PASSWORD, "user_id": "x"}, "user_id"),
        ({"current_password": 7, "new_password": NEW_PASSWORD}, "current_password"),
    ],
)
def test_a_body_that_is_not_right_changes_nothing(body: dict[str, object], says: str) -> None:
    user = new_user()

    answer = me("POST", "/password", own_token(callers.UPDATE_OWN_CREDENTIALS), body)

    assert answer.status == 400 and says in answer.json["message"] and PASSWORD not in answer.body
    assert users.get(user.user_id).epoch == user.epoch  # type: ignore[union-attr]


def test_of_two_changes_from_one_password_the_second_finds_another() -> None:
    user = new_user()
    credentials.prove(user, PASSWORD)
    credentials.choose(user, PASSWORD, NEW_PASSWORD)

    with pytest.raises(credentials.Wrong):
        credentials.choose(user, PASSWORD, "yet another umbrella of tin")


def test_somebody_without_a_password_proves_nothing() -> None:
    user = users.create("bare@example.com", email_verified=True, password_hash="")

    for password in ("", PASSWORD):
        with pytest.raises(credentials.Wrong):
            credentials.prove(user, password)


def test_a_person_who_is_gone_gets_no_password() -> None:
    with pytest.raises(user_changes.Unknown):
        credentials.choose(users.User("gatehouse|gone", "gone@example.com", 1), PASSWORD, NEW_PASSWORD)


def on_page(browser: Browser, **fields: str) -> Answer:
    return browser.fill(shown(browser), ACCOUNT, change="password", **fields)


def test_on_the_account_page_this_browser_stays_signed_in_by_a_new_sign_on() -> None:
    user = new_user()
    browser, other, app = browser_of(user), browser_of(user), new_client()
    before, tokens = Browser(cookies=dict(browser.cookies)), tokens_of(app.client_id, browser)

    answer = on_page(browser, current_password=PASSWORD, new_password=NEW_PASSWORD)

    assert (answer.status, answer.location.partition("?")[2]) == (303, "done=password")
    assert "Your password is changed." in browser.get("hosted_pages", answer.location).body
    assert browser.cookies[SIGN_ON] != before.cookies[SIGN_ON]
    assert [each.get("hosted_pages", ACCOUNT).status for each in (before, other)] == [303, 303]
    assert userinfo(tokens["access_token"]).status == 401


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"current_password": "wrong", "new_password": NEW_PASSWORD}, "current-password"),
        ({"new_password": NEW_PASSWORD}, "current-password"),
        ({"current_password": PASSWORD, "new_password": "short"}, "new-password"),
        ({"current_password": PASSWORD}, "new-password"),
    ],
)
def test_on_the_account_page_a_mistake_is_told_at_its_field(fields: dict[str, str], field: str) -> None:
    browser = browser_of(new_user())

    answer = on_page(browser, **fields)

    assert answer.status == 400 and 'id="password-error"' in answer.body
    assert f'id="{field}"' in answer.body.split('aria-invalid="true"')[0].rpartition("<input")[2]
    assert NEW_PASSWORD not in answer.body
    assert shown(browser).status == 200


@pytest.mark.row(61)
def test_on_the_account_page_guesses_end_too() -> None:
    browser = browser_of(new_user())
    for _ in range(limits.PASSWORD.attempts):
        on_page(browser, current_password="wrong", new_password=NEW_PASSWORD)

    assert on_page(browser, current_password=PASSWORD, new_password=NEW_PASSWORD).status == 400


def test_who_has_no_password_is_offered_one_by_mail() -> None:
    page = shown(browser_of(users.create("bare@example.com", email_verified=True, password_hash="")))

    assert 'id="no-password"' in page.body and 'id="change-password"' not in page.body and 'id="change-email"' not in page.body
