"""The operations that are measured: for each the function, and how to get to the event that it is invoked with."""

import base64
import hashlib
import html
import importlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from gatehouse import client_registration, custom_data, passwords, sign_ons, tenant, users
from gatehouse.client_registration import Registered
from gatehouse.tenant import CustomData
from gatehouse.users import User
from local.instance import ROOT

Event = dict[str, Any]
Handler = Callable[[Event, object], dict[str, Any]]

PASSWORD = "correct horse battery staple"
CALLBACK = "https://app.example.com/callback"
GOODBYE = "https://app.example.com/signed-out"
ORIGIN = "https://app.example.com"
API = "https://orders.example.com"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
# Every scope of ours and two more, the longest address, a talkative browser: the largest usual session.
SCOPE = "openid profile email address phone offline_access user_metadata app_metadata custom_data orders:read orders:write"
# What userinfo answers from the user's record alone: custom data is an item of its own.
RECORD_SCOPE = SCOPE.replace(" custom_data", "")
SOURCE_IP = "2001:0db8:85a3:08d3:1319:8a2e:0370:7344"
USER_AGENT = (
    "Mozilla/5.0 (Linux; Android 16; SM-S938B Build/BP2A.250605.031; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/142.0.7444.102 Mobile Safari/537.36"
)


class Context:
    """What Lambda passes beside the event."""

    def __init__(self, request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd") -> None:
        self.aws_request_id = request_id


@dataclass(frozen=True, slots=True)
class Operation:
    """prepare: does all that comes before and returns the event. expects: the status, None for the authorizer."""

    name: str
    function: str
    prepare: Callable[[], Event]
    expects: int | None = 200

    @property
    def handler(self) -> Handler:
        return handler(self.function)

    def run(self, event: Event) -> dict[str, Any]:
        """Invoke it once.

        Raises:
            RuntimeError: it answered something else, so that the measurement would mean nothing.
        """
        answer = self.handler(event, Context())
        as_expected = answer["isAuthorized"] if self.expects is None else answer["statusCode"] == self.expects
        if not as_expected:
            raise RuntimeError(f"{self.name} answered {answer}")
        return answer


def handler(function: str) -> Handler:
    found: Handler = importlib.import_module(f"functions.{function}.app").handler
    return found


def event(name: str, **changes: Any) -> Event:
    """events/<name>.json with `changes`: form and query as parameters, headers beside those of the sample."""
    sample: Event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    sample["headers"] |= {"user-agent": USER_AGENT} | changes.pop("headers", {})
    sample["requestContext"]["http"]["sourceIp"] = SOURCE_IP
    if "query" in changes:
        sample["rawQueryString"] = urlencode(changes.pop("query"))
    if "form" in changes:
        sample["body"] = base64.b64encode(urlencode(changes.pop("form")).encode()).decode()
    return sample | changes


class World:
    """Clients that sign with one algorithm, and one person."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        common: dict[str, Any] = {"id_token_alg": algorithm, "access_token_alg": algorithm, "audience": API}
        spa: dict[str, Any] = common | {
            "type": "spa",
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": [GOODBYE],
            "web_origins": [ORIGIN],
            "scopes": SCOPE.split(),
        }
        self.app = client_registration.register(name="App", **spa)
        self.cookie_app = client_registration.register(name="Cookie App", refresh_cookie=True, **spa)
        self.machine = client_registration.register(
            name="Machine", type="machine", scopes=["orders:read"], introspection_audiences=[API], **common
        )
        self.email = f"ada.lovelace@{algorithm.lower()}.example.com"
        self.person = self.new_person(self.email, passwords.hash_password(PASSWORD))
        tenant.change(lambda settings: replace(settings, custom_data=CustomData(enabled=True, store="companies")))
        custom_data.insert({"user_id": self.person.user_id, "company_name": "Analytical Engines", "seats": 12})

    @staticmethod
    def new_person(email: str, password_hash: str = "") -> User:
        profile = {"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "locale": "en-GB"}
        return users.create(email, email_verified=True, password_hash=password_hash, profile=profile)

    def asking(self, client: Registered, cookies: list[str] | None = None, scope: str = SCOPE) -> Event:
        """An authorization request as a client library sends it."""
        query = {
            "client_id": client.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": scope,
            "state": "af0ifjsldkj-af0ifjsldkj-af0ifjsldkj",
            "nonce": "n-0S6_WzA2Mj-n-0S6_WzA2Mj",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return event("authorize", query=query, cookies=cookies or [])

    def signed_on(self, person: User | None = None) -> list[str]:
        """The cookies of a browser in which a person has just signed in."""
        user = users.get((person or self.person).user_id)
        assert user is not None
        return [f"__Host-gatehouse={sign_ons.cookie(sign_ons.begin(user, ['pwd']))}"]

    def code(self, client: Registered, cookies: list[str], scope: str = SCOPE) -> Event:
        """The exchange of a fresh code."""
        answer = handler("authorize")(self.asking(client, cookies, scope), Context())
        code = dict(parse_qsl(urlsplit(answer["headers"]["location"]).query))["code"]
        form = {
            "grant_type": "authorization_code",
            "client_id": client.client_id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return event("token_exchange_authorization_code", form=form, headers={"origin": ORIGIN})

    def tokens(self, cookies: list[str] | None = None, scope: str = SCOPE) -> dict[str, Any]:
        """The token response of a new session."""
        answer = handler("token_exchange")(self.code(self.app, cookies or self.signed_on(), scope), Context())
        tokens: dict[str, Any] = json.loads(answer["body"])
        return tokens

    def basic(self) -> dict[str, str]:
        credentials = base64.b64encode(f"{self.machine.client_id}:{self.machine.secret}".encode()).decode()
        return {"authorization": f"Basic {credentials}"}


def operations(world: World) -> list[Operation]:
    """Every operation, by the clients of `world`."""
    sign_on = world.signed_on()
    access_token = world.tokens(sign_on)["access_token"]
    presented = {"authorization": f"Bearer {access_token}"}
    of_the_record = {"authorization": f"Bearer {world.tokens(sign_on, RECORD_SCOPE)['access_token']}"}
    introspected = {"form": {"token": access_token}, "headers": world.basic()}
    authorized = {"headers": presented, "stageVariables": {"audience": API, "scope": "orders:read"}}
    return [
        Operation("authorize, signed on", "authorize", lambda: world.asking(world.app, sign_on), 303),
        Operation("authorize, not signed on", "authorize", lambda: world.asking(world.app), 303),
        Operation("code exchange", "token_exchange", lambda: world.code(world.app, sign_on)),
        Operation("refresh", "token_exchange", lambda: _refresh(world)),
        Operation("refresh by cookie", "token_refresh", lambda: _refresh_by_cookie(world, sign_on)),
        Operation("client credentials", "token_exchange", lambda: _client_credentials(world)),
        Operation("userinfo", "userinfo", lambda: event("userinfo", headers=of_the_record)),
        Operation("userinfo, custom data", "userinfo", lambda: event("userinfo", headers=presented)),
        Operation("introspect", "introspect", lambda: event("introspect", **introspected)),
        Operation("authorizer", "authorizer", lambda: event("authorizer", **authorized), None),
        Operation("revoke", "revoke", lambda: _revoke(world)),
        Operation("sign out everywhere", "global_sign_out", lambda: _sign_out_everywhere(world), 204),
        Operation("RP logout", "logout", lambda: _logout(world), 303),
        Operation("discovery", "discovery", lambda: event("discovery")),
        Operation("key set", "discovery", lambda: event("discovery_jwks")),
        Operation("sign-in page", "hosted_pages", lambda: _sign_in_page(world)),
        Operation("password sign-in", "hosted_pages", lambda: password_sign_in(world, world.email), 303),
    ]


def _refresh(world: World) -> Event:
    refresh_token = world.tokens()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": world.app.client_id, "refresh_token": refresh_token}
    return event("token_exchange_refresh_token", form=form)


def _refresh_by_cookie(world: World, sign_on: list[str]) -> Event:
    answer = handler("token_exchange")(world.code(world.cookie_app, sign_on), Context())
    cookies = [cookie.partition(";")[0] for cookie in answer["cookies"]]
    form = {"client_id": world.cookie_app.client_id}
    return event("token_refresh", form=form, headers={"origin": ORIGIN}, cookies=cookies)


def _client_credentials(world: World) -> Event:
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    return event("token_exchange_client_credentials", form=form, headers=world.basic())


def _revoke(world: World) -> Event:
    return event("revoke", form={"client_id": world.app.client_id, "token": world.tokens()["refresh_token"]})


def _sign_out_everywhere(world: World) -> Event:
    # A person of its own: the others' tokens shall stay good.
    person = world.new_person(_fresh_address(world))
    tokens = world.tokens(world.signed_on(person))
    return event("global_sign_out", headers={"authorization": f"Bearer {tokens['access_token']}"})


def _logout(world: World) -> Event:
    cookies = world.signed_on(world.new_person(_fresh_address(world)))
    query = {"id_token_hint": world.tokens(cookies)["id_token"], "post_logout_redirect_uri": GOODBYE, "state": "bye"}
    return event("logout", query=query, cookies=cookies)


def _sign_in_page(world: World) -> Event:
    started = handler("authorize")(world.asking(world.app), Context())
    cookies = [cookie.partition(";")[0] for cookie in started["cookies"]]
    query = dict(parse_qsl(urlsplit(started["headers"]["location"]).query))
    return event("hosted_pages_login", query=query, cookies=cookies)


def password_sign_in(world: World, email: str) -> Event:
    """What the login page sends, in a browser that has just been sent there."""
    asked = _sign_in_page(world)
    page = handler("hosted_pages")(asked, Context())
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page["body"])
    form = {name: html.unescape(value) for name, value in hidden} | {"email": email, "password": PASSWORD}
    sent = event("hosted_pages_login", query={}, form=form, cookies=asked["cookies"], isBase64Encoded=True)
    sent["headers"]["content-type"] = "application/x-www-form-urlencoded"
    sent["requestContext"]["http"]["method"] = "POST"
    return sent


_people = 0


def _fresh_address(world: World) -> str:
    global _people
    _people += 1
    return f"person{_people}@{world.email.partition('@')[2]}"
