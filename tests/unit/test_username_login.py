"""Signing in with a user name instead of a mail address: looks, counts and takes the same."""

from typing import Any

import pytest

from gatehouse import limits, users
from tests.unit.faults import trouble
from tests.unit.flows import PASSWORD, Browser, mailed_link, new_client, new_user
from tests.unit.steps import NEW_PASSWORD
from tests.unit.test_enumeration import hashes, without_address
from tests.unit.test_login import opened


def named_user(username: str = "ada", email: str = "ada@example.com") -> users.User:
    hashed = new_user("hash@example.com").password_hash if users.get_by_email("hash@example.com") is None else ""
    hashed = hashed or users.get_by_email("hash@example.com").password_hash  # type: ignore[union-attr]
    return users.create(email, email_verified=bool(email), password_hash=hashed, username=username)


@pytest.mark.parametrize("typed", ["ada", "ADA", " Ada ", "ada@example.com"])
def test_a_person_signs_in_by_either_name(typed: str) -> None:
    named_user()

    assert "code" in Browser().sign_in(new_client().client_id, typed).sent_back


def test_who_has_no_address_signs_in_and_sees_their_account() -> None:
    named_user(email="")
    browser, app = Browser(), new_client(first_party=False)

    assert "/u/consent" in (answer := browser.sign_in(app.client_id, "ada")).location
    assert ">ada<" in browser.get("hosted_pages", answer.location).body
    assert ">ada<" in browser.get("hosted_pages", "/u/account").body


def test_the_page_says_what_it_takes_and_password_managers_know_the_field() -> None:
    page = opened(Browser(), new_client().client_id, login_hint="ada")

    assert "Email or user name</label>" in page.body
    (field,) = [line for line in page.body.splitlines() if 'name="email"' in line]
    assert 'autocomplete="username"' in field and 'type="text"' in field and 'value="ada"' in field


@pytest.mark.row(66)
@pytest.mark.parametrize("typed", ["nobody", "ad\u0430", "ada\u200b", "ada!", "a b", "@", "USERNAME#ada", "x" * 400])
def test_another_name_fails_like_a_wrong_password(typed: str) -> None:
    named_user()
    browser = Browser()
    page = opened(browser, new_client().client_id)

    wrong = browser.fill(page, "/u/login", email="ada", password="wrong")
    answer = browser.fill(page, "/u/login", email=typed, password=PASSWORD)

    assert (answer.status, answer.body.count("do not match")) == (wrong.status, wrong.body.count("do not match")) == (400, 1)


@pytest.mark.row(66, 67)
def test_an_unknown_name_takes_the_same_work_and_answer_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # Names that stand nowhere else on the page.
    named_user("qx1", "qx1@example.com")
    users.set_blocked(named_user("qx2", "qx2@example.com").user_id, True)
    browser = Browser()
    page = opened(browser, new_client().client_id)
    browser.fill(page, "/u/login", email="qx4", password="warm")
    seen: list[Any] = []
    for name in ("qx1", "qx2", "qx3", "qx1@example.com", "qx3@example.com"):
        with hashes(monkeypatch) as made, trouble() as sent:
            answer = browser.fill(page, "/u/login", email=name, password="wrong")
        seen.append((len(made), sent, without_address(answer, name)))

    assert all(each == seen[0] for each in seen)


@pytest.mark.row(61)
def test_guesses_count_by_the_name_however_it_is_spelled() -> None:
    named_user()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    for number in range(limits.PASSWORD.attempts):
        browser.fill(page, "/u/login", email=("ada", "ADA", " Ada")[number % 3], password="wrong")

    with pytest.raises(limits.Exhausted):
        limits.count(limits.PASSWORD, "ada")
    assert browser.fill(page, "/u/login", email="ada", password=PASSWORD).status == 400


@pytest.mark.row(64)
def test_a_browser_that_signed_in_by_name_is_known_by_it_and_a_reset_by_mail_opens_the_name_too() -> None:
    named_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id, "ada")
    for _ in range(limits.PASSWORD.attempts):
        Browser().sign_in(app.client_id, "ada", "wrong")

    assert Browser().sign_in(app.client_id, "ada").status == 400
    assert browser.sign_in(app.client_id, "ada", prompt="login").status == 303
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email="ada@example.com")
    browser.fill(browser.get("hosted_pages", mailed_link("/u/reset")), "/u/reset", password=NEW_PASSWORD)
    assert Browser().sign_in(app.client_id, "ada", NEW_PASSWORD).status == 303
