"""What is asked among few and among many: the event of each operation, of one person after the other."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from bench.growth import people
from bench.operations import GOODBYE, RECORD_SCOPE, Context, Event, World, event, handler, password_sign_in
from gatehouse import client_registration, table, users
from gatehouse.client_registration import Registered
from gatehouse.settings import settings
from gatehouse.users import User

PER_PAGE: Final = 50
_SCOPES: Final = ["read:users", "update:users", "read:sessions"]


@dataclass(frozen=True, slots=True)
class Operation:
    """prepare: the event, for somebody of this number. before: what is asked first, uncounted. after: what puts back what it changed.

    expects: the status.
    """

    name: str
    function: str
    prepare: Callable[[int], Event]
    expects: int = 200
    before: Callable[[], Event] | None = None
    after: Callable[[], None] | None = None

    def run(self, asked: Event) -> None:
        """Invoke it once.

        Raises:
            RuntimeError: it answered something else, or nobody, so that the measurement would mean nothing.
        """
        answer = handler(self.function)(asked, Context(secrets.token_hex(16)))
        if answer["statusCode"] != self.expects or answer["body"] == "[]":
            raise RuntimeError(f"{self.name} answered {answer}")


class Stage:
    """The applications, and an operator."""

    def __init__(self) -> None:
        self.world = World("ES256")
        self.operator = client_registration.register(
            name="Growth", type="machine", scopes=_SCOPES, audience=settings().management_audience, access_token_alg="ES256"
        )

    def of_people(self) -> list[Operation]:
        """What is measured among few and many people. Its numbers are people's."""
        world, listed = self.world, partial(self._managed, "GET", "users")
        return [
            Operation("refresh", "token_exchange", lambda number: refreshing(world, self._session(number))),
            Operation("password sign-in", "hosted_pages", lambda number: password_sign_in(world, people.email(number)), 303),
            Operation("userinfo", "userinfo", lambda number: presenting("userinfo", self._session(number))),
            Operation("sign out everywhere", "global_sign_out", lambda number: presenting("global_sign_out", self._session(number)), 204),
            Operation("list of somebody's sessions", "users_api", self._sessions_after_one),
            Operation("get a user", "users_api", lambda number: self._managed("GET", f"users/{people.user_id(number)}")),
            Operation("patch a user", "users_api", self._patching),
            Operation("list users, page 1", "users_api", lambda _: listed(page=0, per_page=PER_PAGE)),
            Operation(
                "list users, page 20",
                "users_api",
                lambda _: listed(page=19, per_page=PER_PAGE),
                before=lambda: listed(page=18, per_page=PER_PAGE),
            ),
            Operation("search by mail", "users_api", lambda number: listed(q=f'email:"{people.email(number)}"')),
            Operation("search by beginning of name", "users_api", lambda number: listed(q=f"name:person\\ 00000{number % 10}*")),
            Operation("count", "users_api", lambda _: listed(per_page=1, include_totals="true")),
        ]

    def of_sessions(self, crowd: "Crowd") -> list[Operation]:
        """What is measured of people with few and many sessions. Its numbers count samples."""
        world = self.world
        return [
            Operation("refresh", "token_exchange", lambda _: refreshing(world, crowd.spent())),
            Operation("userinfo", "userinfo", lambda _: presenting("userinfo", crowd.tokens())),
            Operation("list of sessions, a page", "users_api", lambda _: self._sessions(crowd.whose())),
            Operation("sign out everywhere", "global_sign_out", lambda _: crowd.leaving("global_sign_out"), 204, after=crowd.back),
            Operation("RP logout", "logout", lambda _: crowd.logging_out(), 303),
        ]

    def _session(self, number: int, *, scope: str = RECORD_SCOPE) -> dict[str, Any]:
        return begun(self.world, people.user_id(number), scope)

    def _sessions_after_one(self, number: int) -> Event:
        self._session(number)
        return self._sessions(people.user_id(number))

    def _sessions(self, user_id: str) -> Event:
        return self._managed("GET", f"users/{user_id}/sessions", take=PER_PAGE)

    def _patching(self, number: int) -> Event:
        body = {"user_metadata": {"mood": secrets.token_hex(8)}}
        return self._managed("PATCH", f"users/{people.user_id(number)}") | {"body": json.dumps(body)}

    def _managed(self, method: str, path: str, **query: Any) -> Event:
        """An event of the Management API, with a new token each time: filling may take longer than one lives."""
        path = f"/api/v2/{path}"
        return {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": urlencode(query),
            "headers": {"authorization": f"Bearer {_token(self.operator)}", "content-type": "application/json"},
            "requestContext": {"http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}, "stage": "$default"},
            "body": "",
            "isBase64Encoded": False,
        }


class Crowd:
    """People with the same number of sessions: one who keeps them, and for a single session somebody new each time.

    Sessions begin as they do everywhere: in a browser of their own that is signed on, by a code.
    """

    def __init__(self, world: World, sessions: int) -> None:
        self._world = world
        self._sessions = sessions
        self._user = self._somebody()
        self._unused = [begun(world, self._user.user_id) for _ in range(sessions)]
        self._record: table.Item | None = None

    def _somebody(self) -> User:
        return self._world.new_person(f"{secrets.token_hex(8)}@example.com")

    def whose(self) -> str:
        return self._user.user_id

    def tokens(self) -> dict[str, Any]:
        """The tokens of a session that goes on."""
        return self._unused[0]

    def spent(self) -> dict[str, Any]:
        """The tokens of a session that nothing was done with yet, for once."""
        return self._unused.pop() if self._sessions > 1 else begun(self._world, self._somebody().user_id)

    def leaving(self, sample: str) -> Event:
        """Signing out, by somebody whom `back` signs in again."""
        self._record = table.get(table.user_key(self._user.user_id))
        return presenting(sample, self._unused[0])

    def back(self) -> None:
        if self._record:
            table.put(table.user_key(self._user.user_id), self._record)

    def logging_out(self) -> Event:
        user = self._user if self._sessions > 1 else self._somebody()
        cookies = self._world.signed_on(user)
        query = {"id_token_hint": self._world.tokens(cookies)["id_token"], "post_logout_redirect_uri": GOODBYE, "state": "bye"}
        return event("logout", query=query, cookies=cookies)


def begun(world: World, user_id: str, scope: str = RECORD_SCOPE) -> dict[str, Any]:
    """The tokens of a new session of somebody, in a browser in which they have just signed in."""
    user = users.get(user_id)
    assert user is not None
    return world.tokens(world.signed_on(user), scope)


def refreshing(world: World, tokens: dict[str, Any]) -> Event:
    form = {"grant_type": "refresh_token", "client_id": world.app.client_id, "refresh_token": tokens["refresh_token"]}
    return event("token_exchange_refresh_token", form=form)


def presenting(sample: str, tokens: dict[str, Any]) -> Event:
    """events/<sample>.json with the access token."""
    return event(sample, headers={"authorization": f"Bearer {tokens['access_token']}"})


def _token(operator: Registered) -> str:
    credentials = base64.b64encode(f"{operator.client_id}:{operator.secret}".encode()).decode()
    headers = {"authorization": f"Basic {credentials}"}
    asked = event("token_exchange_client_credentials", form={"grant_type": "client_credentials"}, headers=headers)
    token: str = json.loads(handler("token_exchange")(asked, Context())["body"])["access_token"]
    return token
