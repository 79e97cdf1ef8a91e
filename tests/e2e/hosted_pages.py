"""What a person does on the hosted pages, by the names and labels that they see."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.application import Application
from tests.e2e.chromium import Device
from tests.e2e.deployment import Person


def sign_in(page: Page, person: Person, password: str = "") -> None:
    """Fill in the login page and send it; the person's own password unless another is given."""
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(password or person.password)
    page.get_by_role("button", name="Sign in").click()


def signed_in(application: Application, on: Device, person: Person, **parameters: str) -> dict[str, Any]:
    """What the application holds after the person has signed in to it there: the token response."""
    page, beginning = on.page(), application.begin(**parameters)
    page.goto(beginning.url)
    sign_in(page, person)
    page.wait_for_url(f"{application.redirect_uri}?*")
    tokens = application.finish(beginning, page.url)
    page.close()
    return tokens


def ask_for_mail(page: Page, email: str, button: str) -> None:
    """Give an address, on the page for signing up or the one for a forgotten password."""
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")


def choose_password(page: Page, label: str, password: str, button: str) -> None:
    page.get_by_label(label, exact=True).fill(password)
    page.get_by_role("button", name=button).click()


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()
