"""Dynamic client registration (OpenID Connect Dynamic Client Registration 1.0, RFC 7591), as a client asks for it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.conformance.configuration import Client
from tests.conformance.provider import Provider, json_of


def register(op: Provider, **metadata: Any) -> httpx.Response:
    """What the registration endpoint says to the metadata. Skips the module where there is no registration to try."""
    endpoint, token = op.metadata.get("registration_endpoint"), op.configuration.initial_access_token
    if not endpoint:
        pytest.skip("this module exists for dynamic registration only, and discovery has no registration_endpoint")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = op.http.post(endpoint, json=metadata, headers=headers)
    if answer.status_code in (401, 403) and not token:
        pytest.skip("registration is not open to everybody, and the configuration has no initial_access_token")
    return answer


def registered(op: Provider, like: Client, **metadata: Any) -> tuple[Client, dict[str, Any]]:
    """A new client with the addresses of another, and what the provider said of it."""
    wanted = {"redirect_uris": [like.redirect_uri], "client_name": "Conformance module", "response_types": ["code"]} | metadata
    answer: dict[str, Any] = json_of(register(op, **wanted), status=201)
    for name, value in wanted.items():
        assert answer.get(name) == value, f"Registration 3.2: all metadata about the client is returned: {name}"
    assert not answer.get("client_secret") or isinstance(answer.get("client_secret_expires_at"), int), "Registration 3.2: its expiry"
    method = answer.get("token_endpoint_auth_method", "client_secret_basic")
    client = replace(
        like,
        client_id=answer["client_id"],
        client_secret=answer.get("client_secret", ""),
        token_endpoint_auth_method=method,
    )
    return client, answer
