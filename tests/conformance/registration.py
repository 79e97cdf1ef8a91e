"""Dynamic client registration (OpenID Connect Dynamic Client Registration 1.0, RFC 7591), as a client asks for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.conformance.configuration import Client
from tests.conformance.provider import Provider, json_of
from tests.conformance.signing import new_rsa_key, public
from tests.conformance.station import Station


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


def registered(op: Provider, like: Client, **metadata: Any) -> Client:
    """A new client with the addresses of another."""
    usual = {
        "client_name": "Conformance module",
        "redirect_uris": [like.redirect_uri],
        "post_logout_redirect_uris": [like.post_logout_redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    wanted = usual | metadata
    answer: dict[str, Any] = json_of(register(op, **wanted), status=201)
    kept = {name: value for name, value in wanted.items() if name != "jwks"}
    assert {name: answer.get(name) for name in kept} == kept, f"Registration 3.2: all metadata of the client is returned: {answer}"
    assert answer["client_id"], "Registration 3.2: client_id"
    assert not answer.get("client_secret") or isinstance(answer.get("client_secret_expires_at"), int), "Registration 3.2: its expiry"
    method = answer.get("token_endpoint_auth_method", "client_secret_basic")
    return replace(
        like,
        client_id=answer["client_id"],
        client_secret=answer.get("client_secret", ""),
        redirect_uri=wanted["redirect_uris"][0],
        token_endpoint_auth_method=method,
    )


def registered_with_key(op: Provider, like: Client, key: Mapping[str, Any] | None = None, **metadata: Any) -> Client:
    """A new client that authenticates with private_key_jwt, as the suite registers them for the Dynamic plan.

    key: its private JWK. The metadata may tell where the public one is; else it is sent along.
    """
    key = dict(key or new_key("first"))
    by_value = {} if "jwks_uri" in metadata else {"jwks": published(key)}
    client = registered(op, like, token_endpoint_auth_method="private_key_jwt", **by_value, **metadata)
    return replace(client, jwk=key)


def new_key(kid: str) -> dict[str, Any]:
    """A private JWK for RS256."""
    return new_rsa_key("RS256") | {"kid": kid, "use": "sig"}


def published(key: Mapping[str, Any]) -> dict[str, Any]:
    """The key set of a client with this private JWK."""
    return {"keys": [public(key) | {name: key[name] for name in ("kid", "use", "alg")}]}


def client_with_keys_at(op: Provider, station: Station, path: str, key: Mapping[str, Any]) -> Client:
    """A new client that publishes its key there. Skips where a provider calls https addresses only."""
    like, uri = op.configuration.clients["basic"], f"{station.url}{path}"
    station.documents[path] = published(key)
    tried = register(op, redirect_uris=[like.redirect_uri], jwks_uri=uri, token_endpoint_auth_method="private_key_jwt")
    if tried.status_code == 400:
        pytest.skip(f"the provider takes no keys from {uri}: {tried.text}")
    return registered_with_key(op, like, key, jwks_uri=uri)
