"""Changing one's own mail address: asked for with the password, proven by a link, told to the old one."""

import re

import pytest

from gatehouse import limits, table, tickets, users
from gatehouse.management import callers
from tests.unit.conftest import Answer
from tests.unit.faults import trouble
from tests.unit.flows import PASSWORD, Browser, browser_of, later, mails, new_client, new_user
from tests.unit.own import me, own_token
from tests.unit.test_account_page import ACCOUNT, shown

OLD, NEW = "ada@example.com", "augusta@example.com"
SUBJECTS = {
    "link": "Confirm your new address at Gatehouse",
    "taken": "This address has an account at Gatehouse already",
    "asked": "A new address for your Gatehouse account was asked for",
    "changed": "The address of your Gatehouse account was changed",
}


def ask(bearer: str, email: str = NEW, password: str = PASSWORD) -> Answer:
    return me("POST", "/email", bearer, {"email": email, "current_password": password})


def link() -> str:
    """The newest link to confirm with."""
    found: list[str] = [url for mail in mails() for url in re.findall(r"https://\S+/u/email\?ticket=[^\s\"<]+", mail.body)]
    return found[-1]


def confirm(browser: Browser, address: str) -> Answer:
    """Open the link and press its button."""
    page = browser.get("hosted_pages", address)
    assert page.status == 200, page.body
    return browser.fill(page, "/u/email")


def sent() -> list[tuple[str, str]]:
    return [(mail.destinations["ToAddresses"][0], mail.subject) for mail in mails()]


def asked_by(email: str = OLD, new: str = NEW) -> tuple[users.User, Browser, str]:
    """A person, a browser of theirs, and the link that they asked for."""
    user = new_user(email)
    browser = browser_of(user)
    browser.fill(shown(browser), ACCOUNT, change="email", new_email=new, current_password=PASSWORD)
    return user, browser, link()


def test_the_address_becomes_another_by_the_link_in_one_transaction() -> None:
    user = new_user()
    browser, app = browser_of(user), new_client()
    answer = ask(own_token(callers.UPDATE_OWN_CREDENTIALS))
    assert (answer.status, sent()) == (202, [(NEW, SUBJECTS["link"]), (OLD, SUBJECTS["asked"])])
    assert users.get_by_email(NEW) is None and NEW in mails()[-1].body

    done = confirm(browser, link())

    assert (done.status, done.location.partition("?")[2]) == (303, "done=email")
    assert "Your mail address is changed." in browser.get("hosted_pages", done.location).body
    now = users.get_by_email(NEW)
    assert now and (now.user_id, now.email_verified, now.provenance["email"]["source"]) == (user.user_id, True, "self")
    assert table.get(table.email_key(OLD)) is None
    assert sent()[2:] == [(OLD, SUBJECTS["changed"])]
    assert [Browser().sign_in(app.client_id, email).status for email in (OLD, NEW)] == [400, 303]


def test_a_link_works_once_and_a_newer_one_kills_it() -> None:
    _, browser, first = asked_by()
    browser.fill(shown(browser), ACCOUNT, change="email", new_email="other@example.com", current_password=PASSWORD)
    second = link()

    assert browser.get("hosted_pages", first).status == 400
    assert confirm(browser, second).status == 303
    assert browser.get("hosted_pages", second).status == 400


def test_opening_the_link_changes_nothing_and_it_is_over_after_an_hour() -> None:
    _, browser, address = asked_by()
    page = browser.get("hosted_pages", address)
    assert page.status == 200 and NEW in page.body and OLD in page.body
    assert users.get_by_email(NEW) is None

    with later(tickets.SECONDS[tickets.EMAIL]):
        assert browser.fill(page, "/u/email").status == 400


@pytest.mark.row(68)
def test_whether_the_new_address_is_somebodys_is_told_to_its_mailbox_only() -> None:
    new_user()
    new_user("bob@example.com")
    bearer = own_token(callers.UPDATE_OWN_CREDENTIALS)
    ask(bearer, "warm@example.com")
    answers, work = [], []
    for email in ("bob@example.com", "nobody@example.com"):
        with trouble() as calls:
            answers.append(ask(bearer, email))
        work.append(calls)

    assert answers[0] == answers[1] and answers[0].status == 202
    assert work[0] == work[1]
    assert ("bob@example.com", SUBJECTS["taken"]) in sent() and ("nobody@example.com", SUBJECTS["link"]) in sent()


def test_an_address_that_was_taken_meanwhile_is_not_given_and_the_page_says_so() -> None:
    user, browser, address = asked_by()
    page = browser.get("hosted_pages", address)
    new_user(NEW)

    answer = browser.fill(page, "/u/email")

    assert answer.status == 409 and "belongs to another account by now" in answer.body
    assert users.get(user.user_id).email == OLD  # type: ignore[union-attr]
    assert table.get(table.email_key(OLD)) is not None


def test_who_is_not_signed_on_signs_in_first_and_comes_back_to_the_link() -> None:
    user, _, address = asked_by()
    elsewhere = Browser()

    started = elsewhere.get("hosted_pages", address)
    assert started.status == 303 and "/u/login?" in started.location
    back = elsewhere.fill(elsewhere.get("hosted_pages", started.location), "/u/login", email=OLD, password=PASSWORD)

    assert back.location == address
    assert confirm(elsewhere, back.location).status == 303
    assert users.get(user.user_id).email == NEW  # type: ignore[union-attr]


@pytest.mark.row(72)
def test_a_stranger_whose_address_was_mistyped_does_not_get_the_account_and_nobody_gets_theirs() -> None:
    user, browser, address = asked_by()
    stranger = browser_of(new_user("stranger@example.com"))
    form = {"csrf": re.findall(r'name="csrf" value="([^"]+)"', shown(stranger).body)[0], "ticket": address.partition("ticket=")[2]}

    assert stranger.get("hosted_pages", address).status == 403
    assert stranger.post("hosted_pages", "/u/email", form).status == 403
    assert Browser().get("hosted_pages", address).status == 303
    assert users.get(user.user_id).email == OLD  # type: ignore[union-attr]
    assert confirm(browser, address).status == 303


def test_a_sign_in_that_leads_to_the_link_does_not_hand_it_to_another_browser() -> None:
    _, _, address = asked_by()
    started = Browser().get("hosted_pages", address)

    answer = Browser().get("hosted_pages", started.location)

    assert answer.status == 403 and "/u/account" in answer.body and "ticket=" not in answer.body


@pytest.mark.parametrize("ticket", ["", "x", "a" * 3000])
def test_a_link_that_nobody_mailed_is_dead(ticket: str) -> None:
    browser = browser_of(new_user())

    assert browser.get("hosted_pages", f"/u/email?ticket={ticket}").status == 400


def test_a_link_for_another_purpose_does_not_change_the_address() -> None:
    user = new_user()
    value = tickets.issue(tickets.RESET, OLD, user_id=user.user_id)

    assert browser_of(user).get("hosted_pages", f"/u/email?ticket={value}").status == 400


@pytest.mark.parametrize(
    ("email", "password", "status"), [("ada@", PASSWORD, 400), ("", PASSWORD, 400), (OLD, PASSWORD, 400), (NEW, "wrong", 403)]
)
def test_what_cannot_be_asked_for_sends_no_mail(email: str, password: str, status: int) -> None:
    new_user()

    assert ask(own_token(callers.UPDATE_OWN_CREDENTIALS), email, password).status == status
    assert sent() == []


def test_nobody_has_mail_sent_without_end() -> None:
    new_user()
    bearer = own_token(callers.UPDATE_OWN_CREDENTIALS)
    statuses = [ask(bearer, f"new{number}@example.com").status for number in range(limits.MAIL.attempts + 1)]
    assert statuses == [202] * limits.MAIL.attempts + [429]

    for number in range(limits.MAIL.attempts + 2):
        user = new_user(f"person{number}@example.com")
        browser = browser_of(user)
        assert browser.fill(shown(browser), ACCOUNT, change="email", new_email=NEW, current_password=PASSWORD).status == 200
    assert len([to for to, _ in sent() if to == NEW]) == limits.MAIL.attempts


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"new_email": "nonsense", "current_password": PASSWORD}, "new-email"),
        ({"new_email": OLD, "current_password": PASSWORD}, "new-email"),
        ({"new_email": NEW, "current_password": "wrong"}, "email-password"),
    ],
)
def test_on_the_account_page_a_mistake_is_told_at_its_field(fields: dict[str, str], field: str) -> None:
    browser = browser_of(new_user())

    answer = browser.fill(shown(browser), ACCOUNT, change="email", **fields)

    assert answer.status == 400 and 'id="email-error"' in answer.body and sent() == []
    assert f'id="{field}"' in answer.body.split('aria-invalid="true"')[0].rpartition("<input")[2]


@pytest.mark.row(60)
def test_a_form_without_this_browsers_token_changes_nothing() -> None:
    user, browser, address = asked_by()

    assert browser.post("hosted_pages", "/u/email", {"csrf": "x", "ticket": address.partition("ticket=")[2]}).status == 403
    assert users.get(user.user_id).email == OLD  # type: ignore[union-attr]
