"""The account page and the questions of applications in a real browser: a profile, a mail address and devices in a person's own hands."""

import secrets
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e import hosted_pages
from tests.e2e.application import TIMEOUT_SECONDS, Application
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Deployment, Person
from tests.e2e.test_browser_account import PHONE, userinfo


@pytest.fixture
def grace(stack: Deployment) -> Person:
    """Somebody who changes their account."""
    stack.forgive()
    return stack.person(f"grace{secrets.token_hex(4)}@example.com", name="Grace Hopper")


def at_account(stack: Deployment, on: Device, person: Person) -> Page:
    """The account page, after signing in to it."""
    page, address = on.page(), f"{stack.issuer}/u/account"
    page.goto(address)
    hosted_pages.sign_in(page, person)
    page.wait_for_url(address)
    return page


def test_a_person_fills_in_their_profile_and_an_application_sees_it(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], grace: Person
) -> None:
    own, on = app("spa", scopes=["openid", "profile", "address"]), device()
    page = at_account(stack, on, grace)
    page.get_by_label("First name").fill("Grace Brewster")
    page.get_by_label("Date of birth").fill("1906-12-09")
    page.get_by_label("City").fill("New York")
    picture(page, "account-profile")
    page.get_by_role("button", name="Save profile").click()

    expect(page.get_by_role("status")).to_have_text("Your profile is saved.")
    expect(page.get_by_label("First name")).to_have_value("Grace Brewster")
    beginning = own.begin()
    page.goto(beginning.url)
    page.wait_for_url(f"{own.redirect_uri}?*")
    headers = {"authorization": f"Bearer {own.finish(beginning, page.url)['access_token']}"}
    told = httpx.get(f"{stack.issuer}/userinfo", headers=headers, timeout=TIMEOUT_SECONDS).json()
    assert (told["given_name"], told["birthdate"], told["address"]) == ("Grace Brewster", "1906-12-09", {"locality": "New York"})


def test_a_person_signs_out_all_others_and_stays_here(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], grace: Person
) -> None:
    own, here, there = app("spa"), device(), device()
    kept, ended = hosted_pages.signed_in(own, here, grace), hosted_pages.signed_in(own, there, grace)
    page = here.page()
    page.goto(f"{stack.issuer}/u/account")
    expect(page.get_by_text("This browser", exact=True)).to_have_count(1)
    page.get_by_role("button", name="Sign out all others").click()

    expect(page.get_by_role("status")).to_have_text("You are signed out everywhere else.")
    assert [userinfo(stack, tokens) for tokens in (kept, ended)] == [200, 401]
    elsewhere = there.page()
    elsewhere.goto(f"{stack.issuer}/u/account")
    assert hosted_pages.heading(elsewhere) == "Sign in"


@pytest.mark.parametrize(("name", "options"), [("desktop", {}), ("phone-dark", PHONE | {"color_scheme": "dark"})])
def test_an_application_asks_once(
    name: str,
    options: dict[str, object],
    stack: Deployment,
    app: Callable[..., Application],
    device: Callable[..., Device],
    grace: Person,
) -> None:
    fields = [
        {"name": "user_metadata.size", "label": "Shoe size", "required": False},
        {"name": "given_name", "required": True},
        {"name": "birthdate", "required": False},
    ]
    shop, page = app("spa", name="Shoe Shop", profile_fields=fields), device(**options).page()
    page.goto(shop.begin().url)
    hosted_pages.sign_in(page, grace)
    expect(page.get_by_role("heading", level=1)).to_have_text("A little about you")
    expect(page.get_by_label("Date of birth")).to_have_count(0)
    picture(page, f"profile-questions-{name}")
    page.get_by_label("First name").fill("Grace")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{shop.redirect_uri}?*")

    page.goto(shop.begin().url)
    expect(page.get_by_label("Date of birth")).to_be_visible()
    page.get_by_role("button", name="Not now").click()
    page.wait_for_url(f"{shop.redirect_uri}?*")
    page.goto(shop.begin().url)
    page.wait_for_url(f"{shop.redirect_uri}?*")


def test_a_mail_address_is_changed_by_the_link_that_goes_to_the_new_one(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], grace: Person
) -> None:
    page, new = at_account(stack, device(), grace), f"new{secrets.token_hex(4)}@example.com"
    page.get_by_label("New address").fill(new)
    page.get_by_label("Your password").fill(grace.password)
    page.get_by_role("button", name="Change address").click()
    expect(page.locator("#mailed")).to_be_visible()
    assert stack.mails_to(grace.email)[0]["Subject"] == "A new address for your Gatehouse account was asked for"

    # The mail is read elsewhere, where nobody is signed on yet.
    elsewhere = device(**PHONE).page()
    elsewhere.goto(stack.newest_link(new))
    hosted_pages.sign_in(elsewhere, grace)
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Use this address from now on?")
    picture(elsewhere, "mail-change-phone")
    elsewhere.get_by_role("button", name="Use this address").click()

    expect(elsewhere.locator("#email-changed")).to_be_visible()
    assert stack.mails_to(grace.email)[0]["Subject"] == "The address of your Gatehouse account was changed"
    hosted_pages.signed_in(app("spa"), device(), Person(new, grace.password))


def test_a_new_password_leaves_this_browser_signed_in_and_no_other(stack: Deployment, device: Callable[..., Device], grace: Person) -> None:
    here, there = at_account(stack, device(), grace), at_account(stack, device(), grace)
    here.get_by_label("Current password").fill(grace.password)
    here.get_by_label("New password").fill("seven ginger otters juggle lanterns")
    here.get_by_role("button", name="Change password").click()

    expect(here.locator("#password-changed")).to_be_visible()
    there.reload()
    assert hosted_pages.heading(there) == "Sign in"
