"""The provider under test: the one that CONFORMANCE_CONFIG names, else a stack of these tests' own."""

import json
import os
import queue
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance import configuration, provider, receiver
from tests.conformance.browser import Browser
from tests.conformance.configuration import Client, Configuration
from tests.conformance.fapi2.client import FapiClient, Unused
from tests.conformance.provider import Provider
from tests.conformance.receiver import Notice
from tests.conformance.relying_party import Outcome, RelyingParty

_HERE = Path(__file__).parent
# Tests of what was begun when the session was, in the order in which it is ready.
_RESTED = "test_oidcc_codereuse_30seconds"
_EXPIRED = (
    "test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_expired_auth_code",
    "test_fapi2_security_profile_final_par_attempt_to_use_expired_request_uri",
)


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Of the tests here, what has to wait comes last: it waits while the others run."""
    own = [item for item in items if item.path.is_relative_to(_HERE)]
    if own:
        first = items.index(own[0])
        items[first : first + len(own)] = sorted(own, key=_readiness)


@pytest.fixture(scope="session")
def configured() -> Iterator[Configuration]:
    """What to test."""
    if file := os.environ.get("CONFORMANCE_CONFIG", ""):
        yield configuration.of(json.loads(Path(file).read_text(encoding="utf-8")))
        return
    from tests.conformance import stack  # another provider is tested without a Gatehouse

    with stack.running() as document:
        yield configuration.of(document)


@pytest.fixture
def op(configured: Configuration) -> Iterator[Provider]:
    """The provider; its discovery document and keys are read and checked for every module anew."""
    found = provider.discovered(configured)
    yield found
    found.http.close()


@pytest.fixture
def browser(configured: Configuration) -> Iterator[Browser]:
    """A browser that was never used before."""
    made = new_browser(configured)
    yield made
    made.close()


@pytest.fixture
def response_mode() -> str:
    """Empty for the default one."""
    return ""


@pytest.fixture
def party(op: Provider, browser: Browser, response_mode: str) -> RelyingParty:
    """The first client, at work."""
    return RelyingParty(op, op.configuration.clients["basic"], browser, response_mode)


@pytest.fixture
def other_party(op: Provider, response_mode: str) -> Iterator[RelyingParty]:
    """The second client, in another browser."""
    made = new_browser(op.configuration)
    yield RelyingParty(op, op.configuration.clients["second"], made, response_mode)
    made.close()


@pytest.fixture(scope="session")
def notices(configured: Configuration) -> Iterator["queue.Queue[Notice]"]:
    """What the provider tells this process of people who signed out."""
    if not configured.backchannel_listen:
        pytest.skip("the configuration has no backchannel_listen")
    with receiver.listening(configured.backchannel_listen) as received:
        yield received


@pytest.fixture
def fapi(op: Provider, browser: Browser) -> FapiClient:
    """The first client of the FAPI 2.0 Security Profile, at work."""
    return FapiClient(op, _fapi_client(op.configuration, "fapi1"), browser)


@pytest.fixture
def other_fapi(op: Provider) -> Iterator[FapiClient]:
    """The second one, in another browser."""
    made = new_browser(op.configuration)
    yield FapiClient(op, _fapi_client(op.configuration, "fapi2"), made)
    made.close()


@pytest.fixture(scope="session")
def early(configured: Configuration) -> Iterator[Callable[[], RelyingParty]]:
    """Makes first clients in browsers of their own that last for the session."""
    with ExitStack() as kept:

        def make() -> RelyingParty:
            found, browser = provider.discovered(configured), new_browser(configured)
            kept.callback(found.http.close)
            kept.callback(browser.close)
            return RelyingParty(found, configured.clients["basic"], browser)

        yield make


@pytest.fixture(scope="session")
def rested(early: Callable[[], RelyingParty], threads: ThreadPoolExecutor) -> Mapping[str, Future[tuple[RelyingParty, Outcome]]]:
    """By response mode: an authorization that was completed when the session began."""

    def completed(response_mode: str) -> tuple[RelyingParty, Outcome]:
        party = replace(early(), response_mode=response_mode)
        return party, party.complete()

    return {mode: threads.submit(completed, mode) for mode in ("", "form_post")}


@pytest.fixture(scope="session")
def expiring(configured: Configuration, early: Callable[[], RelyingParty], threads: ThreadPoolExecutor) -> Future[Unused]:
    """A request_uri and a code that were issued when the session began."""
    client = _fapi_client(configured, "fapi1")

    def issued() -> Unused:
        party = early()
        return FapiClient(party.provider, client, party.browser).unused()

    return threads.submit(issued)


@pytest.fixture(scope="session")
def threads(early: Callable[[], RelyingParty]) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture(scope="session", autouse=True)
def _begin_early(request: pytest.FixtureRequest) -> None:
    if request.getfixturevalue("configured").backchannel_listen:
        # From the beginning, so that no notice of another module is one that could not be delivered.
        request.getfixturevalue("notices")
    names = {item.name for item in request.session.items if item.path.is_relative_to(_HERE)}
    if _RESTED in names:
        request.getfixturevalue("rested")
    if names & set(_EXPIRED) and "fapi1" in request.getfixturevalue("configured").clients:
        request.getfixturevalue("expiring")


def new_browser(configured: Configuration) -> Browser:
    addresses = [address for client in configured.clients.values() for address in (client.redirect_uri, client.post_logout_redirect_uri)]
    return Browser(configured, addresses)


def _readiness(item: pytest.Item) -> int:
    return (_RESTED, *_EXPIRED).index(item.name) + 1 if item.name in (_RESTED, *_EXPIRED) else 0


def _fapi_client(configured: Configuration, name: str) -> Client:
    if name not in configured.clients:
        pytest.skip(f"the configuration has no client {name} of the FAPI 2.0 Security Profile")
    return configured.clients[name]
