"""What must be known of a provider beforehand: its issuer, the clients that are registered there, and one person."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. jwk: the private key of one that authenticates with private_key_jwt."""

    client_id: str
    redirect_uri: str
    client_secret: str = ""
    post_logout_redirect_uri: str = ""
    jwk: Mapping[str, Any] = field(default_factory=dict)
    token_endpoint_auth_method: str = "client_secret_basic"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that is not in the discovery document.

    fields: what the person types, by the names of the input fields. claims: what userinfo must tell of them.
    backchannel_listen: host and port that the provider reaches this process at. reuse_after_seconds: how long a used code rests
    before it is presented again. rotation_seconds: how long a provider is given to look at a client's keys again.
    """

    issuer: str
    verify: bool | ssl.SSLContext
    clients: Mapping[str, Client]
    fields: Mapping[str, str]
    claims: Mapping[str, Any]
    backchannel_listen: str = ""
    initial_access_token: str = ""
    reuse_after_seconds: float = 30
    rotation_seconds: float = 61


# How a client authenticates that does not say so itself.
_METHODS = {"post": "client_secret_post"}


def of(document: Mapping[str, Any]) -> Configuration:
    """The configuration that a JSON document holds."""
    verify = document.get("verify_tls", True)
    return Configuration(
        issuer=document["issuer"],
        verify=ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify,
        clients={name: _client(name, properties) for name, properties in document["clients"].items()},
        fields=document["user"]["fields"],
        claims=document["user"].get("claims", {}),
        backchannel_listen=document.get("backchannel_listen") or "",
        initial_access_token=document.get("initial_access_token") or "",
        reuse_after_seconds=document.get("reuse_after_seconds", 30),
        rotation_seconds=document.get("rotation_seconds", 61),
    )


def _client(name: str, properties: Mapping[str, Any]) -> Client:
    known = {key: properties[key] for key in Client.__dataclass_fields__ if properties.get(key)}
    method = "private_key_jwt" if "jwk" in known else _METHODS.get(name, "client_secret_basic")
    return Client(**({"token_endpoint_auth_method": method} | known))
