"""Tokens as an attacker makes them: any header, any claims, signed with whatever is at hand."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from gatehouse import jose, keys
from gatehouse.client_registration import Registered
from tests.unit.conftest import Answer, call, context, function
from tests.unit.flows import (
    CALLBACK,
    Browser,
    browser_of,
    claims_of,
    introspect,
    new_client,
    new_user,
    tokens_of,
    userinfo,
)
from tests.unit.test_redirect_uris import shown_and_not_sent

Signer = Callable[[bytes], bytes]


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jws(header: object, claims: object, sign: Signer) -> str:
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(sign(signed.encode()))}"


def unsigned(signed: bytes) -> bytes:
    return b""


def zeros(signed: bytes) -> bytes:
    return bytes(256)


def mac(secret: bytes) -> Signer:
    return lambda signed: hmac.digest(secret, signed, hashlib.sha256)


def ours(kid: str) -> Signer:
    """The private key that only we have, for tokens that are ours but for their content."""
    key = keys._signing_key(kid)
    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    return lambda signed: algorithm.sign(signed, key.private)


def public_pem(kid: str) -> bytes:
    public = jose.verification_key(keys.ring()[kid].jwk or {}).public
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Victim:
    """Real tokens of a real session, to be changed."""

    app: Registered
    access_token: str
    id_token: str

    def header(self, name: str = "access_token") -> dict[str, Any]:
        return jwt.get_unverified_header(getattr(self, name))

    def claims(self, name: str = "access_token") -> dict[str, Any]:
        return claims_of(getattr(self, name))

    def variants(self, change: Callable[[dict[str, Any], dict[str, Any], str], str]) -> tuple[str, str]:
        """change(header, claims, token) of the access token and of the ID token."""
        made = [change(self.header(name), self.claims(name), getattr(self, name)) for name in ("access_token", "id_token")]
        return made[0], made[1]

    def resigned(
        self, *, header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None, sign: Signer | None = None
    ) -> tuple[str, str]:
        """Both tokens with these members in header or claims, under our own signature or that of `sign`."""
        return self.variants(lambda old, told, _: jws(old | (header or {}), told | (claims or {}), sign or ours(old["kid"])))


def victim(**properties: Any) -> Victim:
    app = new_client("web", **properties)
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)
    return Victim(app, tokens["access_token"], tokens["id_token"])


def authorizer_allows(token: str, **stage_variables: str) -> bool:
    event: Mapping[str, Any] = {"headers": {"authorization": f"Bearer {token}"}, "stageVariables": stage_variables}
    return bool(function("authorizer")(dict(event), context())["isAuthorized"])


def as_hint(app: Registered, token: str) -> tuple[Answer, Answer]:
    """The token as id_token_hint of /authorize and of logout."""
    logout = {"id_token_hint": token, "post_logout_redirect_uri": "https://app.example.com/bye"}
    return Browser().authorize(app.client_id, id_token_hint=token), call("logout", "GET", "/oidc/logout", query=logout)


def accepted(of: Victim, access_token: str, id_token: str) -> list[str]:
    """Where one of these is taken for a token of ours."""
    at_userinfo = userinfo(access_token)
    found = {
        "userinfo": (at_userinfo.status, at_userinfo.json.get("error")) != (401, "invalid_token"),
        "introspection": introspect(of.app, access_token).get("active", False),
        "authorizer": authorizer_allows(access_token),
    }
    # Last, since a logout that is taken ends the session.
    at_authorize, at_logout = as_hint(of.app, id_token)
    found["authorize"] = not at_authorize.location.startswith(f"{CALLBACK}?error=invalid_request")
    found["logout"] = not shown_and_not_sent(at_logout)
    return [name for name, taken in found.items() if taken]
