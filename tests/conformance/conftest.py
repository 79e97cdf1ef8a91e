"""The provider under test: the one that CONFORMANCE_CONFIG names, else the stack that the tests deploy."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from tests.conformance import configuration, provider
from tests.conformance.browser import Browser, Landing, new_browser
from tests.conformance.configuration import Client, Configuration
from tests.conformance.fapi2.client import LONGEST_CODE_SECONDS, FapiClient
from tests.conformance.provider import Provider
from tests.conformance.registration import client_with_keys_at, new_key, published
from tests.conformance.relying_party import RelyingParty
from tests.conformance.station import Station, listening

_HERE = Path(__file__).parent
# Tests of what was begun when the session was, and the fixture that began it, in the order in which they are ready.
_LATE = {
    "test_oidcc_codereuse_30seconds": "reused",
    "test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_expired_auth_code": "expired_code",
    "test_oidcc_refresh_token_rp_key_rotation": "rotated",
    "test_fapi2_security_profile_final_par_attempt_to_use_expired_request_uri": "expired_request_uri",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """Threads that run beside the tests, and whether the session is over."""

    pool: ThreadPoolExecutor
    over: threading.Event

    def rest(self, seconds: float) -> None:
        """Wait, but not for longer than the session."""
        assert not self.over.wait(seconds), "the session is over"


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Of the tests here, what has to wait comes last: it waits while the others run."""
    own = [item for item in items if item.path.is_relative_to(_HERE)]
    if own:
        first = items.index(own[0])
        items[first : first + len(own)] = sorted(own, key=_readiness)


@pytest.fixture(scope="session")
def configured(request: pytest.FixtureRequest) -> Configuration:
    """What to test."""
    if file := os.environ.get("CONFORMANCE_CONFIG", ""):
        return configuration.of(json.loads(Path(file).read_text(encoding="utf-8")))
    from tests.conformance import stack  # another provider is tested without a Gatehouse

    return configuration.of(stack.certified(request.getfixturevalue("deployed")))


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
def station(configured: Configuration) -> Iterator[Station]:
    """What the provider may call in this process."""
    if not configured.backchannel_listen:
        pytest.skip("the configuration has no backchannel_listen")
    with listening(configured.backchannel_listen) as listens:
        yield listens


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
def reused(early: Callable[[], RelyingParty], beside: Beside) -> Mapping[str, Future[tuple[httpx.Response, httpx.Response]]]:
    """By response mode, what was said to a code that came again after 30 seconds, and then to the access token that it had bought."""

    def tried(response_mode: str) -> tuple[httpx.Response, httpx.Response]:
        party = replace(early(), response_mode=response_mode)
        outcome = party.complete()
        beside.rest(party.provider.configuration.reuse_after_seconds)
        return party.redeem(outcome.request, outcome.code), party.provider.userinfo(outcome.tokens["access_token"])

    return {mode: beside.pool.submit(tried, mode) for mode in ("", "form_post")}


@pytest.fixture(scope="session")
def expired_code(early: Callable[[], RelyingParty], beside: Beside) -> Future[httpx.Response]:
    """What was said to a code of a FAPI client that was over."""

    def tried() -> httpx.Response:
        fapi = _early_fapi(early())
        code = fapi.code(fapi.request())
        beside.rest(LONGEST_CODE_SECONDS + 1)
        return fapi.redeem(code)

    return beside.pool.submit(tried)


@pytest.fixture(scope="session")
def expired_request_uri(early: Callable[[], RelyingParty], beside: Beside) -> Future[Landing]:
    """Where a request_uri led that was over."""

    def tried() -> Landing:
        fapi = _early_fapi(early())
        pushed = fapi.accepted(fapi.request())
        beside.rest(pushed["expires_in"] + 1)
        return fapi.go(pushed["request_uri"])

    return beside.pool.submit(tried)


@pytest.fixture(scope="session")
def rotated(station: Station, early: Callable[[], RelyingParty], beside: Beside) -> Future[httpx.Response]:
    """What was said to a refresh token whose client had put another key under its jwks_uri, and signed with that one."""

    def tried() -> httpx.Response:
        party = early()
        client = client_with_keys_at(party.provider, station, "/rotated", new_key("old"))
        outcome = replace(party, client=client).complete(scope="openid offline_access", prompt="consent")
        key = new_key("new")
        station.documents["/rotated"] = published(key)
        beside.rest(party.provider.configuration.rotation_seconds)
        refresh_token = outcome.tokens["refresh_token"]
        return party.provider.token(replace(client, jwk=key), grant_type="refresh_token", refresh_token=refresh_token)

    return beside.pool.submit(tried)


@pytest.fixture(scope="session")
def beside(early: Callable[[], RelyingParty]) -> Iterator[Beside]:
    over = threading.Event()
    with ThreadPoolExecutor() as pool:
        yield Beside(pool, over)
        over.set()


@pytest.fixture(scope="session", autouse=True)
def _begin_early(request: pytest.FixtureRequest, configured: Configuration) -> None:
    """What takes its time runs beside the other tests; and from the beginning, no notice is one that cannot be delivered."""
    if configured.backchannel_listen:
        request.getfixturevalue("station")
    names = {item.name for item in request.session.items if item.path.is_relative_to(_HERE)}
    for fixture in [fixture for name, fixture in _LATE.items() if name in names]:
        if fixture != "rotated" or configured.backchannel_listen:
            request.getfixturevalue(fixture)


def _readiness(item: pytest.Item) -> int:
    return [*_LATE, item.name].index(item.name) if item.name in _LATE else -1


def _early_fapi(party: RelyingParty) -> FapiClient:
    return FapiClient(party.provider, _fapi_client(party.provider.configuration, "fapi1"), party.browser)


def _fapi_client(configured: Configuration, name: str) -> Client:
    if name not in configured.clients:
        pytest.skip(f"the configuration has no client {name} of the FAPI 2.0 Security Profile")
    return configured.clients[name]
