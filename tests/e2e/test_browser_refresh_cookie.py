"""A single-page application whose refresh token lies in a cookie: what its scripts see, and who else gets nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e import hosted_pages, site
from tests.e2e.application import Application, get, post, sent_back
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person

POST = """async ([url, form]) => {
    const body = form && new URLSearchParams(form)
    const answer = await fetch(url, { method: 'POST', credentials: 'include', body })
    return { status: answer.status, body: await answer.json() }
}"""


@pytest.fixture
def spa(app: Callable[..., Application]) -> Application:
    return app("spa", refresh_cookie=True)


@pytest.mark.row(43)
def test_scripts_refresh_without_ever_seeing_the_refresh_token(
    stack: Deployment, spa: Application, device: Callable[..., Device], ada: Person
) -> None:
    laptop = device()
    page = laptop.page()
    exchanged = exchange(page, spa, ada)
    before = refresh_token(laptop, spa)
    refreshed = page.evaluate(POST, [refresh_url(spa), None])
    after = refresh_token(laptop, spa)

    assert (exchanged["status"], refreshed["status"]) == (200, 200)
    assert before != after
    for seen in (exchanged["body"], refreshed["body"]):
        assert set(seen) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
        assert get(f"{stack.issuer}/userinfo", seen["access_token"]).status_code == 200
    stores = page.evaluate("[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join()")
    places = [stores, page.content(), str(exchanged), str(refreshed)]
    assert not any(token in place for token in (before, after) for place in places)


def test_the_cookie_is_taken_away_when_the_person_has_signed_out_everywhere(
    stack: Deployment, spa: Application, device: Callable[..., Device], ada: Person
) -> None:
    laptop = device()
    page = laptop.page()
    tokens = exchange(page, spa, ada)["body"]
    assert post(f"{stack.issuer}/me/sign-out", tokens["access_token"]).status_code == 204

    refused = page.evaluate(POST, [refresh_url(spa), None])

    assert (refused["status"], refused["body"]["error"]) == (400, "invalid_grant")
    assert cookie_name(spa) not in laptop.cookies(stack.issuer)
    laptop.trouble.remove("400 /session/refresh")


@pytest.mark.row(60)
def test_a_page_of_another_origin_neither_refreshes_nor_reads(
    stack: Deployment, spa: Application, device: Callable[..., Device], ada: Person
) -> None:
    laptop = device()
    page = laptop.page()
    exchange(page, spa, ada)
    before = refresh_token(laptop, spa)

    with site.serving(site.BLANK) as elsewhere:
        page.goto(elsewhere)
        blocked = page.evaluate(f"request => ({POST})(request).catch(error => error.message)", [refresh_url(spa), None])

    assert blocked == "Failed to fetch"
    assert refresh_token(laptop, spa) == before
    assert any("CORS policy" in line for line in laptop.trouble)
    laptop.trouble.clear()


def test_the_application_reads_why_a_code_was_refused(
    stack: Deployment, spa: Application, device: Callable[..., Device], ada: Person
) -> None:
    laptop = device()
    page = laptop.page()
    exchange(page, spa, ada)
    form = {"grant_type": "authorization_code", "client_id": spa.client_id, "code": "spent"}

    refused = page.evaluate(POST, [f"{stack.issuer}/oauth/token", form])

    assert (refused["status"], refused["body"]["error"]) == (400, "invalid_grant")
    laptop.trouble.remove("400 /oauth/token")


def exchange(page: Any, spa: Application, person: Person) -> dict[str, Any]:
    """Sign in and redeem the code from a script of the application's page."""
    beginning = spa.begin()
    page.goto(beginning.url)
    hosted_pages.sign_in(page, person)
    page.wait_for_url(f"{spa.redirect_uri}?*")
    form = {
        "grant_type": "authorization_code",
        "client_id": spa.client_id,
        "code": sent_back(page.url)["code"],
        "redirect_uri": spa.redirect_uri,
        "code_verifier": beginning.verifier,
    }
    answer: dict[str, Any] = page.evaluate(POST, [f"{spa.deployment.issuer}/oauth/token", form])
    return answer


def refresh_url(spa: Application) -> str:
    return f"{spa.deployment.issuer}/session/refresh?client_id={spa.client_id}"


def cookie_name(spa: Application) -> str:
    return f"__Host-gatehouse-refresh-{spa.client_id}"


def refresh_token(on: Device, spa: Application) -> str:
    """What the browser holds in the cookie, out of reach of its pages."""
    cookie = on.cookies(spa.deployment.issuer)[cookie_name(spa)]
    assert cookie["httpOnly"] is True
    value: str = cookie["value"]
    return value
