"""Assertions by which a client says who it is (RFC 7523, Core 9)."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from tests.conformance.configuration import Client
from tests.conformance.signing import signed

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS = 60


def claims(client: Client, audience: object, **changes: Any) -> dict[str, Any]:
    """The claims of an assertion that is good; a change to None leaves one out."""
    now = int(time.time())
    usual = {"iss": client.client_id, "sub": client.client_id, "aud": audience, "jti": secrets.token_urlsafe(16)}
    times = {"iat": now, "nbf": now, "exp": now + LIFETIME_SECONDS}
    return {name: value for name, value in (usual | times | changes).items() if value is not None}


def authentication(client: Client, asserted: Mapping[str, Any], jwk: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Form fields that authenticate the client with these claims, under its own key unless another is given."""
    assertion = signed(jwk or client.jwk, asserted)
    return {"client_id": client.client_id, "client_assertion_type": TYPE, "client_assertion": assertion}
