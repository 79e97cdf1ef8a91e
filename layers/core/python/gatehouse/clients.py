"""Applications: what each may do, and the secrets it proves itself with (RFC 7591 terms)."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from gatehouse import clock, table
from gatehouse.dataclasses import dataclass
from gatehouse.remembered import CACHE_SECONDS, Remembered
from gatehouse.settings import settings

_UNKNOWN_CACHE_SECONDS = 10

TYPES = ("web", "spa", "native", "machine")
STANDARD_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")
FAPI2 = "fapi2"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
LONGEST_CLIENT_ID = 64
LOOPBACK_ADDRESSES = ("127.0.0.1", "[::1]")
# RFC 6749 3.3: scope-token is of visible ASCII without quote and backslash; spaces separate.
_SCOPE_CHARACTERS = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}
# What a client may set for itself and otherwise has from the stack.
_LIFETIMES = (
    "access_token_seconds",
    "id_token_seconds",
    "session_seconds",
    "session_idle_seconds",
    "refresh_grace_seconds",
    "sign_on_grace_seconds",
)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client. Lifetimes and graces in seconds, already resolved against the stack's defaults.

    initiate_login_uri: where the application starts a sign-in of its own (OpenID Connect Core 4).
    audience: what its access tokens are for, empty for the issuer. resources: further APIs that it may ask tokens for (RFC 8707).
    introspection_audiences: whose tokens it may introspect and exchange beside its own.
    refresh_cookie: the refresh token goes into an HttpOnly cookie and never into the answer's body.
    sessions_not_before: its sessions that began up to this time are over, 0 for none.
    security_profile: "fapi2" holds it to the FAPI 2.0 Security Profile. token_exchange: "delegation" or "impersonation", empty for neither.
    claims_in_id_token: what its scopes open stands in the ID token too, not only at userinfo.
    profile_fields: what people are asked for when they sign in to it, as long as it lacks: each {name, required} and a label.
    organization_usage: whether people sign in in the name of an organization: "deny", "allow" or "require".
    """

    client_id: str
    name: str
    type: str
    secret_digests: tuple[tuple[bytes, int], ...] = ()
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    web_origins: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    token_endpoint_auth_method: str
    token_endpoint_auth_signing_alg: str = ""
    jwks: tuple[dict[str, str], ...] = ()
    jwks_uri: str = ""
    scopes: tuple[str, ...] = ()
    client_uri: str = ""
    logo_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    contacts: tuple[str, ...] = ()
    initiate_login_uri: str = ""
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    first_party: bool = True
    security_profile: str = ""
    require_pkce: bool = True
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    request_object_signing_alg: str = ""
    dpop_bound_access_tokens: bool = False
    default_max_age: int = -1
    audience: str = ""
    resources: tuple[str, ...] = ()
    introspection_audiences: tuple[str, ...] = ()
    token_exchange: str = ""
    id_token_alg: str = "RS256"
    access_token_alg: str = "RS256"
    access_token_seconds: int
    id_token_seconds: int
    session_seconds: int
    session_idle_seconds: int
    refresh_grace_seconds: int
    sign_on_grace_seconds: int
    sessions_not_before: int = 0
    refresh_cookie: bool = False
    claims_in_id_token: bool = False
    profile_fields: tuple[dict[str, Any], ...] = ()
    organization_usage: str = "allow"

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        stack = settings()
        lifetimes = {name: item.get(name, getattr(stack, name)) for name in _LIFETIMES}
        lifetimes["session_seconds"] = min(lifetimes["session_seconds"], stack.session_seconds)
        known = [(name, value) for name, value in item.items() if name in cls.__dataclass_fields__]
        kept = {name: tuple(value) if isinstance(value, list) else value for name, value in known}
        digests = tuple((entry["digest"], entry["expires_at"]) for entry in item.get("secret_digests", ()))
        return cls(**kept | lifetimes | {"secret_digests": digests})

    @property
    def public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    @property
    def fapi(self) -> bool:
        return self.security_profile == FAPI2

    @property
    def has_login_link(self) -> bool:
        """Whether its sign-in can begin anywhere, as in a mail: at its own address for that, or at ours if it does without PKCE."""
        return bool(self.redirect_uris) and (bool(self.initiate_login_uri) or not self.require_pkce)

    def granted_scope(self, requested: str) -> str:
        """Of the scopes asked for, those that the client may have, in the order asked."""
        return " ".join(dict.fromkeys([scope for scope in requested.split() if scope in self.scopes]))

    def knows_secret(self, secret: str) -> bool:
        """Whether this is one of the client's secrets in force. Every one is compared, each in constant time."""
        digest, now = secret_digest(secret), clock.now()
        matches = [hmac.compare_digest(digest, known) and (not ends or ends > now) for known, ends in self.secret_digests]
        return any(matches)

    def knows_redirect_uri(self, uri: str) -> bool:
        """Exact comparison (RFC 9700 2.1), but for the port of a native client's loopback address (RFC 8252 7.3)."""
        if uri in self.redirect_uris:
            return True
        if self.type != "native" or (portless := _without_loopback_port(uri)) is None:
            return False
        return any(portless == _without_loopback_port(known) for known in self.redirect_uris)


# A changed or deleted client, and a withdrawn secret, take effect everywhere within CACHE_SECONDS, a new secret within a second.
# Where the table cannot be read, that is remembered.STALE_SECONDS, and no new secret takes effect.
_remembered: Remembered[Client] = Remembered("clients", unknown_seconds=_UNKNOWN_CACHE_SECONDS)


def get(client_id: str, *, no_older_than_seconds: int = CACHE_SECONDS) -> Client | None:
    """A client as it was at most so long ago, by default longer in an outage. 0.5 RRU when not remembered, 1 when it must be newer.

    Raises:
        Unavailable: the table cannot be read, and the client is not known well enough: not at all, or not as new as it must be.
    """
    if not 0 < len(client_id) <= LONGEST_CLIENT_ID or not client_id.isascii() or not client_id.isalnum():
        return None

    def read() -> Client | None:
        item = table.get(table.client_key(client_id), consistent=no_older_than_seconds < CACHE_SECONDS)
        return Client.from_item(item) if item else None

    return _remembered.one(client_id, read, no_older_than_seconds=no_older_than_seconds)


def forget() -> None:
    """Read every client anew."""
    _remembered.forget()


def secret_digest(secret: str) -> bytes:
    # SHA-256 and no password hash: the secrets are ours, 256 random bits each.
    return hashlib.sha256(secret.encode()).digest()


def new_identifier(length: int) -> str:
    """Random characters from [A-Za-z0-9], which no client library encodes differently from another."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def redirect_uri_flaw(uri: str, client_type: str) -> str:
    """Why this URI may not be registered for a client of this type; empty if it may (RFC 9700 2.1, RFC 8252 7)."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URI"
    if not uri.isascii() or any(character <= " " or character in '\\"<>^`{|}\x7f' for character in uri):
        return "has characters that no URI may have"
    if "#" in uri:
        return "has a fragment"
    if "*" in uri:
        return "has a wildcard; register each URI"
    if parts.scheme in ("https", "http"):
        return _web_uri_flaw(parts.scheme, parts.netloc, host)
    if client_type == "native" and "." in parts.scheme:
        return ""
    return "must be https, or http on a loopback address" + (", or a reverse-domain scheme of its own" if client_type == "native" else "")


def _web_uri_flaw(scheme: str, netloc: str, host: str | None) -> str:
    if not host:
        return "has no host"
    if "@" in netloc:
        return "has user information"
    if scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        return "is http on a host other than a loopback one"
    return ""


def _without_loopback_port(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    host = parts.netloc.removesuffix(f":{port}")
    if parts.scheme != "http" or host not in LOOPBACK_ADDRESSES:
        return None
    # Rebuilt by hand: urlunsplit would drop an empty query and let two spellings pass for one.
    return f"http://{host}{uri[len('http://') + len(parts.netloc) :]}"


def scope_is_wellformed(scope: str) -> bool:
    """scope-token of RFC 6749 3.3, separated by single or more spaces."""
    return _SCOPE_CHARACTERS.issuperset(scope)


def all_known(values: Iterable[str], known: Iterable[str]) -> bool:
    return set(values) <= set(known)
