"""Signing up: the address first, the password once a mailed link has proven it (rows 68 to 71, 73, 75)."""

import pytest

from gatehouse import table, tickets, users
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.faults import lose_answer, trouble
from tests.unit.flows import CALLBACK, Browser, exchange, hidden_fields, later, mailed_link, mails, new_client, new_user
from tests.unit.test_login import START_AGAIN, opened
from tests.unit.test_sessions import SIGN_ON, silent

EMAIL = "grace@example.com"
PASSWORD = "tin umbrella forgets nothing"


def asked(browser: Browser, email: str = EMAIL, sign_in: str = "", **more: object) -> Answer:
    """The address is typed on the sign-up page."""
    url = f"/u/signup?signin={sign_in}" if sign_in else "/u/signup"
    page = browser.get("hosted_pages", url)
    return browser.post("hosted_pages", "/u/signup", hidden_fields(page) | {"email": email}, **more)


def chosen(browser: Browser, password: str = PASSWORD, link: str = "") -> Answer:
    """The mailed link is opened and a password chosen."""
    page = browser.get("hosted_pages", link or mailed_link("/u/verify"))
    return browser.fill(page, "/u/verify", password=password)


def begun(browser: Browser, client_id: str, **parameters: str) -> str:
    """The id of a sign-in that this browser begins."""
    return hidden_fields(opened(browser, client_id, **parameters))["signin"]


def test_an_account_is_made_by_the_link_and_signs_in_at_once_where_it_began() -> None:
    app, browser = new_client(), Browser()
    asked(browser, sign_in=begun(browser, app.client_id))
    assert users.get_by_email(EMAIL) is None

    back = chosen(browser)

    assert back.status == 303
    assert back.location.startswith(CALLBACK)
    assert exchange(app.client_id, back.sent_back["code"]).status == 200
    user = users.get_by_email(EMAIL)
    assert user is not None and user.email_verified and user.user_id.startswith("gatehouse|")
    assert silent(browser, app.client_id) == "code"


def test_whoever_asked_gets_nothing_when_the_link_is_opened_elsewhere() -> None:
    app = new_client(initiate_login_uri="https://app.example.com/login")
    attacker, owner = Browser(), Browser()
    asked(attacker, sign_in=begun(attacker, app.client_id, state="of-the-attacker"))

    done = chosen(owner)

    assert done.status == 200
    assert SIGN_ON not in owner.cookies | attacker.cookies
    assert silent(attacker, app.client_id) == "login_required"
    # Nor is the owner led into the request that the attacker began.
    assert "of-the-attacker" not in done.body
    assert f'href="{ISSUER}/u/start?client_id={app.client_id}"' in done.body


def test_a_third_party_s_new_user_is_asked_like_any_other() -> None:
    app, browser = new_client(first_party=False), Browser()
    asked(browser, sign_in=begun(browser, app.client_id))

    assert "/u/consent" in chosen(browser).location


def test_no_account_and_no_password_can_be_planted_before_the_owner_comes() -> None:
    attacker, owner = Browser(), Browser()
    app = new_client()
    asked(attacker)
    assert attacker.sign_in(app.client_id, EMAIL, PASSWORD).status == 400
    asked(owner)
    chosen(owner, "the password of the owner")

    assert Browser().sign_in(app.client_id, EMAIL, "the password of the owner").status == 303
    assert Browser().sign_in(app.client_id, EMAIL, PASSWORD).status == 400


def test_opening_the_link_uses_nothing_up() -> None:
    scanner, owner = Browser(), Browser()
    asked(owner)
    link = mailed_link("/u/verify")
    for method in ("GET", "HEAD", "GET"):
        path, _, query = link.removeprefix(ISSUER).partition("?")
        assert call("hosted_pages", method, path, query=query).status == 200
    assert scanner.get("hosted_pages", link).status == 200

    assert chosen(owner).status == 200


def test_the_link_works_once_and_a_double_click_is_told_what_to_do() -> None:
    browser = Browser()
    asked(browser)
    page = browser.get("hosted_pages", mailed_link("/u/verify"))
    assert browser.fill(page, "/u/verify", password=PASSWORD).status == 200
    first = users.get_by_email(EMAIL)

    again = browser.fill(page, "/u/verify", password="another password entirely")

    assert again.status == 400
    assert "sign in" in again.body
    assert START_AGAIN.search(again.body)
    assert users.get_by_email(EMAIL) == first


def test_a_newer_link_kills_the_older_and_time_kills_both() -> None:
    browser = Browser()
    with later(0):
        asked(browser)
        older = mailed_link("/u/verify")
        asked(browser)
        newer = mailed_link("/u/verify")

        assert browser.get("hosted_pages", older).status == 400
        assert browser.get("hosted_pages", newer).status == 200
        page = browser.get("hosted_pages", newer)
        with later(tickets.SECONDS[tickets.SIGN_UP]):
            assert browser.get("hosted_pages", newer).status == 400
            assert browser.fill(page, "/u/verify", password=PASSWORD).status == 400
            assert table.get(table.ticket_key(tickets.SIGN_UP, EMAIL)) is not None
    assert users.get_by_email(EMAIL) is None


def test_an_account_that_was_made_meanwhile_is_not_taken_over() -> None:
    browser = Browser()
    asked(browser)
    page = browser.get("hosted_pages", mailed_link("/u/verify"))
    owner = new_user(EMAIL)

    assert browser.fill(page, "/u/verify", password="another password entirely").status == 400
    assert users.get_by_email(EMAIL) == owner


@pytest.mark.row(68)
def test_signing_up_again_changes_nothing_and_says_so_by_mail_only() -> None:
    owner = new_user(EMAIL)
    asked(Browser())

    assert "already have an account" in mails()[-1].subject
    assert "/u/verify" not in mails()[-1].body
    assert users.get_by_email(EMAIL) == owner


@pytest.mark.row(75)
@pytest.mark.parametrize("field", ["email", "user_id", "username", "sign_in_id"])
def test_a_link_is_for_the_address_it_went_to_whatever_the_form_says(field: str) -> None:
    new_user("ada@example.com")
    browser = Browser()
    asked(browser)
    page = browser.get("hosted_pages", mailed_link("/u/verify"))

    browser.fill(page, "/u/verify", password="another password entirely", **{field: "ada@example.com"})

    assert users.get_by_email(EMAIL) is not None
    assert Browser().sign_in(new_client().client_id, "ada@example.com").status == 303


@pytest.mark.row(72, 75)
def test_a_link_for_one_purpose_opens_no_other() -> None:
    new_user("ada@example.com")
    browser = Browser()
    asked(browser)
    sign_up = mailed_link("/u/verify").partition("?ticket=")[2]
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email="ada@example.com")
    reset = mailed_link("/u/reset").partition("?ticket=")[2]

    assert browser.get("hosted_pages", f"/u/reset?ticket={sign_up}").status == 400
    assert browser.get("hosted_pages", f"/u/verify?ticket={reset}").status == 400


def test_a_link_that_was_tampered_with_opens_nothing() -> None:
    browser = Browser()
    asked(browser)
    value = mailed_link("/u/verify").partition("?ticket=")[2]
    other = "B" if value[20] == "A" else "A"

    for tampered in ("", "x", value[:-1], value + "A", value[:20] + other + value[21:], value.swapcase()):
        assert browser.get("hosted_pages", f"/u/verify?ticket={tampered}").status == 400
    assert browser.get("hosted_pages", f"/u/verify?ticket={value}").status == 200


@pytest.mark.row(73)
@pytest.mark.parametrize("path", ["/u/signup", "/u/forgot"])
def test_links_lead_to_the_issuer_whatever_host_the_request_names(path: str) -> None:
    new_user("ada@example.com")
    browser = Browser()
    page = browser.get("hosted_pages", path)
    headers = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "forwarded": "host=evil.example",
        "x-original-url": "//evil.example/",
    }
    for email in ("ada@example.com", EMAIL):
        browser.post("hosted_pages", path, hidden_fields(page) | {"email": email}, headers=headers)

    assert len(mails()) == 2
    assert all("evil.example" not in mail.body for mail in mails())
    assert any(f"{ISSUER}/u/" in mail.body for mail in mails())


@pytest.mark.row(71)
@pytest.mark.parametrize("spelling", ["GRACE@EXAMPLE.COM", " grace@example.com ", "grace@example\uff0ecom", "\uff47race@example.com"])
def test_there_is_one_account_for_all_spellings_of_an_address(spelling: str) -> None:
    owner = new_user(EMAIL)
    asked(Browser(), spelling)

    assert mails()[-1].destinations["ToAddresses"] == [EMAIL]
    assert "already have an account" in mails()[-1].subject
    assert users.get_by_email(EMAIL) == owner


@pytest.mark.row(71, 99)
@pytest.mark.parametrize(
    "address",
    [
        "",
        "grace",
        "@example.com",
        "grace@",
        "grace@localhost",
        "grаce@example.com",
        "grace\u200b@example.com",
        "a b@example.com",
        "grace@example.com\r\nBcc: x@evil.example",
        "grace@example.com,x@evil.example",
        "<grace@example.com>",
        '"x"@example.com',
        "a" * 700,
    ],
)
def test_what_is_no_address_gets_a_reason_and_no_mail(address: str) -> None:
    for path in ("/u/signup", "/u/forgot"):
        browser = Browser()
        page = browser.get("hosted_pages", path)
        answer = browser.fill(page, path, email=address)
        assert answer.status == 400
        assert 'id="error"' in answer.body
    assert mails() == []


def test_a_lost_answer_of_the_table_still_makes_one_account() -> None:
    browser = Browser()
    asked(browser)

    with trouble({"dynamodb.TransactWriteItems": [lose_answer]}):
        assert chosen(browser).status == 200

    assert Browser().sign_in(new_client().client_id, EMAIL, PASSWORD).status == 303


def test_a_form_of_another_browser_makes_no_account() -> None:
    browser = Browser()
    asked(browser)
    page = browser.get("hosted_pages", mailed_link("/u/verify"))

    assert Browser().fill(page, "/u/verify", password=PASSWORD).status == 403
    assert users.get_by_email(EMAIL) is None
