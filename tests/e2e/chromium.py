"""Chromium as people use it: each device a browser of its own, watched for all that its console complains about."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from local.instance import HOME

SCREENSHOTS = HOME / "screenshots"
# What Playwright turns off, because of several lists Chromium heeds the last; and the pages behind the address bar, which no test sees
# and which take as much time as the page that it does see.
_FEATURES_OFF = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
]
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    f"--disable-features={','.join(_FEATURES_OFF)}",
]
_FAILED_LOAD = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_TIMEOUT_MS = 10_000


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless Chromium: the machine's, else the one that Playwright installed. Without either, the test fails."""
    with sync_playwright() as playwright:
        installed = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        found = installed or playwright.chromium.executable_path
        if not Path(found).exists():
            remedy = "install Debian's chromium, or run `.venv/bin/playwright install chromium`"
            pytest.fail(f"there is no browser to test with; {remedy}", pytrace=False)
        browser = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Device:
    """One browser with cookies of its own.

    trouble: errors and warnings of its console, as "404 /path" where a load failed.
    """

    context: BrowserContext
    trouble: list[str] = field(default_factory=list)

    def page(self) -> Page:
        return self.context.new_page()

    def cookies(self, url: str) -> dict[str, Any]:
        """The cookies that go to this address, by name."""
        return {cookie["name"]: cookie for cookie in self.context.cookies(url)}


def device(browser: Browser, **options: Any) -> Device:
    """A new device. options: of Playwright's new_context, as viewport and color_scheme."""
    context = browser.new_context(**options)
    context.set_default_timeout(_TIMEOUT_MS)
    made = Device(context)

    def note(message: ConsoleMessage) -> None:
        failed = _FAILED_LOAD.match(message.text)
        if failed:
            made.trouble.append(f"{failed[1]} {urlsplit(message.location['url']).path}")
        elif message.type in ("error", "warning"):
            made.trouble.append(message.text)

    def unreached(request: Request) -> None:
        # A page that is left while it loads aborts what is under way.
        if request.failure and "ERR_ABORTED" not in request.failure:
            made.trouble.append(f"{request.failure} {request.url}")

    context.on("console", note)
    context.on("weberror", lambda error: made.trouble.append(str(error.error)))
    context.on("requestfailed", unreached)
    return made


def picture(page: Page, name: str) -> None:
    """Keep a screenshot outside the repository, for people to look at."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
