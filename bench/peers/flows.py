"""What is asked of the servers, step by step, and what each answer must have: OAuth and OpenID Connect as all of them speak it."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt

from bench.peers.http_client import Answer, Connection
from local.instance import LocalError

CALLBACK = "https://app.example.com/callback"
SCOPE = "openid profile email offline_access"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NONCE = "n-0S6_WzA2Mj-n-0S6_WzA2Mj"
STATE = "af0ifjsldkj-af0ifjsldkj-af0ifjsldkj"

# The operations in the order of the tables.
REFRESH = "refresh"
LOGIN = "authorize + code exchange"
CLIENT_CREDENTIALS = "client credentials"
USERINFO = "userinfo"
INTROSPECTION = "introspection"
SIGN_OUT = "global sign-out"
PASSWORD = "password sign-in"
DISCOVERY = "discovery"
KEYS = "key set"
# Beside them, and not asked for over HTTP.
START = "start"
OPERATIONS = (REFRESH, LOGIN, CLIENT_CREDENTIALS, USERINFO, INTROSPECTION, SIGN_OUT, PASSWORD, DISCOVERY, KEYS)


class Wrong(LocalError):
    """A server answered something else than it must, so that its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Operation:
    """begin: what comes before for the n-th connection, unmeasured; answers a state. run: does it once and answers the next state.

    most: how often one connection can do it before it has to begin anew; 0 for any number. connections: at once, 0 for as many as usual.
    """

    begin: Callable[[Connection, int], Awaitable[Any]]
    run: Callable[[Connection, Any], Awaitable[Any]]
    most: int = 0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how a server is asked. Paths that it does not have are empty.

    sends: what goes with a request for authorization beside the usual; machine_form: the body for client credentials. basic: the header
    with which the client of people authenticates, "" for a public one; id_tokens, refreshed_id_tokens: whether those come.
    """

    client_id: str
    cookie: str
    authorize: str = "/authorize"
    token: str = "/token"
    userinfo: str = ""
    introspection: str = ""
    discovery: str = "/.well-known/openid-configuration"
    keys: str = "/jwks"
    machine: str = ""
    machine_form: dict[str, str] = field(default_factory=dict)
    sends: dict[str, str] = field(default_factory=dict)
    basic: str = ""
    jwt_access_tokens: bool = True
    id_tokens: bool = True
    refreshed_id_tokens: bool = True
    algorithm: str = "ES256"


def basic(client_id: str, secret: str) -> str:
    """The header of a client that authenticates by its secret, as a line."""
    return f"authorization: Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}\r\n"


def bearer(token: str) -> str:
    return f"authorization: Bearer {token}\r\n"


def expect(answer: Answer, *statuses: int) -> Answer:
    """The answer, if it has one of these statuses.

    Raises:
        Wrong: it has another.
    """
    if answer.status not in statuses:
        raise Wrong(f"{answer.status} instead of {statuses}: {answer.body[:300]!r} {answer.location}")
    return answer


def of_site(site: Site) -> dict[str, Operation]:
    """The operations that a server with these endpoints has."""
    form = urlencode({"client_id": site.client_id, "grant_type": "refresh_token"})

    async def login(connection: Connection, number: int) -> dict[str, Any]:
        return await sign_in(connection, site, site.cookie)

    async def refresh(connection: Connection, tokens: dict[str, Any]) -> dict[str, Any]:
        body = f"{form}&{urlencode({'refresh_token': tokens['refresh_token']})}"
        told = expect(await connection.post(site.token, body, site.basic), 200).json()
        _check(site, told, site.refreshed_id_tokens, nonce="")
        if told["refresh_token"] == tokens["refresh_token"]:
            raise Wrong("the refresh token was not rotated")
        return told

    async def again(connection: Connection, tokens: dict[str, Any]) -> dict[str, Any]:
        await sign_in(connection, site, site.cookie)
        return tokens

    found = {REFRESH: Operation(login, refresh), LOGIN: Operation(login, again)}
    found |= _with_access_token(site, login) | _documents(site)
    if site.machine_form:
        found[CLIENT_CREDENTIALS] = Operation(_nothing, _machine(site))
    return found


def authorization(client_id: str) -> dict[str, str]:
    """The query of a request for authorization."""
    return {
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": SCOPE,
        "state": STATE,
        "nonce": NONCE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


async def sign_in(connection: Connection, site: Site, cookie: str) -> dict[str, Any]:
    """Authorize a person who is signed on, exchange the code, and answer the checked tokens.

    Raises:
        Wrong: as it says.
    """
    target = f"{site.authorize}?{urlencode(authorization(site.client_id) | site.sends)}"
    answer = expect(await connection.request("GET", target, f"cookie: {cookie}\r\n" if cookie else ""), 302, 303)
    while not answer.location.startswith(CALLBACK):
        # openauth: its provider has an address of its own, and what is asked for waits in a cookie.
        waiting = f"cookie: {'; '.join(answer.cookies)}\r\n"
        if not answer.location.startswith("/"):
            raise Wrong(f"nobody is signed on: {answer.location}")
        answer = expect(await connection.request("GET", answer.location, waiting), 302, 303)
    return await _exchange(connection, site, answer.location)


async def _exchange(connection: Connection, site: Site, location: str) -> dict[str, Any]:
    returned = dict(parse_qsl(urlsplit(location).query))
    if returned.get("state") != STATE or "code" not in returned:
        raise Wrong(f"no code: {location}")
    form = {
        "grant_type": "authorization_code",
        "client_id": site.client_id,
        "code": returned["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    told = expect(await connection.post(site.token, urlencode(form), site.basic), 200).json()
    _check(site, told, site.id_tokens, nonce=NONCE)
    return told


def _check(site: Site, told: dict[str, Any], with_id_token: bool, nonce: str) -> None:
    if (told["access_token"].count(".") == 2) is not site.jwt_access_tokens:
        raise Wrong("another kind of access token than said")
    if "refresh_token" not in told or ("id_token" in told) is not with_id_token:
        raise Wrong(f"other tokens than said: {sorted(told)}")
    if with_id_token and nonce and _part(told["id_token"], 1).get("nonce") != nonce:
        raise Wrong("the ID token has another nonce")


def _part(token: str, number: int) -> dict[str, Any]:
    encoded = token.split(".")[number]
    part: dict[str, Any] = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return part


def _with_access_token(site: Site, login: Callable[[Connection, int], Awaitable[dict[str, Any]]]) -> dict[str, Operation]:
    async def userinfo(connection: Connection, tokens: dict[str, Any]) -> dict[str, Any]:
        told = expect(await connection.request("GET", site.userinfo, bearer(tokens["access_token"])), 200).json()
        if not told.get("sub") or "email" not in told:
            raise Wrong(f"userinfo without the person: {told}")
        return tokens

    async def introspect(connection: Connection, tokens: dict[str, Any]) -> dict[str, Any]:
        body = urlencode({"token": tokens["access_token"]})
        told = expect(await connection.post(site.introspection, body, site.machine), 200).json()
        if told.get("active") is not True:
            raise Wrong(f"a live token is not active: {told}")
        return tokens

    found = {}
    if site.userinfo:
        found[USERINFO] = Operation(login, userinfo)
    if site.introspection:
        found[INTROSPECTION] = Operation(login, introspect)
    return found


def _machine(site: Site) -> Callable[[Connection, Any], Awaitable[None]]:
    body = urlencode({"grant_type": "client_credentials"} | site.machine_form)

    async def ask(connection: Connection, state: Any) -> None:
        told = expect(await connection.post(site.token, body, site.machine), 200).json()
        if (told["access_token"].count(".") == 2) is not site.jwt_access_tokens:
            raise Wrong("another kind of access token than said")

    return ask


def _documents(site: Site) -> dict[str, Operation]:
    async def discovery(connection: Connection, state: Any) -> None:
        if "issuer" not in expect(await connection.request("GET", site.discovery), 200).json():
            raise Wrong("no discovery document")

    async def keys(connection: Connection, state: Any) -> None:
        if not expect(await connection.request("GET", site.keys), 200).json()["keys"]:
            raise Wrong("no keys")

    return {DISCOVERY: Operation(_nothing, discovery), KEYS: Operation(_nothing, keys)}


async def _nothing(connection: Connection, number: int) -> None:
    return None


async def prove(connection: Connection, site: Site) -> dict[str, Any]:
    """Verify every signature of one login against the published keys, and answer how many claims the tokens have.

    Raises:
        Wrong: a token has another algorithm than said, or no signature of these keys.
    """
    keys = jwt.PyJWKSet.from_dict(expect(await connection.request("GET", site.keys), 200).json())
    tokens = await sign_in(connection, site, site.cookie)
    signed = {name: tokens[name] for name in ("access_token", "id_token") if tokens.get(name, "").count(".") == 2}
    claims = {}
    for name, token in signed.items():
        head = jwt.get_unverified_header(token)
        if head["alg"] != site.algorithm:
            raise Wrong(f"{name} by {head['alg']}")
        of_algorithm = [key for key in keys.keys if key.algorithm_name == head["alg"] and head.get("kid") in (None, key.key_id)]
        try:
            options: Any = {"verify_aud": False, "verify_iat": False}
            claims[name] = len(jwt.decode(token, of_algorithm[0], algorithms=[head["alg"]], options=options))
        except (jwt.InvalidTokenError, IndexError) as trouble:
            raise Wrong(f"{name} is not signed by a published key: {trouble}") from trouble
    return claims
