"""Applications of others ask before they get anything, in a real browser."""

from collections.abc import Callable

import pytest

from tests.e2e import hosted_pages
from tests.e2e.application import Application, sent_back
from tests.e2e.chromium import Device, picture
from tests.e2e.deployment import Person


@pytest.fixture
def stranger(app: Callable[..., Application]) -> Application:
    """An application that somebody else runs."""
    return app("web", name="Pocket Ledger", first_party=False, client_uri="https://ledger.example.com/about")


def test_a_person_is_asked_once_and_again_only_for_more(stranger: Application, device: Callable[..., Device], ada: Person) -> None:
    page, beginning = device().page(), stranger.begin(scope="openid email")
    page.goto(beginning.url)
    hosted_pages.sign_in(page, ada)
    assert hosted_pages.heading(page) == "Allow Pocket Ledger to use your account?"
    picture(page, "consent")
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{stranger.redirect_uri}?*")
    assert stranger.finish(beginning, page.url)["scope"] == "openid email"

    again = stranger.begin(scope="openid email")
    page.goto(again.url)
    assert stranger.finish(again, page.url)["scope"] == "openid email"

    page.goto(stranger.begin(scope="openid email profile", prompt="none").url)
    assert sent_back(page.url)["error"] == "consent_required"
    page.goto(stranger.begin(scope="openid email profile").url)
    assert hosted_pages.heading(page) == "Allow Pocket Ledger to use your account?"


def test_a_person_who_denies_goes_back_with_access_denied(stranger: Application, device: Callable[..., Device], ada: Person) -> None:
    page, beginning = device(color_scheme="dark").page(), stranger.begin()
    page.goto(beginning.url)
    hosted_pages.sign_in(page, ada)
    picture(page, "consent-dark")
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url(f"{stranger.redirect_uri}?*")

    answer = sent_back(page.url)
    assert (answer["error"], answer["state"]) == ("access_denied", beginning.state)
