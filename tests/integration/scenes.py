"""Where the races and faults begin, and what must be true of the table when they are over."""

import hashlib
import itertools
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from gatehouse import clock, key_rotation, keys, limits, sessions, table, users
from gatehouse.client_registration import Registered
from gatehouse.users import User
from local import outbox
from local.instance import Instance
from tests.unit.conftest import ISSUER, Answer, context, event, forget, function
from tests.unit.flows import Browser, browser_of, exchange, hidden_fields, introspect, new_client, new_user, refresh, userinfo

ROUNDS = 20
NEW_PASSWORD = "seven ginger otters juggle lanterns"
CALLERS = 16
_numbers = itertools.count(1)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make all the calls at the same moment, each in its own thread, and return what they returned, in their order."""
    barrier = threading.Barrier(len(calls), timeout=30)

    def released(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(released, calls))


def times(number: int, call: Callable[..., Any], *arguments: object) -> list[Callable[[], Any]]:
    """The same call, so many times."""
    return [partial(call, *arguments)] * number


@dataclass
class Person:
    """Somebody who is signed on in a browser of their own, from an address of their own."""

    user: User
    browser: Browser
    app: Registered
    tokens: dict[str, Any] = field(default_factory=dict)

    def code(self) -> str:
        """A new code, by the sign-on."""
        return self.browser.authorize(self.app.client_id).sent_back["code"]

    def exchange(self, code: str) -> Answer:
        return exchange(self.app.client_id, code)

    def refresh(self, refresh_token: str = "") -> Answer:
        return refresh(self.app.client_id, refresh_token or self.tokens["refresh_token"])

    def item(self) -> table.Item:
        found = table.get(table.user_key(self.user.user_id))
        assert found is not None
        return found

    def sessions(self) -> list[table.Item]:
        return list(table.query(table.user_partition(self.user.user_id), "SESSION#"))

    def live_sessions(self) -> list[table.Item]:
        user = users.get(self.user.user_id)
        return [item for item in self.sessions() if sessions.Session.from_item(item).live(user)]


def new_address() -> str:
    return f"person{next(_numbers)}@example.com"


def new_network() -> str:
    number = next(_numbers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def signed_on(app: Registered) -> Person:
    """A new person who has just given the password."""
    user = new_user(new_address())
    browser = browser_of(user)
    browser.source_ip = new_network()
    return Person(user, browser, app)


def with_tokens(app: Registered) -> Person:
    """A new person with one session."""
    person = signed_on(app)
    person.tokens = person.exchange(person.code()).json
    return person


def quick_client(kind: str = "spa", **properties: Any) -> Registered:
    """A client whose tokens take little time to sign."""
    return new_client(kind, id_token_alg="ES256", access_token_alg="ES256", **properties)


@cache
def resource_server() -> Registered:
    """An API that may introspect what is meant for the issuer."""
    return quick_client("web", name="Resource server", introspection_audiences=[ISSUER])


def accepted(access_token: str) -> bool:
    """Whether the token opens anything. Userinfo, introspection and the authorizer must be of one mind."""
    verdicts: dict[str, bool] = {
        "userinfo": userinfo(access_token).status == 200,
        "introspection": introspect(resource_server(), access_token)["active"],
        "authorizer": authorized(access_token),
    }
    assert len(set(verdicts.values())) == 1, verdicts
    return verdicts["userinfo"]


def authorized(access_token: str) -> bool:
    asked = event("authorizer")
    asked["headers"]["authorization"] = f"Bearer {access_token}"
    asked["stageVariables"] = {}
    verdict: bool = function("authorizer")(asked, context())["isAuthorized"]
    return verdict


def mailed_links(emulator: Instance, address: str) -> list[str]:
    """The links in the mails to this address, newest first."""
    mails = [mail for mail in outbox.messages(emulator) if mail["To"] == [address]]
    return [link for mail in mails for link in re.findall(r"https://\S+/u/(?:verify|reset)\?ticket=\S+", mail["BodyText"])]


def link_form(browser: Browser, link: str, password: str) -> Callable[[], Answer]:
    """The page behind a mailed link with a password typed in, ready to be sent; also when the link is dead."""
    page = browser.get("hosted_pages", "/u/forgot")
    path, _, ticket = link.removeprefix(ISSUER).partition("?ticket=")
    fields = {"csrf": hidden_fields(page)["csrf"], "ticket": ticket, "password": password}
    return partial(browser.post, "hosted_pages", path, fields)


def use_link(browser: Browser, link: str, password: str) -> Answer:
    return link_form(browser, link, password)()


def ask_for_link(browser: Browser, path: str, address: str) -> Answer:
    """Send the form of /u/signup or /u/forgot."""
    return browser.fill(browser.get("hosted_pages", path), path, email=address)


def everything() -> list[table.Item]:
    """The whole table."""
    items, start = table.scan(None, limit=1000)
    while start:
        more, start = table.scan(start, limit=1000)
        items += more
    return items


def accounts_of(address: str) -> list[str]:
    """The user ids under this address; the address and each of them must point at each other."""
    entry = table.get(table.email_key(address))
    found = [item["user_id"] for item in everything() if item["sk"] == "USER" and item["email"] == address]
    assert found == ([entry["user_id"]] if entry else [])
    return found


def counted(limit: limits.Limit, subject: str, what: str = "attempts") -> int:
    """What the limiter has counted of somebody."""
    item = table.get(table.limit_key(limit.kind, hashlib.sha256(subject.encode()).hexdigest()))
    return item[what] if item else 0


def ring_is_sound() -> None:
    """Every algorithm has a key in use and one to come, and another rotation finds nothing to do."""
    forget()
    for algorithm in keys.algorithms():
        states = {key.active_from <= clock.now() for key in keys.ring().values() if key.algorithm == algorithm}
        assert states == {True, False}, algorithm
    assert key_rotation.rotate("test") == {"made": [], "promoted": [], "deleted": []}


def refused_as(answer: Answer) -> str:
    """The error of a refusal; empty for a success."""
    return "" if answer.status == 200 else answer.json["error"]
