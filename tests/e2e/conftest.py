"""The stack that these tests are about, Chromium on as many devices as a test asks for, and Node for its clients."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e import application, chromium, node, site
from tests.e2e.application import Application
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(*numbers): rows of the security checklist in docs/security.md")


@pytest.fixture(scope="session")
def stack(deployed: Deployment) -> Deployment:
    """The stack under test."""
    return deployed


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium.launched() as launched:
        yield launched


@pytest.fixture
def device(browser: Browser) -> Iterator[Callable[..., Device]]:
    """Makes devices.

    A console error, a CSP violation or a failed load on any of their pages fails a test that has not taken it out of
    `trouble`.
    """
    made: list[Device] = []

    def make(**options: Any) -> Device:
        made.append(chromium.device(browser, **options))
        return made[-1]

    yield make
    for each in made:
        each.context.close()
    assert [each.trouble for each in made if each.trouble] == []


@pytest.fixture(scope="session")
def ada(stack: Deployment) -> Person:
    """Somebody with an account, for tests that do not change it."""
    return stack.person("ada@example.com", name="Ada Lovelace", given_name="Ada", family_name="Lovelace")


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """Where an application lives that shows nothing but a friendly word."""
    with site.serving(site.BLANK) as address:
        yield address


@pytest.fixture
def app(stack: Deployment, origin: str) -> Callable[..., Application]:
    """Registers applications at that origin; properties as an administrator gives them."""

    def register(kind: str = "spa", **properties: Any) -> Application:
        addresses = {"redirect_uris": [f"{origin}/callback"], "post_logout_redirect_uris": [f"{origin}/signed-out"]}
        registered = stack.register(kind, **(addresses | {"web_origins": [origin]} | properties))
        scope = " ".join(properties.get("scopes", ("openid", "profile", "email")))
        return application.Application(stack, registered, f"{origin}/callback", scope)

    return register


@pytest.fixture(scope="session")
def node_modules() -> node.Modules:
    """The clients of tests/e2e/clients, as the lock file pins them."""
    return node.installed()
