"""oidc-client-ts as it comes from npm: a single-page application in the browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e import hosted_pages, site
from tests.e2e.application import Application, get
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import CLIENTS, Modules

REFRESHED = "async () => { const user = await manager.signinSilent(); return user.refresh_token }"

SILENT_ERROR = "manager.signinSilent().then(() => 'no error', error => error.error)"


@dataclass(frozen=True, slots=True)
class SinglePage:
    """The application's origin, the settings that it gives to the library, and the client that it is registered as."""

    origin: str
    settings: dict[str, Any]
    client: Application


@pytest.fixture
def spa(stack: Deployment, node_modules: Modules) -> Iterator[SinglePage]:
    files: dict[str, tuple[str, bytes]] = {
        "/oidc-client-ts.js": script(node_modules.folder / "oidc-client-ts/dist/browser/oidc-client-ts.min.js"),
        "/app.js": script(CLIENTS / "spa" / "app.js"),
    }
    page = ("text/html", (CLIENTS / "spa" / "index.html").read_bytes())
    files |= dict.fromkeys(("/", "/callback", "/silent", "/bye"), page)
    with site.serving(files) as origin:
        uris = [f"{origin}/callback", f"{origin}/silent"]
        registered = stack.register("spa", redirect_uris=uris, post_logout_redirect_uris=[f"{origin}/bye"], web_origins=[origin])
        settings = {
            "authority": stack.issuer,
            "client_id": registered.client_id,
            "redirect_uri": uris[0],
            "silent_redirect_uri": uris[1],
            "post_logout_redirect_uri": f"{origin}/bye",
            "scope": "openid profile email offline_access",
            "automaticSilentRenew": False,
            "loadUserInfo": True,
        }
        files["/settings.json"] = site.as_json(settings)
        yield SinglePage(origin, settings, Application(stack, registered, uris[0]))


def test_a_person_signs_in_and_out_by_redirects(spa: SinglePage, device: Callable[..., Device], ada: Person) -> None:
    page = device().page()
    signed_in(page, spa, ada)

    profile = page.evaluate("async () => (await manager.getUser()).profile")
    assert (profile["sub"], profile["email"], profile["name"]) == (ada.user_id, ada.email, "Ada Lovelace")

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{spa.origin}/bye?*")
    expect(page.locator("#state")).to_have_text("signed out")
    assert page.evaluate("window.signedOutState") == {"then": "home"}
    assert page.evaluate(SILENT_ERROR) == "login_required"


def test_a_silent_renewal_uses_the_refresh_token_and_keeps_the_person(spa: SinglePage, device: Callable[..., Device], ada: Person) -> None:
    page = device().page()
    signed_in(page, spa, ada)
    before = page.evaluate("async () => (await manager.getUser())")
    after = page.evaluate("async () => (await manager.signinSilent())")

    assert after["refresh_token"] != before["refresh_token"]
    assert after["profile"]["sub"] == before["profile"]["sub"]
    assert get(f"{spa.settings['authority']}/userinfo", after["access_token"]).status_code == 200


def test_renewal_happens_by_itself_before_the_access_token_ends(spa: SinglePage, device: Callable[..., Device], ada: Person) -> None:
    soon = {"automaticSilentRenew": True, "accessTokenExpiringNotificationTimeInSeconds": 599}
    page = device().page()
    page.route("**/settings.json", lambda route: route.fulfill(json=spa.settings | soon))
    signed_in(page, spa, ada)
    page.wait_for_function("window.renewals.length > 1")
    page.evaluate("manager.stopSilentRenew()")


def test_without_a_refresh_token_the_iframe_finds_the_sign_on_of_the_browser(
    spa: SinglePage, device: Callable[..., Device], ada: Person
) -> None:
    page = device().page()
    signed_in(page, spa, ada)
    page.evaluate("manager.removeUser()")

    assert page.evaluate("async () => (await manager.signinSilent()).profile.sub") == ada.user_id


@pytest.mark.row(20)
def test_the_iframe_of_somebody_who_is_not_signed_on_says_login_required(spa: SinglePage, device: Callable[..., Device]) -> None:
    page = device().page()
    page.goto(spa.origin)
    expect(page.locator("#state")).to_have_text("signed out")

    assert page.evaluate(SILENT_ERROR) == "login_required"


@pytest.mark.row(32)
def test_two_tabs_that_refresh_at_once_end_with_the_same_refresh_token_and_signed_in(
    spa: SinglePage, device: Callable[..., Device], ada: Person
) -> None:
    laptop = device()
    tabs = [laptop.page(), laptop.page()]
    signed_in(tabs[0], spa, ada)
    tabs[1].goto(spa.origin)
    expect(tabs[1].locator("#state")).to_have_text(f"signed in as {ada.user_id}")
    held: list[Route] = []

    def hold(route: Route) -> None:
        """Neither tab gets its answer before both have asked."""
        held.append(route)
        if len(held) == len(tabs):
            for each in held:
                each.continue_()

    laptop.context.route("**/oauth/token", hold)
    for tab in tabs:
        tab.evaluate(f"() => {{ window.refreshed = ({REFRESHED})() }}")
    refreshed = [tab.evaluate("window.refreshed") for tab in tabs]
    laptop.context.unroute("**/oauth/token")

    assert held[0].request.post_data == held[1].request.post_data
    assert refreshed[0] == refreshed[1]
    for tab in (*tabs, tabs[0]):
        assert tab.evaluate(REFRESHED)


@pytest.mark.row(40)
def test_revoking_ends_the_session_at_once(spa: SinglePage, stack: Deployment, device: Callable[..., Device], ada: Person) -> None:
    laptop = device()
    page = laptop.page()
    signed_in(page, spa, ada)
    tokens = page.evaluate("async () => (await manager.getUser())")

    page.evaluate("manager.revokeTokens()")

    assert get(f"{stack.issuer}/userinfo", tokens["access_token"]).status_code == 401
    assert spa.client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def signed_in(page: Page, spa: SinglePage, person: Person) -> None:
    page.goto(spa.origin)
    expect(page.locator("#state")).to_have_text("signed out")
    page.get_by_role("button", name="Sign in").click()
    hosted_pages.sign_in(page, person)
    expect(page.locator("#state")).to_have_text(f"signed in as {person.user_id}")


def script(file: Path) -> tuple[str, bytes]:
    return "text/javascript", file.read_bytes()
