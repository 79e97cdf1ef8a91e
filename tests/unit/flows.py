"""What people and clients do, as functions over the handlers: the tests' vocabulary."""

import base64
import hashlib
import html
import re
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import jwt
import time_machine
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from gatehouse import client_registration, clients, passwords, sign_ons, users
from gatehouse.users import User
from tests.unit.conftest import ISSUER, Answer, call

PASSWORD = "correct horse battery staple"
CALLBACK = "https://app.example.com/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def new_user(email: str = "ada@example.com", **profile: Any) -> User:
    """A user with a proven address and PASSWORD."""
    return users.create(email, email_verified=True, password_hash=_hashed(passwords._hasher), profile=profile)


@cache
def _hashed(hasher: object) -> str:
    """PASSWORD, as it is stored while that one hashes: made once."""
    return passwords.hash_password(PASSWORD)


def new_client(kind: str = "spa", **properties: Any) -> client_registration.Registered:
    """A registered client; with redirect URIs unless it is a machine."""
    defaults: dict[str, Any] = {"name": "Example App", "type": kind}
    if kind != "machine":
        defaults |= {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": ["https://app.example.com/bye"]}
        defaults |= {"web_origins": ["https://app.example.com"]}
    registered = client_registration.register(**(defaults | properties))
    clients.forget()
    return registered


@dataclass
class Browser:
    """Keeps cookies as a browser does, and sends forms as its pages gave them."""

    source_ip: str = "192.0.2.7"
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, function: str, url: str) -> Answer:
        path, _, query = url.removeprefix(ISSUER).partition("?")
        return self._kept(call(function, "GET", path, query=query, cookies=self.cookies, source_ip=self.source_ip))

    def post(self, function: str, url: str, form: dict[str, str], **more: Any) -> Answer:
        path, _, query = url.removeprefix(ISSUER).partition("?")
        return self._kept(call(function, "POST", path, query=query, form=form, cookies=self.cookies, source_ip=self.source_ip, **more))

    def _kept(self, answer: Answer) -> Answer:
        for cookie in answer.cookies:
            name, _, value = cookie.split(";")[0].partition("=")
            if value and "Max-Age=0" not in cookie:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def authorize(self, client_id: str, **parameters: str) -> Answer:
        """GET /authorize as a client would send it; a parameter given as an empty string is left out."""
        query = {
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | parameters
        given = {name: value for name, value in query.items() if value}
        return self._kept(call("authorize", "GET", "/authorize", query=given, cookies=self.cookies, source_ip=self.source_ip))

    def fill(self, page: Answer, path: str, **fields: str) -> Answer:
        """Send the page's form back with `fields`."""
        return self.post("hosted_pages", path, hidden_fields(page) | fields)

    def sign_in(self, client_id: str, email: str = "ada@example.com", password: str = PASSWORD, **parameters: str) -> Answer:
        """From /authorize through the login page to whatever comes after the password."""
        started = self.authorize(client_id, **parameters)
        page = self.get("hosted_pages", started.location)
        return self.fill(page, "/u/login", email=email, password=password)


def hidden_fields(page: Answer) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body)
    return {name: html.unescape(value) for name, value in found}


def exchange(client_id: str, code: str, **parameters: str) -> Answer:
    """Redeem a code; a parameter given as an empty string is left out."""
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return token(**(form | parameters))


def refresh(client_id: str, refresh_token: str, **parameters: str) -> Answer:
    return token(**({"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token} | parameters))


def token(**form: str) -> Answer:
    headers = {name: form.pop(name) for name in ("authorization", "dpop", "origin") if name in form}
    request_id = form.pop("request_id", "")
    given = {name: value for name, value in form.items() if value}
    return call("token_exchange", "POST", "/oauth/token", form=given, headers=headers, request_id=request_id)


def signed_in(client_id: str, browser: Browser | None = None, **parameters: str) -> dict[str, Any]:
    """The token response of a complete sign-in."""
    browser = browser or Browser()
    answer = exchange(client_id, browser.sign_in(client_id, **parameters).sent_back["code"])
    assert answer.status == 200, answer.body
    tokens: dict[str, Any] = answer.json
    return tokens


def userinfo(access_token: str) -> Answer:
    return call("userinfo", "GET", "/userinfo", headers={"authorization": f"Bearer {access_token}"})


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def introspect(registered: client_registration.Registered, value: str) -> dict[str, Any]:
    headers = {"authorization": basic(registered.client_id, registered.secret)}
    answer = call("introspect", "POST", "/oauth/introspect", form={"token": value}, headers=headers)
    found: dict[str, Any] = answer.json
    return found


def sign_out_everywhere(access_token: str) -> Answer:
    return call("global_sign_out", "POST", "/me/sign-out", headers={"authorization": f"Bearer {access_token}"})


def mails() -> list[Any]:
    """What was sent, oldest first: objects with .subject, .body, .destinations."""
    region = boto3.session.Session().region_name or ""
    return list(ses_backends[DEFAULT_ACCOUNT_ID][region].sent_messages)


def mailed_link(path: str) -> str:
    """The newest link to that page that was mailed to anybody."""
    pattern = rf"{re.escape(ISSUER + path)}\?[^\s\"<]+"
    found: list[str] = re.findall(pattern, mails()[-1].body)
    return found[0]


def later(seconds: float) -> time_machine.travel:
    """The time so long after now, standing still; also within another `later`."""
    return time_machine.travel(time.time() + seconds, tick=False)


def browser_of(user: User) -> Browser:
    """A browser in which this person has just given the password; the pages are left out."""
    return Browser(cookies={"__Host-gatehouse": sign_ons.cookie(sign_ons.begin(user, ["pwd"]))})


def new_code(client_id: str, browser: Browser, **parameters: str) -> str:
    """An authorization code for the person who is signed on in this browser."""
    return browser.authorize(client_id, **parameters).sent_back["code"]


def tokens_of(client_id: str, browser: Browser, *, secret: str = "", **parameters: str) -> dict[str, Any]:
    """The token response for the person who is signed on in this browser. secret: of a confidential client."""
    code = new_code(client_id, browser, **parameters)
    answer = exchange("", code, authorization=basic(client_id, secret)) if secret else exchange(client_id, code)
    assert answer.status == 200, answer.body
    tokens: dict[str, Any] = answer.json
    return tokens


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
