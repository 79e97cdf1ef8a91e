"""Applications of every kind, and browsers with habits of their own, on the way through the hosted pages."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e import application, hosted_pages
from tests.e2e.application import Application, sent_back
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person


@pytest.mark.row(2)
def test_a_native_application_gets_its_code_on_whatever_loopback_port_it_listens(
    stack: Deployment, origin: str, device: Callable[..., Device], ada: Person
) -> None:
    registered = stack.register("native", redirect_uris=["http://127.0.0.1/callback"])
    listening = f"http://127.0.0.1:{urlsplit(origin).port}/callback"
    native = application.Application(stack, registered, listening)

    assert hosted_pages.signed_in(native, device(), ada)["refresh_token"]


def test_a_native_application_gets_its_code_by_its_own_scheme(stack: Deployment, device: Callable[..., Device], ada: Person) -> None:
    redirect_uri = "com.example.ledger:/callback"
    registered = stack.register("native", redirect_uris=[redirect_uri])
    native, page = application.Application(stack, registered, redirect_uri), device().page()
    beginning = native.begin()
    page.goto(beginning.url)

    with page.expect_response(f"{stack.issuer}/u/login") as answer:
        hosted_pages.sign_in(page, ada)

    # No browser here opens that scheme, but none may refuse to either: a CSP violation would fail this test.
    page.wait_for_timeout(300)
    assert native.finish(beginning, answer.value.headers["location"])["id_token"]


def test_a_browser_without_scripts_signs_in(app: Callable[..., Application], device: Callable[..., Device], ada: Person) -> None:
    assert hosted_pages.signed_in(app(), device(java_script_enabled=False), ada)["id_token"]


def test_of_two_tabs_that_wait_at_the_login_page_the_second_gets_on_after_the_first(
    app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    one, other, laptop = app(), app("web"), device()
    tabs = [laptop.page(), laptop.page()]
    beginnings = [one.begin(), other.begin()]
    for tab, beginning in zip(tabs, beginnings, strict=True):
        tab.goto(beginning.url)

    hosted_pages.sign_in(tabs[0], ada)
    tabs[0].wait_for_url(f"{one.redirect_uri}?*")
    hosted_pages.sign_in(tabs[1], ada)
    tabs[1].get_by_role("link", name="Start again").click()
    tabs[1].wait_for_url(f"{other.redirect_uri}?*")

    assert other.finish(beginnings[1], tabs[1].url)["id_token"]
    assert laptop.trouble == ["403 /u/login"]
    laptop.trouble.clear()


def test_who_signs_up_for_an_application_of_others_is_asked_for_consent_at_the_end(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device]
) -> None:
    stranger, page = app("web", name="Pocket Ledger", first_party=False), device().page()
    emmy, beginning = Person("emmy@example.com", "invariants are kept by symmetry"), stranger.begin()
    page.goto(beginning.url)
    page.get_by_role("link", name="Create an account").click()
    hosted_pages.ask_for_mail(page, emmy.email, "Continue")
    page.goto(stack.newest_link(emmy.email))
    hosted_pages.choose_password(page, "Password", emmy.password, "Create account")

    expect(page.get_by_role("heading", level=1)).to_have_text("Allow Pocket Ledger to use your account?")
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{stranger.redirect_uri}?*")
    assert stranger.finish(beginning, page.url)["id_token"]


def test_another_person_signs_in_where_the_application_asks_for_it(
    app: Callable[..., Application], device: Callable[..., Device], ada: Person, stack: Deployment
) -> None:
    web, laptop, alan = app("web"), device(), stack.person("alan@example.com")
    hosted_pages.signed_in(web, laptop, ada)
    page = laptop.page()

    page.goto(web.begin(prompt="login", login_hint=alan.email).url)
    expect(page.get_by_label("Email")).to_have_value(alan.email)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    hosted_pages.sign_in(page, alan)
    page.wait_for_url(f"{web.redirect_uri}?*")

    beginning = web.begin(prompt="none")
    page.goto(beginning.url)
    assert web.introspect(web.finish(beginning, page.url)["access_token"])["sub"] == alan.user_id
    assert "error" not in sent_back(page.url)
