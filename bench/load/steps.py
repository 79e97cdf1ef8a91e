"""What browsers, applications and APIs send, one function per operation: each request is timed and its answer looked into."""

import base64
import html
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from bench.load.connections import Answer, Connection
from bench.operations import API, CALLBACK, CHALLENGE, PASSWORD, VERIFIER
from gatehouse import client_registration, passwords, sign_ons, users
from gatehouse.client_registration import Registered

SCOPE: Final = "openid profile email offline_access"
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Wrong(Exception):
    """An answer is not what it should be. The message is a kind of error."""


@dataclass(frozen=True, slots=True)
class Person:
    """sign_on: the cookie of a browser in which they have signed in before."""

    user_id: str
    email: str
    sign_on: str


@dataclass(slots=True)
class Session:
    """What an application holds of a session that it began. refreshed: how often. ended: signed out or revoked."""

    user_id: str
    access_token: str
    refresh_token: str
    refreshed: int = 0
    ended: bool = False


@dataclass(slots=True)
class Samples:
    """Milliseconds of the requests that were answered well, by operation, and how many were not, by kind."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, dict[str, int]] = field(default_factory=dict)

    def error(self, operation: str, kind: str) -> None:
        kinds = self.errors.setdefault(operation, {})
        kinds[kind] = kinds.get(kind, 0) + 1


class Stage:
    """Two applications, an API and people on a stack, by the code of the service. None of its tokens takes long to sign."""

    def __init__(self, issuer: str, people: int) -> None:
        self.issuer = issuer
        common: dict[str, Any] = {"id_token_alg": "ES256", "access_token_alg": "ES256"}
        self.app = client_registration.register(name="App", type="spa", redirect_uris=[CALLBACK], scopes=SCOPE.split(), **common)
        self.machine = client_registration.register(name="Machine", type="machine", scopes=["orders:read"], audience=API, **common)
        self.api = client_registration.register(
            name="API", type="web", redirect_uris=[CALLBACK], introspection_audiences=[issuer], **common
        )
        hashed = passwords.hash_password(PASSWORD)
        self.people = [self._person(f"person{number}@example.com", hashed) for number in range(people)]

    @staticmethod
    def _person(email: str, password_hash: str) -> Person:
        user = users.create(email, email_verified=True, password_hash=password_hash, profile={"name": "Ada Lovelace", "locale": "en-GB"})
        return Person(user.user_id, email, f"__Host-gatehouse={sign_ons.cookie(sign_ons.begin(user, ['pwd']))}")


class Caller:
    """One connection, and where its samples go. started_at: when a request ought to have been sent, by the clock of perf_counter."""

    def __init__(self, stage: Stage, samples: Samples) -> None:
        self.stage = stage
        self.samples = samples
        self.started_at: float | None = None
        self._connection = Connection(stage.issuer)

    def close(self) -> None:
        self._connection.close()

    async def _send(self, operation: str, method: str, target: str, status: int, check: Callable[[Answer], Any], **request: Any) -> Any:
        """Send, time, check; what the check returns.

        Raises:
            Wrong: the answer is not as it should be, or there is none. It is counted.
        """
        started, self.started_at = self.started_at or time.perf_counter(), None
        try:
            answer = await self._connection.send(method, target, **request)
            if answer.status != status:
                raise Wrong(f"{answer.status} {_error_of(answer)}".strip())
            found = check(answer)
        except (Wrong, OSError, EOFError, ValueError, LookupError) as trouble:
            kind = str(trouble) if isinstance(trouble, Wrong) else f"{type(trouble).__name__}"
            self.samples.error(operation, kind)
            raise Wrong(kind) from trouble
        self.samples.taken.setdefault(operation, []).append((time.perf_counter() - started) * 1000)
        return found

    async def discovery(self) -> None:
        await self._send("discovery", "GET", "/.well-known/openid-configuration", 200, self._is_ours)

    def _is_ours(self, answer: Answer) -> None:
        _demand(json.loads(answer.body)["issuer"] == self.stage.issuer, "another issuer")

    async def key_set(self) -> None:
        check = _holding("keys", lambda keys: len(keys) > 1)
        await self._send("key set", "GET", "/.well-known/jwks.json", 200, check)

    async def client_credentials(self) -> None:
        form = {"grant_type": "client_credentials", "scope": "orders:read"}
        check = _holding("access_token", lambda token: token.count(".") == 2)
        await self._send("client credentials", "POST", "/oauth/token", 200, check, form=form, headers=_basic(self.stage.machine))

    async def sign_in(self, email: str) -> str:
        """The password, given on the page that the application sent a new browser to: the code."""
        asked = self._authorization()
        location, cookies = await self._send("authorize, not signed on", "GET", asked, 303, lambda it: (it.headers["location"], it.cookies))
        headers = {"cookie": "; ".join(cookies)}
        target = location.removeprefix(self.stage.issuer)
        page = await self._send("sign-in page", "GET", target, 200, lambda answer: answer.body.decode(), headers=headers)
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
        form = hidden | {"email": email, "password": PASSWORD}
        return await self._send("password sign-in", "POST", "/u/login", 303, _code, form=form, headers=headers)  # type: ignore[no-any-return]

    async def session(self, person: Person) -> Session:
        """A code by the person's sign-on, exchanged."""
        started = self.started_at or time.perf_counter()
        code = await self._send("authorize, signed on", "GET", self._authorization(), 303, _code, headers={"cookie": person.sign_on})
        session = await self.exchange(person.user_id, code)
        self.samples.taken.setdefault("authorize + exchange", []).append((time.perf_counter() - started) * 1000)
        return session

    async def exchange(self, user_id: str, code: str) -> Session:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        tokens = await self._token("code exchange", form)
        return Session(user_id, tokens["access_token"], tokens["refresh_token"])

    async def refresh(self, session: Session) -> None:
        tokens = await self._token("refresh", {"grant_type": "refresh_token", "refresh_token": session.refresh_token})
        session.refreshed += 1
        session.access_token, session.refresh_token = tokens["access_token"], tokens["refresh_token"]

    async def _token(self, operation: str, form: dict[str, str]) -> dict[str, Any]:
        check = _holding("id_token", lambda token: token.count(".") == 2)
        return await self._send(operation, "POST", "/oauth/token", 200, check, form=form | {"client_id": self.stage.app.client_id})  # type: ignore[no-any-return]

    async def userinfo(self, session: Session) -> None:
        check = _holding("sub", lambda sub: sub == session.user_id)
        await self._send("userinfo", "GET", "/userinfo", 200, check, headers=_bearer(session))

    async def introspect(self, session: Session) -> None:
        check = _holding("active", lambda active: active is True)
        form = {"token": session.access_token}
        await self._send("introspect", "POST", "/oauth/introspect", 200, check, form=form, headers=_basic(self.stage.api))

    async def revoke(self, session: Session) -> None:
        form = {"token": session.refresh_token, "client_id": self.stage.app.client_id}
        await self._send("revoke", "POST", "/oauth/revoke", 200, lambda answer: None, form=form)
        session.ended = True

    async def sign_out_everywhere(self, session: Session) -> None:
        await self._send("sign out everywhere", "POST", "/me/sign-out", 204, lambda answer: None, form={}, headers=_bearer(session))
        session.ended = True

    async def is_refused(self, session: Session) -> None:
        """That neither of the session's tokens opens anything: 401, and invalid_grant."""
        await self._send("userinfo when ended", "GET", "/userinfo", 401, lambda answer: None, headers=_bearer(session))
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token, "client_id": self.stage.app.client_id}
        check = _holding("error", lambda error: error == "invalid_grant")
        await self._send("refresh when ended", "POST", "/oauth/token", 400, check, form=form)

    def _authorization(self) -> str:
        query = {"client_id": self.stage.app.client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": SCOPE}
        query |= {"state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        return f"/authorize?{urlencode(query)}"


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)


def _holding(member: str, right: Callable[[Any], bool]) -> Callable[[Answer], dict[str, Any]]:
    """A check that the body is JSON with a member that is right; returns the body."""

    def check(answer: Answer) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(answer.body)
        _demand(right(body[member]), f"wrong {member}")
        return body

    return check


def _code(answer: Answer) -> str:
    location = answer.headers["location"]
    _demand(location.startswith(f"{CALLBACK}?"), "sent elsewhere")
    return dict(parse_qsl(urlsplit(location).query))["code"]


def _error_of(answer: Answer) -> str:
    try:
        return str(json.loads(answer.body).get("error", ""))
    except (ValueError, AttributeError):
        return ""


def _basic(client: Registered) -> Mapping[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{client.client_id}:{client.secret}'.encode()).decode()}"}


def _bearer(session: Session) -> Mapping[str, str]:
    return {"authorization": f"Bearer {session.access_token}"}
