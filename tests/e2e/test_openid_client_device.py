"""openid-client as it comes from npm on a device without a browser (RFC 8628), while its person decides in Chromium."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gatehouse.clients import DEVICE_GRANT
from tests.e2e import hosted_pages
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import RelyingParty, running

PROGRAM = "openid_client_strict.js"


@pytest.fixture
def televisions(stack: Deployment, node_modules: Modules) -> Iterator[list[RelyingParty]]:
    """Two of one kind; the first proves a key."""
    registered = stack.register("native", name="Living Room TV", grant_types=[DEVICE_GRANT, "refresh_token"])
    with ExitStack() as all_of_them:
        yield [all_of_them.enter_context(running(node_modules, PROGRAM, stack, registered, dpop=dpop)) for dpop in ("ES256", "")]


def test_the_library_polls_until_the_person_has_decided(
    televisions: list[RelyingParty], device: Callable[..., Device], ada: Person
) -> None:
    given = [television.said("/device") for television in televisions]
    with ThreadPoolExecutor() as waiting:
        polls: list[Future[Any]] = [waiting.submit(television.said, "/device/tokens") for television in televisions]
        laptop = device()
        asking = [asked(laptop.page(), codes, ada) for codes in given]
        # By then the first one has been told its nonce.
        until_pending(televisions[1])
        for page, decision in zip(asking, ("Allow", "Deny"), strict=True):
            page.get_by_role("button", name=decision).click()
        allowed, denied = (poll.result() for poll in polls)

    assert (allowed["token_type"], allowed["claims"]["sub"]) == ("dpop", ada.user_id)
    assert denied["failed"]["error"] == "access_denied"
    assert televisions[0].said("/userinfo")["email"] == ada.email
    assert televisions[0].said("/refresh")["claims"]["sub"] == ada.user_id


def asked(page: Page, codes: dict[str, Any], person: Person) -> Page:
    """The page on which the person is asked about this device."""
    page.goto(codes["verification_uri_complete"])
    page.get_by_role("button", name="Continue").click()
    if hosted_pages.heading(page) == "Sign in":
        hosted_pages.sign_in(page, person)
    expect(page.locator("#user-code")).to_have_text(codes["user_code"])
    return page


def until_pending(television: RelyingParty) -> None:
    """Wait until it has asked and was told to ask again."""
    ends = time.monotonic() + 20
    while "/oauth/token 400 authorization_pending" not in television.said("/traffic"):
        assert time.monotonic() < ends, "it never asked"
        time.sleep(0.1)
