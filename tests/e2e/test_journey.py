"""A person's way through it all, in a real browser: from signing up to ending every session on every device."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from playwright.sync_api import expect

from tests.e2e import hosted_pages
from tests.e2e.application import Application, get, post, sent_back
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Deployment, Person

SCOPES = "openid profile email orders:read"
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


@pytest.fixture
def shop(stack: Deployment, app: Callable[..., Application]) -> Application:
    """An application that shows people their orders."""
    return app("web", name="Brass & Sons", audience=stack.instance.orders_url, scopes=SCOPES.split())


@pytest.mark.row(37, 38)
def test_somebody_signs_up_and_later_ends_every_session_from_one_device(
    stack: Deployment, shop: Application, device: Callable[..., Device]
) -> None:
    grace = Person("grace@example.com", "seven ships sail past the harbour")
    laptop, phone = device(), device(**PHONE)

    on_laptop, nonce = signed_up(shop, laptop, grace)
    assert_identity(stack, shop, on_laptop, nonce, grace)
    on_phone = hosted_pages.signed_in(shop, phone, grace)
    for tokens in (on_laptop, on_phone):
        assert_alive(stack, shop, tokens)

    assert post(f"{stack.issuer}/me/sign-out", on_phone["access_token"]).status_code == 204

    for tokens in (on_laptop, on_phone):
        assert_dead(stack, shop, tokens)
    for each in (laptop, phone):
        assert_signed_off(shop, each)


@pytest.mark.row(13)
def test_the_next_application_needs_no_password(app: Callable[..., Application], device: Callable[..., Device], ada: Person) -> None:
    laptop = device()
    first, second = app(), app("web")
    hosted_pages.signed_in(first, laptop, ada)
    beginning = second.begin()

    page = laptop.page()
    page.goto(beginning.url)

    assert page.url.startswith(second.redirect_uri)
    assert second.finish(beginning, page.url)["scope"] == "openid profile email"


def test_a_link_that_is_opened_on_another_device_makes_the_account_and_leads_to_the_application(
    stack: Deployment, origin: str, app: Callable[..., Application], device: Callable[..., Device]
) -> None:
    spa, laptop, phone = app(initiate_login_uri=f"{origin}/"), device(), device(**PHONE)
    mary = Person("mary@example.com", "the analytical engine hums tonight")
    page = laptop.page()
    page.goto(spa.begin().url)
    page.get_by_role("link", name="Create an account").click()
    hosted_pages.ask_for_mail(page, mary.email, "Continue")

    other = phone.page()
    other.goto(stack.newest_link(mary.email))
    hosted_pages.choose_password(other, "Password", mary.password, "Create account")
    assert hosted_pages.heading(other) == "Your account is ready"
    picture(other, "account-ready-phone")
    other.get_by_role("link", name="Sign in").click()
    other.wait_for_url(f"{origin}/?*")

    assert sent_back(other.url) == {"iss": stack.issuer}
    assert hosted_pages.signed_in(spa, phone, mary)["id_token"]


def signed_up(application: Application, on: Device, person: Person) -> tuple[dict[str, Any], str]:
    """From the application through the mail to its tokens, and the nonce, as somebody without an account does it."""
    stack = application.deployment
    page, beginning = on.page(), application.begin()
    page.goto(beginning.url)
    picture(page, "login")
    page.get_by_role("link", name="Create an account").click()
    picture(page, "signup")
    hosted_pages.ask_for_mail(page, person.email, "Continue")
    picture(page, "check-mail")
    page.goto(stack.newest_link(person.email))
    expect(page.get_by_label("Email")).to_have_value(person.email)
    picture(page, "choose-password")
    hosted_pages.choose_password(page, "Password", person.password, "Create account")
    page.wait_for_url(f"{application.redirect_uri}?*")
    return application.finish(beginning, page.url), beginning.nonce


def assert_identity(stack: Deployment, application: Application, tokens: dict[str, Any], nonce: str, person: Person) -> None:
    keys = jwt.PyJWKClient(f"{stack.issuer}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(tokens["id_token"])
    client_id = application.client_id
    claims = jwt.decode(tokens["id_token"], key, algorithms=["RS256"], audience=client_id, issuer=stack.issuer)
    assert claims["nonce"] == nonce
    about = get(f"{stack.issuer}/userinfo", tokens["access_token"]).json()
    assert about["sub"] == claims["sub"]
    assert (about["email"], about["email_verified"]) == (person.email, True)


def assert_alive(stack: Deployment, application: Application, tokens: dict[str, Any]) -> None:
    assert get(f"{stack.issuer}/userinfo", tokens["access_token"]).status_code == 200
    assert get(f"{stack.instance.orders_url}/orders", tokens["access_token"]).status_code == 200
    assert application.introspect(tokens["access_token"])["active"] is True
    assert application.introspect(tokens["refresh_token"])["active"] is True


def assert_dead(stack: Deployment, application: Application, tokens: dict[str, Any]) -> None:
    assert get(f"{stack.issuer}/userinfo", tokens["access_token"]).status_code == 401
    assert get(f"{stack.instance.orders_url}/orders", tokens["access_token"]).status_code == 403
    assert application.introspect(tokens["access_token"]) == {"active": False}
    assert application.introspect(tokens["refresh_token"]) == {"active": False}
    refused = application.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def assert_signed_off(application: Application, on: Device) -> None:
    """The device's cookie opens nothing any more: neither silently nor with the person in front of it."""
    page = on.page()
    page.goto(application.begin(prompt="none").url)
    assert sent_back(page.url)["error"] == "login_required"
    page.goto(application.begin().url)
    assert hosted_pages.heading(page) == "Sign in"
    picture(page, f"login-{page.evaluate('innerWidth')}")
