"""The account page in a real browser: seeing which applications were let in, and putting one out."""

import secrets
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e import hosted_pages
from tests.e2e.application import TIMEOUT_SECONDS, Application
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Deployment, Person

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


@pytest.fixture
def grace(stack: Deployment) -> Person:
    """Somebody whose sessions end here."""
    stack.forgive()
    return stack.person(f"grace{secrets.token_hex(4)}@example.com", name="Grace Hopper")


@pytest.fixture
def ledger(app: Callable[..., Application]) -> Application:
    return app("web", name="Pocket Ledger", first_party=False, client_uri="https://ledger.example.com/about")


@pytest.fixture
def printer(app: Callable[..., Application]) -> Application:
    return app("spa", name="Photo Printer of an Unusually Long Name and Company", first_party=False)


def let_in(application: Application, page: Page, **parameters: str) -> dict[str, Any]:
    """The tokens of an application that the person, signed on in this browser, allows."""
    beginning = application.begin(**parameters)
    page.goto(beginning.url)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{application.redirect_uri}?*")
    return application.finish(beginning, page.url)


def userinfo(stack: Deployment, tokens: dict[str, Any]) -> int:
    """The status of an answer about the person."""
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    return httpx.get(f"{stack.issuer}/userinfo", headers=headers, timeout=TIMEOUT_SECONDS).status_code


@pytest.mark.row(46)
def test_a_person_signs_in_to_the_page_and_puts_an_application_out(
    stack: Deployment, ledger: Application, printer: Application, device: Callable[..., Device], grace: Person
) -> None:
    page, address = device().page(), f"{stack.issuer}/u/account"
    page.goto(address)
    hosted_pages.sign_in(page, grace)
    page.wait_for_url(address)
    assert hosted_pages.heading(page) == "Your account"
    expect(page.locator("#no-applications")).to_be_visible()
    picture(page, "account-empty")
    wishes = '{"userinfo":{"birthdate":null,"phone_number":null}}'
    tokens, others = let_in(ledger, page, scope="openid email", claims=wishes), let_in(printer, page, scope="openid profile offline_access")

    page.goto(address)
    entry = page.locator(f"#application-{ledger.client_id}")
    for words in ("Pocket Ledger", "ledger.example.com", "See your email address", "See your date of birth", "See your phone number"):
        expect(entry).to_contain_text(words)
    picture(page, "account")
    page.locator(f"#remove-{ledger.client_id}").click()

    expect(page.get_by_role("status")).to_have_text("Pocket Ledger can no longer use your account.")
    expect(entry).to_have_count(0)
    picture(page, "account-removed")
    assert ledger.introspect(tokens["access_token"]) == {"active": False}
    assert userinfo(stack, tokens) == 401 and userinfo(stack, others) == 200
    assert ledger.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    page.goto(ledger.begin(scope="openid").url)
    assert hosted_pages.heading(page) == "Allow Pocket Ledger to use your account?"


@pytest.mark.parametrize(
    ("name", "options"), [("phone", PHONE), ("dark", {"color_scheme": "dark"}), ("phone-dark", PHONE | {"color_scheme": "dark"})]
)
def test_the_page_on_a_phone_and_in_the_dark(
    name: str,
    options: dict[str, Any],
    stack: Deployment,
    ledger: Application,
    printer: Application,
    device: Callable[..., Device],
    grace: Person,
) -> None:
    page = device(**options).page()
    page.goto(f"{stack.issuer}/u/account")
    hosted_pages.sign_in(page, grace)
    page.wait_for_url(f"{stack.issuer}/u/account")
    beginning = ledger.begin(scope="openid email", claims='{"userinfo":{"birthdate":null,"name":null}}')
    page.goto(beginning.url)
    picture(page, f"consent-claims-{name}")
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{ledger.redirect_uri}?*")
    let_in(printer, page, scope="openid profile offline_access")

    page.goto(f"{stack.issuer}/u/account")
    picture(page, f"account-{name}")

    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box and box["height"] >= 44


def test_a_person_signs_out_everywhere_from_there(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], grace: Person
) -> None:
    own, page, elsewhere = app("spa"), device().page(), device()
    there = hosted_pages.signed_in(own, elsewhere, grace)
    page.goto(f"{stack.issuer}/u/account")
    hosted_pages.sign_in(page, grace)
    page.locator("#sign-out-everywhere").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out everywhere")
    assert userinfo(stack, there) == 401
    for each in (page, elsewhere.page()):
        each.goto(f"{stack.issuer}/u/account")
        assert hosted_pages.heading(each) == "Sign in"
