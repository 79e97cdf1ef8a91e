"""Signed request objects (RFC 9101): the parameters of an authorization request in a JWT that the client's key signed."""

import json
from typing import Any

from gatehouse import client_keys, clock, jose
from gatehouse.clients import Client
from gatehouse.errors import InvalidRequestObject
from gatehouse.jose import foreign
from gatehouse.settings import settings

LONGEST_LIFE_SECONDS = 3600
_TYPES = ("", "jwt", "oauth-authz-req+jwt")
# What the JWT says about itself, and what must not hide in it (RFC 9101 section 4, 6.3).
_OWN = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "sub", "client_id", "request", "request_uri"})


def opened(value: str, client: Client) -> dict[str, str]:
    """The parameters that the client signed, and its client_id; nothing outside the object counts beside them.

    Raises:
        InvalidRequestObject: it is none of this client's for us, or not in force.
        Unavailable: the client's keys cannot be had.
    """
    algorithms = foreign.STRONG_ALGORITHMS if client.fapi else foreign.ALGORITHMS
    pinned = client.request_object_signing_alg
    try:
        jwks = client_keys.of(client, value)
        claims = foreign.verify(value, jwks, algorithms=(pinned,) if pinned else algorithms, types=_TYPES)
        _check(claims, client)
        return {"client_id": client.client_id} | {
            name: text for name, entry in claims.items() if name not in _OWN and (text := _text(entry))
        }
    except jose.InvalidJWT as flaw:
        raise InvalidRequestObject("the request object is not one that the client signed for us", detail=str(flaw)) from flaw


def _check(claims: dict[str, Any], client: Client) -> None:
    now = clock.now()
    # FAPI 2.0 Message Signing 5.3.1 bounds the life of a request; elsewhere the object may do without one.
    jose.check_times(claims, now, required=("exp", "nbf") if client.fapi else (), skew_seconds=foreign.SKEW_SECONDS)
    if client.fapi and (claims["exp"] > now + LONGEST_LIFE_SECONDS or claims["nbf"] < now - LONGEST_LIFE_SECONDS):
        raise jose.InvalidJWT("it is in force for too long")
    if claims.get("iss") != client.client_id or claims.get("client_id") != client.client_id:
        raise jose.InvalidJWT("iss and client_id are not the client")
    audience = claims.get("aud")
    if settings().issuer not in (audience if isinstance(audience, list) else [audience]):
        raise jose.InvalidJWT("aud is not the issuer")
    if claims.get("sub") == client.client_id:
        raise jose.InvalidJWT("it could serve as a client assertion")
    if "request" in claims or "request_uri" in claims:
        raise jose.InvalidJWT("it holds another request")


def _text(value: object) -> str:
    """A parameter as it would stand in a query.

    Raises:
        InvalidJWT: it could not.
    """
    match value:
        case str():
            return value
        case bool() | None:
            raise jose.InvalidJWT("a parameter is neither text nor number")
        case int():
            return str(value)
        case dict():
            return json.dumps(value, separators=(",", ":"))
        case list() if all(isinstance(entry, str) for entry in value):
            return " ".join(value)
    raise jose.InvalidJWT("a parameter is neither text nor number")
