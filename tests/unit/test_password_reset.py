"""Choosing a new password by a mailed link (rows 72 to 75)."""

import pytest

from gatehouse import table, tickets, users
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.faults import THROTTLED, always, lose_answer, trouble
from tests.unit.flows import (
    PASSWORD,
    Browser,
    exchange,
    later,
    mailed_link,
    mails,
    new_client,
    new_user,
    refresh,
    signed_in,
    userinfo,
)
from tests.unit.test_login import START_AGAIN, opened
from tests.unit.test_sessions import SIGN_ON, silent

EMAIL = "ada@example.com"
NEW_PASSWORD = "tin umbrella forgets nothing"


def link_for(email: str = EMAIL, browser: Browser | None = None, sign_in: str = "") -> str:
    """The link that the mail brings who asks on the forgot page."""
    browser = browser or Browser()
    page = browser.get("hosted_pages", f"/u/forgot?signin={sign_in}" if sign_in else "/u/forgot")
    browser.fill(page, "/u/forgot", email=email)
    return mailed_link("/u/reset")


def reset(link: str, browser: Browser | None = None, password: str = NEW_PASSWORD) -> Answer:
    browser = browser or Browser()
    return browser.fill(browser.get("hosted_pages", link), "/u/reset", password=password)


def works(password: str, email: str = EMAIL) -> bool:
    return Browser().sign_in(new_client().client_id, email, password).status == 303


@pytest.mark.row(72)
def test_the_new_password_works_and_the_old_one_does_not() -> None:
    new_user()

    assert reset(link_for()).status == 200
    assert works(NEW_PASSWORD)
    assert not works(PASSWORD)


@pytest.mark.row(37, 72)
def test_it_ends_every_session_and_sign_on() -> None:
    new_user()
    app = new_client()
    laptop, phone = Browser(), Browser()
    sessions = [signed_in(app.client_id, browser) for browser in (laptop, phone)]
    code = Browser().sign_in(app.client_id).sent_back["code"]

    reset(link_for())

    for tokens in sessions:
        assert userinfo(tokens["access_token"]).status == 401
        assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
    for browser in (laptop, phone):
        assert silent(browser, app.client_id) == "login_required"
    assert exchange(app.client_id, code).json["error"] == "invalid_grant"


@pytest.mark.row(72)
def test_it_signs_nobody_in() -> None:
    new_user()
    app, browser = new_client(), Browser()
    sign_in = opened(browser, app.client_id)
    answer = reset(link_for(browser=browser), browser)

    assert sign_in.status == answer.status == 200
    assert SIGN_ON not in browser.cookies
    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(72)
def test_from_the_same_browser_the_way_leads_back_to_the_application() -> None:
    new_user()
    app, browser = new_client(), Browser()
    started = browser.authorize(app.client_id, state="mine")
    done = reset(link_for(browser=browser, sign_in=started.sent_back["signin"]), browser)

    assert "state=mine" in done.body


@pytest.mark.row(72)
def test_elsewhere_the_page_says_so_and_leads_into_nobody_s_request() -> None:
    new_user()
    app, browser = new_client(), Browser()
    started = browser.authorize(app.client_id, state="of-another-browser")
    done = reset(link_for(browser=browser, sign_in=started.sent_back["signin"]))

    assert done.status == 200
    assert "of-another-browser" not in done.body
    assert "/u/start" not in done.body


@pytest.mark.row(72)
def test_a_link_works_once() -> None:
    new_user()
    link, browser = link_for(), Browser()
    page = browser.get("hosted_pages", link)
    assert browser.fill(page, "/u/reset", password=NEW_PASSWORD).status == 200

    again = browser.fill(page, "/u/reset", password="another password entirely")

    assert again.status == 400
    assert "sign in" in again.body
    assert START_AGAIN.search(again.body)
    assert browser.get("hosted_pages", link).status == 400
    assert works(NEW_PASSWORD)


@pytest.mark.row(72)
def test_a_link_is_over_after_half_an_hour_though_the_item_is_still_there() -> None:
    new_user()
    with later(0):
        link, browser = link_for(), Browser()
        page = browser.get("hosted_pages", link)
        with later(1799):
            assert browser.get("hosted_pages", link).status == 200
        with later(1800):
            assert browser.get("hosted_pages", link).status == 400
            assert browser.fill(page, "/u/reset", password=NEW_PASSWORD).status == 400
    assert table.get(table.ticket_key(tickets.RESET, EMAIL)) is not None
    assert works(PASSWORD)


@pytest.mark.row(72)
def test_a_newer_link_kills_the_older() -> None:
    new_user()
    older, newer = link_for(), link_for()

    assert Browser().get("hosted_pages", older).status == 400
    assert reset(newer).status == 200


@pytest.mark.row(72)
def test_a_link_dies_when_the_account_s_address_changes() -> None:
    user = new_user()
    browser = Browser()
    page = browser.get("hosted_pages", link_for())
    users.describe(user.user_id, email="ada@elsewhere.example")

    assert browser.fill(page, "/u/reset", password=NEW_PASSWORD).status == 400
    found = users.get(user.user_id)
    assert found is not None and found.password_hash == user.password_hash


@pytest.mark.row(72, 95)
def test_a_link_dies_with_the_account_and_opens_no_later_one_with_the_same_address() -> None:
    user = new_user()
    browser = Browser()
    page = browser.get("hosted_pages", link_for())
    table.delete(table.user_key(user.user_id))
    table.delete(table.email_key(EMAIL))
    later_owner = new_user()

    assert browser.fill(page, "/u/reset", password=NEW_PASSWORD).status == 400
    assert users.get(later_owner.user_id) == later_owner
    assert users.get(user.user_id) is None


@pytest.mark.row(72)
def test_opening_the_link_uses_nothing_up() -> None:
    new_user()
    link = link_for()
    path, _, query = link.removeprefix(ISSUER).partition("?")
    for method in ("GET", "HEAD", "GET"):
        assert call("hosted_pages", method, path, query=query).status == 200

    assert reset(link).status == 200


@pytest.mark.row(72)
def test_the_page_sends_its_address_to_nobody() -> None:
    new_user()
    page = Browser().get("hosted_pages", link_for())

    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "form-action 'self';" in page.headers["content-security-policy"]


@pytest.mark.row(72)
def test_a_bad_password_leaves_the_link_and_the_old_password() -> None:
    new_user()
    link = link_for()

    assert reset(link, password="short").status == 400
    assert works(PASSWORD)
    assert reset(link).status == 200


@pytest.mark.row(72)
def test_a_blocked_user_s_new_password_opens_nothing() -> None:
    user = new_user()
    users.set_blocked(user.user_id, True)

    assert reset(link_for()).status == 200
    assert not works(NEW_PASSWORD)


@pytest.mark.row(74, 37)
def test_a_sign_in_that_the_reset_overtook_ends_with_it() -> None:
    new_user()
    app, thief = new_client(), Browser()
    page = opened(thief, app.client_id)
    link = link_for()
    # The thief's old password was compared before the reset and the code redeemed after it.
    back = thief.fill(page, "/u/login", email=EMAIL, password=PASSWORD)
    reset(link)

    assert exchange(app.client_id, back.sent_back["code"]).json["error"] == "invalid_grant"
    assert silent(thief, app.client_id) == "login_required"


@pytest.mark.row(75)
def test_a_link_is_for_the_account_it_was_made_for_whatever_the_form_says() -> None:
    new_user()
    eve = new_user("eve@example.com")
    browser = Browser()
    page = browser.get("hosted_pages", link_for("eve@example.com"))

    more = {"email": EMAIL, "user_id": eve.user_id.replace("a", "b"), "username": EMAIL}
    assert browser.fill(page, "/u/reset", password=NEW_PASSWORD, **more).status == 200

    assert works(PASSWORD, EMAIL)
    assert works(NEW_PASSWORD, "eve@example.com")


@pytest.mark.row(68, 75)
def test_who_has_no_account_gets_no_link() -> None:
    browser = Browser()
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email="nobody@example.com")

    assert "ticket" not in mails()[-1].body


@pytest.mark.row(25)
def test_the_table_does_not_hold_the_link() -> None:
    new_user()
    value = link_for().partition("?ticket=")[2]

    items, _ = table.scan(None, limit=1000)
    assert value not in str(items)
    [ticket] = [item for item in items if item["pk"].startswith("TICKET#reset#")]
    assert len(ticket["digest"]) == 32


def test_a_form_of_another_browser_or_site_changes_nothing() -> None:
    new_user()
    browser = Browser()
    page = browser.get("hosted_pages", link_for())

    assert Browser().fill(page, "/u/reset", password=NEW_PASSWORD).status == 403
    assert (
        call(
            "hosted_pages",
            "POST",
            "/u/reset",
            form={"password": NEW_PASSWORD},
            headers={"origin": "https://evil.example"},
        ).status
        == 403
    )
    assert works(PASSWORD)


def test_a_lost_answer_of_the_table_is_one_reset_and_not_a_dead_link() -> None:
    user = new_user()

    with trouble({"dynamodb.TransactWriteItems": [lose_answer]}):
        assert reset(link_for()).status == 200

    found = users.get(user.user_id)
    assert found is not None and found.epoch == user.epoch + 1
    assert works(NEW_PASSWORD)


def test_an_outage_leaves_link_and_password_as_they_were() -> None:
    new_user()
    link, browser = link_for(), Browser()
    page = browser.get("hosted_pages", link)

    with trouble({"dynamodb.TransactWriteItems": always(THROTTLED)}):
        answer = browser.fill(page, "/u/reset", password=NEW_PASSWORD)

    assert answer.status == 503
    assert "retry-after" in answer.headers
    assert works(PASSWORD)
    assert browser.fill(page, "/u/reset", password=NEW_PASSWORD).status == 200
