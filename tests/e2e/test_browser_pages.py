"""What can go wrong on the hosted pages, and the way out of it, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import hosted_pages
from tests.e2e.application import Application, sent_back
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Deployment, Person

NEW_PASSWORD = "four hinges and a weathered bell"


@pytest.mark.row(60, 61)
def test_a_wrong_password_is_said_without_telling_what_was_wrong(
    app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    spa, laptop = app(), device()
    page = laptop.page()
    page.goto(spa.begin().url)
    said = []
    for person in (ada, Person("nobody@example.com", "no such person was ever here")):
        hosted_pages.sign_in(page, person, "certainly not the password")
        alert = page.get_by_role("alert")
        expect(alert).to_be_visible()
        said.append(alert.inner_text())
        expect(page.get_by_label("Email")).to_have_value(person.email)
        expect(page.get_by_label("Password", exact=True)).to_be_empty()
    picture(page, "wrong-password")
    hosted_pages.sign_in(page, ada)

    assert said[0] == said[1]
    assert "code" in sent_back(page.url)
    assert laptop.trouble == ["400 /u/login"] * 2
    laptop.trouble.clear()


@pytest.mark.row(37)
def test_a_forgotten_password_is_replaced_by_mail_and_every_device_signed_out(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device]
) -> None:
    spa, laptop, joan = app(), device(), stack.person("joan@example.com")
    before = hosted_pages.signed_in(spa, laptop, joan)
    page = laptop.page()

    page.goto(spa.begin(prompt="login").url)
    page.get_by_role("link", name="Forgot password?").click()
    picture(page, "forgot")
    hosted_pages.ask_for_mail(page, joan.email, "Send link")
    link = stack.newest_link(joan.email)
    page.goto(link)
    hosted_pages.choose_password(page, "New password", joan.password[:8], "Set password")
    # The browser itself holds the form back: the field says how long a password must be.
    assert page.evaluate("document.querySelector('#password').validity.tooShort")
    picture(page, "reset")
    hosted_pages.choose_password(page, "New password", NEW_PASSWORD, "Set password")
    assert hosted_pages.heading(page) == "Your password is changed"
    picture(page, "password-changed")
    page.get_by_role("link", name="Sign in").click()
    hosted_pages.sign_in(page, joan, NEW_PASSWORD)

    assert "code" in sent_back(page.url)
    assert spa.refresh(before["refresh_token"]).json()["error"] == "invalid_grant"
    page.goto(link)
    assert page.get_by_role("link", name="Send a new link").is_visible()
    picture(page, "used-link")
    assert laptop.trouble == ["400 /u/reset"]
    laptop.trouble.clear()


def test_signing_up_with_an_address_that_has_an_account_looks_the_same_and_mails_the_truth(
    stack: Deployment, device: Callable[..., Device], ada: Person
) -> None:
    page = device().page()
    page.goto(f"{stack.issuer}/u/signup")
    hosted_pages.ask_for_mail(page, "newcomer@example.com", "Continue")
    shown = page.get_by_role("main").inner_text()
    page.goto(f"{stack.issuer}/u/signup")
    hosted_pages.ask_for_mail(page, ada.email, "Continue")

    assert page.get_by_role("main").inner_text() == shown.replace("newcomer@example.com", ada.email)
    assert stack.mails_to(ada.email)[0]["Subject"] == "You already have an account at Gatehouse"


@pytest.mark.parametrize(("page_name", "button"), [("signup", "Continue"), ("forgot", "Send link")])
def test_a_mistyped_address_is_put_right_where_it_was_given(
    page_name: str, button: str, stack: Deployment, app: Callable[..., Application], device: Callable[..., Device]
) -> None:
    page = device().page()
    page.goto(app().begin().url)
    form = page.url.replace("/u/login", f"/u/{page_name}")
    page.goto(form)
    hosted_pages.ask_for_mail(page, "mistyped@example.com", button)
    page.get_by_role("link", name="Try again or use another address").click()

    assert page.url == form


def test_the_keyboard_alone_signs_in(app: Callable[..., Application], device: Callable[..., Device], ada: Person) -> None:
    spa, page = app(), device().page()
    page.goto(spa.begin().url)

    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(ada.email)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert focus_is_visible(page)
    page.keyboard.type(ada.password)
    picture(page, "login-focus")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{spa.redirect_uri}?*")

    assert "code" in sent_back(page.url)


def test_every_control_of_the_login_page_is_reached_by_tab_in_the_order_that_it_is_read(
    app: Callable[..., Application], device: Callable[..., Device]
) -> None:
    page = device().page()
    page.goto(app().begin().url)

    visited = []
    for _ in range(5):
        visited.append(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
        assert focus_is_visible(page), visited[-1]
        page.keyboard.press("Tab")

    assert visited == ["email", "password", "Forgot password?", "Sign in", "Create an account"]


def test_the_back_button_after_signing_in_leads_to_a_page_that_still_helps(
    app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    spa, laptop = app(), device()
    page = laptop.page()
    page.goto(spa.begin().url)
    hosted_pages.sign_in(page, ada)
    page.wait_for_url(f"{spa.redirect_uri}?*")
    page.go_back()
    picture(page, "back-after-sign-in")
    page.get_by_role("link", name="Start again").click()

    page.wait_for_url(f"{spa.redirect_uri}?*")
    assert "code" in sent_back(page.url)
    assert laptop.trouble == ["403 /u/login"]
    laptop.trouble.clear()


def focus_is_visible(page: Page) -> bool:
    """Whether the focused element is drawn otherwise than without the focus."""
    script = """() => {
        const element = document.activeElement
        const look = ({ outlineStyle, outlineWidth, boxShadow }) => [outlineStyle, outlineWidth, boxShadow].join()
        const lit = look(getComputedStyle(element))
        element.blur()
        const dark = look(getComputedStyle(element))
        element.focus()
        return lit !== dark
    }"""
    return bool(page.evaluate(script))
