"""Signing out of one browser, at an application's wish or one's own, in a real browser."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.e2e import hosted_pages
from tests.e2e.application import Application, sent_back
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Deployment, Person

pytestmark = pytest.mark.row(44)
SIGN_ON = "__Host-gatehouse"


def test_with_its_id_token_an_application_signs_out_and_gets_the_browser_back(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    spa, laptop, phone = app(), device(), device()
    here, there = hosted_pages.signed_in(spa, laptop, ada), hosted_pages.signed_in(spa, phone, ada)
    page = laptop.page()
    back = spa.redirect_uri.replace("/callback", "/signed-out")
    query = {"id_token_hint": here["id_token"], "post_logout_redirect_uri": back, "state": "the-end"}

    page.goto(f"{stack.issuer}/oidc/logout?{urlencode(query)}")

    assert page.url == f"{back}?state=the-end"
    assert SIGN_ON not in laptop.cookies(stack.issuer)
    assert spa.refresh(here["refresh_token"]).json()["error"] == "invalid_grant"
    assert spa.refresh(there["refresh_token"]).status_code == 200
    page.goto(spa.begin(prompt="none").url)
    assert sent_back(page.url)["error"] == "login_required"


def test_without_an_id_token_the_person_is_asked_first(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    spa, laptop = app(), device()
    tokens = hosted_pages.signed_in(spa, laptop, ada)
    page = laptop.page()

    page.goto(f"{stack.issuer}/oidc/logout?client_id={spa.client_id}")
    assert hosted_pages.heading(page) == "Sign out?"
    picture(page, "logout")
    assert SIGN_ON in laptop.cookies(stack.issuer)
    page.get_by_role("button", name="Sign out").click()

    assert hosted_pages.heading(page) == "You are signed out"
    picture(page, "signed-out")
    assert SIGN_ON not in laptop.cookies(stack.issuer)
    assert spa.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_the_confirmation_leads_back_to_the_application_when_its_address_is_registered(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    spa, laptop = app(), device()
    hosted_pages.signed_in(spa, laptop, ada)
    page = laptop.page()
    back = spa.redirect_uri.replace("/callback", "/signed-out")
    query = {"client_id": spa.client_id, "post_logout_redirect_uri": back, "state": "x y&z"}

    page.goto(f"{stack.issuer}/oidc/logout?{urlencode(query)}")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{back}?*")

    assert sent_back(page.url) == {"state": "x y&z"}


def test_an_unregistered_address_is_never_redirected_to(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    spa, laptop = app(), device()
    tokens = hosted_pages.signed_in(spa, laptop, ada)
    page = laptop.page()
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://localhost:1/elsewhere"}

    page.goto(f"{stack.issuer}/oidc/logout?{urlencode(query)}")

    assert page.url.startswith(stack.issuer)
    picture(page, "untrusted-logout")
    assert SIGN_ON in laptop.cookies(stack.issuer)
    assert laptop.trouble == ["400 /oidc/logout"]
    laptop.trouble.clear()
