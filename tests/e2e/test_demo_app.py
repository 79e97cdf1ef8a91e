"""The demo application that `make run` points at: what the README promises a newcomer, in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from local import seed
from tests.e2e import hosted_pages
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Deployment, Person

DEMO = Person(seed.EMAIL, seed.PASSWORD)


def signed_in(stack: Deployment, on: Device) -> Page:
    page = on.page()
    page.goto(stack.instance.app_url)
    page.get_by_role("button", name="Sign in").click()
    hosted_pages.sign_in(page, DEMO)
    expect(page.get_by_role("heading", name="Demo Person")).to_be_visible()
    return page


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def newest(page: Page) -> Locator:
    return page.get_by_role("listitem").first


def test_a_person_signs_in_and_calls_the_api(stack: Deployment, device: Callable[..., Device]) -> None:
    page = signed_in(stack, device())

    press(page, "Call the orders API")

    expect(newest(page)).to_contain_text("200GET /orders")
    expect(newest(page)).to_contain_text("A brass door knocker")
    assert page.url == f"{stack.instance.app_url}/"
    picture(page, "demo")


def test_a_refresh_replaces_the_refresh_token(stack: Deployment, device: Callable[..., Device]) -> None:
    page = signed_in(stack, device())
    before = page.locator("#refresh-token").inner_text()

    press(page, "Refresh")

    expect(newest(page)).to_contain_text("200POST /oauth/token")
    expect(page.locator("#refresh-token")).not_to_have_text(before)


def test_a_reload_signs_nobody_out(stack: Deployment, device: Callable[..., Device]) -> None:
    page = signed_in(stack, device())

    page.reload()

    expect(page.get_by_role("heading", name="Demo Person")).to_be_visible()


def test_signing_out_everywhere_ends_the_session_of_the_other_device(stack: Deployment, device: Callable[..., Device]) -> None:
    laptop, phone = device(), device(viewport={"width": 390, "height": 844})
    here, there = signed_in(stack, laptop), signed_in(stack, phone)

    press(here, "Sign out everywhere")
    expect(newest(here)).to_contain_text("204POST /me/sign-out")
    press(here, "Refresh")
    expect(newest(here)).to_contain_text("invalid_grant")
    press(there, "Call the orders API")
    expect(there.get_by_text("Session ended")).to_be_visible()

    picture(there, "demo-over")
    assert laptop.trouble == ["400 /oauth/token"]
    assert phone.trouble == ["403 /orders", "400 /oauth/token"]
    laptop.trouble.clear()
    phone.trouble.clear()


def test_signing_out_here_leaves_the_other_device_alone(stack: Deployment, device: Callable[..., Device]) -> None:
    here, there = signed_in(stack, device()), signed_in(stack, device())

    press(here, "Sign out here")
    expect(here.get_by_text("You are signed out")).to_be_visible()
    press(here, "Sign in")
    expect(here.get_by_label("Password", exact=True)).to_be_visible()
    press(there, "Call the orders API")

    expect(newest(there)).to_contain_text("200GET /orders")


def test_an_answer_that_nobody_asked_for_is_not_taken_in(stack: Deployment, device: Callable[..., Device]) -> None:
    page = device().page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    page.goto(f"{stack.instance.app_url}/?code=stolen&state=guessed&iss={stack.issuer}")

    expect(page.get_by_text("belongs to no request of this tab")).to_be_visible()
    assert not [url for url in requests if url.endswith("/oauth/token")]
    assert page.url == f"{stack.instance.app_url}/"
