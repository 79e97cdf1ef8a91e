"""/u/verify-email: a mailed link and a button confirm an address, once, and only while it is the account's."""

from dataclasses import replace

import pytest

from gatehouse import table, tickets, user_changes, users
from gatehouse.user_changes import Edited
from gatehouse.users import User
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.flows import Browser, later, new_client

PATH = "/u/verify-email"


@pytest.fixture
def bob() -> User:
    return users.create("bob@example.com", email_verified=False, password_hash="")


def link(user: User, **more: str) -> str:
    return f"{PATH}?ticket={tickets.issue(tickets.VERIFY, user.email, user_id=user.user_id, **more)}"


def opened_and_sent(url: str) -> Answer:
    browser = Browser()
    return browser.fill(browser.get("hosted_pages", url), PATH)


def verified(user: User) -> bool:
    found = users.get(user.user_id)
    assert found is not None
    return found.email_verified


def test_opening_the_link_changes_nothing_and_the_button_does_it(bob: User) -> None:
    url, browser = link(bob), Browser()
    page = browser.get("hosted_pages", url)
    for _ in range(3):
        assert Browser().get("hosted_pages", url).status == 200
    assert (page.status, "bob@example.com" in page.body, verified(bob)) == (200, True, False)

    answer = browser.fill(page, PATH)

    assert (answer.status, verified(bob)) == (200, True)
    assert "Your address is confirmed" in answer.body


@pytest.mark.row(80)
def test_the_link_works_once(bob: User) -> None:
    url, browser = link(bob), Browser()
    page = browser.get("hosted_pages", url)
    browser.fill(page, PATH)

    assert browser.fill(page, PATH).status == 400
    assert browser.get("hosted_pages", url).status == 400


def test_a_newer_link_kills_the_older(bob: User) -> None:
    old, new = link(bob), link(bob)

    assert Browser().get("hosted_pages", old).status == 400
    assert opened_and_sent(new).status == 200


def test_the_link_dies_with_its_time(bob: User) -> None:
    with later(0):
        url = link(bob)
        with later(tickets.SECONDS[tickets.VERIFY]):
            assert Browser().get("hosted_pages", url).status == 400


@pytest.mark.row(75)
def test_an_address_that_is_not_the_accounts_any_more_is_not_confirmed(bob: User) -> None:
    url = link(bob)
    user_changes.change(bob.user_id, lambda user: Edited(replace(user, email="new@example.com")))

    answer = opened_and_sent(url)

    assert (answer.status, verified(bob)) == (400, False)


def test_a_link_of_whoever_is_gone_does_nothing(bob: User) -> None:
    url = link(bob)
    table.delete(table.user_key(bob.user_id))

    assert opened_and_sent(url).status == 400
    assert table.get(table.user_key(bob.user_id)) is None


@pytest.mark.row(72)
@pytest.mark.parametrize("purpose", [tickets.RESET, tickets.SIGN_UP, tickets.OPERATOR_RESET, tickets.EMAIL])
def test_a_link_for_something_else_confirms_nothing(bob: User, purpose: str) -> None:
    value = tickets.issue(purpose, bob.email, user_id=bob.user_id)

    assert Browser().get("hosted_pages", f"{PATH}?ticket={value}").status == 400
    assert not verified(bob)


def test_the_link_resets_no_password(bob: User) -> None:
    assert Browser().get("hosted_pages", link(bob).replace(PATH, "/u/reset")).status == 400


@pytest.mark.row(60)
def test_the_form_needs_the_page_that_it_came_from(bob: User) -> None:
    ticket = link(bob).partition("=")[2]

    answer = call("hosted_pages", "POST", PATH, form={"ticket": ticket, "csrf": "x"})

    assert (answer.status, verified(bob)) == (403, False)


def test_the_page_leads_to_the_application_that_asked(bob: User) -> None:
    app = new_client(initiate_login_uri="https://app.example.com/login")

    answer = opened_and_sent(link(bob, client_id=app.client_id))

    assert f"{ISSUER}/u/start?client_id={app.client_id}" in answer.body


def test_nonsense_is_answered_as_a_dead_link() -> None:
    for value in ("", "x", "A" * 3000):
        assert Browser().get("hosted_pages", f"{PATH}?ticket={value}").status == 400
