"""Signing a television in from a phone, in a real browser (RFC 8628)."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gatehouse.client_registration import Registered
from gatehouse.clients import DEVICE_GRANT
from tests.e2e import hosted_pages
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Deployment, Person

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


@pytest.fixture
def television(stack: Deployment) -> Registered:
    """An application that has no browser."""
    return stack.register("native", name="Living Room TV", grant_types=[DEVICE_GRANT, "refresh_token"])


def post(stack: Deployment, path: str, **form: str) -> dict[str, Any]:
    """What an endpoint answers to a form, be it an error."""
    asked = urllib.request.Request(f"{stack.issuer}{path}", urllib.parse.urlencode(form).encode())
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            body = answer.read()
    except urllib.error.HTTPError as refused:
        body = refused.read()
    found: dict[str, Any] = json.loads(body)
    return found


def codes(stack: Deployment, television: Registered) -> dict[str, Any]:
    return post(stack, "/oauth/device/code", client_id=television.client_id, scope="openid profile email offline_access")


def poll(stack: Deployment, television: Registered, given: dict[str, Any]) -> dict[str, Any]:
    return post(stack, "/oauth/token", grant_type=DEVICE_GRANT, client_id=television.client_id, device_code=given["device_code"])


def asked(page: Page, user_code: str) -> None:
    """The person is asked, beside the code."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Living Room TV on your device?")
    expect(page.locator("#user-code")).to_have_text(user_code)


def test_a_person_types_the_code_signs_in_and_allows(
    stack: Deployment, television: Registered, device: Callable[..., Device], ada: Person
) -> None:
    given, phone = codes(stack, television), device(**PHONE)
    page = phone.page()
    page.goto(given["verification_uri"])
    picture(page, "device-phone")
    page.get_by_label("Code").fill("bcdf-ghjk")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_be_visible()
    picture(page, "device-wrong-phone")
    page.get_by_label("Code").fill(given["user_code"].lower().replace("-", " "))
    page.get_by_role("button", name="Continue").click()
    hosted_pages.sign_in(page, ada)
    asked(page, given["user_code"])
    picture(page, "device-asked-phone")
    assert poll(stack, television, given)["error"] == "authorization_pending"
    page.get_by_role("button", name="Allow").click()
    assert hosted_pages.heading(page) == "Your device is signed in"
    picture(page, "device-done-phone")

    assert poll(stack, television, given)["scope"] == "openid profile email offline_access"
    assert phone.trouble == ["400 /u/device"]
    phone.trouble.clear()


def test_a_link_fills_the_code_in_and_who_is_signed_on_is_asked_all_the_same(
    stack: Deployment, television: Registered, device: Callable[..., Device], ada: Person
) -> None:
    page = device(color_scheme="dark").page()
    for decision, heading, outcome in (
        ("Deny", "The device was not let in", "access_denied"),
        ("Allow", "Your device is signed in", ""),
    ):
        given = codes(stack, television)
        page.goto(given["verification_uri_complete"])
        expect(page.get_by_label("Code")).to_have_value(given["user_code"])
        picture(page, "device-dark")
        page.get_by_role("button", name="Continue").click()
        if page.get_by_role("button", name="Sign in").is_visible():
            hosted_pages.sign_in(page, ada)
        asked(page, given["user_code"])
        picture(page, "device-asked-dark")
        page.get_by_role("button", name=decision).click()
        assert hosted_pages.heading(page) == heading
        picture(page, f"device-{decision.lower()}-dark")
        assert poll(stack, television, given).get("error", "") == outcome


def test_a_second_page_with_the_other_decision_comes_too_late(
    stack: Deployment, television: Registered, device: Callable[..., Device], ada: Person
) -> None:
    given, laptop = codes(stack, television), device()
    first, second = laptop.page(), laptop.page()
    first.goto(given["verification_uri_complete"])
    first.get_by_role("button", name="Continue").click()
    hosted_pages.sign_in(first, ada)
    asked(first, given["user_code"])
    picture(first, "device-asked")
    second.goto(given["verification_uri_complete"])
    picture(second, "device")
    second.get_by_role("button", name="Continue").click()
    asked(second, given["user_code"])
    first.get_by_role("button", name="Allow").click()
    assert hosted_pages.heading(first) == "Your device is signed in"
    second.get_by_role("button", name="Deny").click()
    assert hosted_pages.heading(second) == "Let’s start again"
    picture(second, "device-late")

    assert "access_token" in poll(stack, television, given)
    second.get_by_role("link", name="Enter another code").click()
    expect(second.get_by_label("Code")).to_be_empty()
    assert laptop.trouble == ["400 /u/consent"]
    laptop.trouble.clear()
