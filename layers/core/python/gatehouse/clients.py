"""Applications: what each may do, and the secrets it proves itself with (RFC 7591 terms)."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from gatehouse import clock, table
from gatehouse.settings import settings

# A changed or deleted client, and a withdrawn secret, take effect everywhere within this time; a new secret within a second.
CACHE_SECONDS = 60
_UNKNOWN_CACHE_SECONDS = 10
_CACHED_CLIENTS = 1000

TYPES = ("web", "spa", "native", "machine")
STANDARD_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")
LONGEST_CLIENT_ID = 64
LOOPBACK_ADDRESSES = ("127.0.0.1", "[::1]")
# RFC 6749 3.3: scope-token is of visible ASCII without quote and backslash; spaces separate.
_SCOPE_CHARACTERS = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. Lifetimes and graces in seconds, already resolved against the stack's defaults.

    initiate_login_uri: where the application starts a sign-in of its own (OpenID Connect Core 4).
    audience: what its access tokens are for, empty for the issuer. introspection_audiences: whose tokens it may introspect beside its own.
    refresh_cookie: the refresh token goes into an HttpOnly cookie and never into the answer's body.
    """

    client_id: str
    name: str
    type: str
    secret_digests: tuple[tuple[bytes, int], ...]
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    web_origins: tuple[str, ...]
    grant_types: tuple[str, ...]
    token_endpoint_auth_method: str
    scopes: tuple[str, ...]
    client_uri: str
    initiate_login_uri: str
    first_party: bool
    require_pkce: bool
    audience: str
    introspection_audiences: tuple[str, ...]
    id_token_alg: str
    access_token_alg: str
    access_token_seconds: int
    id_token_seconds: int
    session_seconds: int
    session_idle_seconds: int
    refresh_grace_seconds: int
    sign_on_grace_seconds: int
    refresh_cookie: bool

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        stack = settings()

        def listed(name: str) -> tuple[str, ...]:
            return tuple(item.get(name, ()))

        return cls(
            client_id=item["client_id"],
            name=item["name"],
            type=item["type"],
            secret_digests=tuple((entry["digest"], entry["expires_at"]) for entry in item.get("secret_digests", ())),
            redirect_uris=listed("redirect_uris"),
            post_logout_redirect_uris=listed("post_logout_redirect_uris"),
            web_origins=listed("web_origins"),
            grant_types=listed("grant_types"),
            token_endpoint_auth_method=item["token_endpoint_auth_method"],
            scopes=listed("scopes"),
            client_uri=item.get("client_uri", ""),
            initiate_login_uri=item.get("initiate_login_uri", ""),
            first_party=item.get("first_party", True),
            require_pkce=item.get("require_pkce", True),
            audience=item.get("audience", ""),
            introspection_audiences=listed("introspection_audiences"),
            id_token_alg=item.get("id_token_alg", "RS256"),
            access_token_alg=item.get("access_token_alg", "RS256"),
            access_token_seconds=item.get("access_token_seconds", stack.access_token_seconds),
            id_token_seconds=item.get("id_token_seconds", stack.id_token_seconds),
            session_seconds=min(item.get("session_seconds", stack.session_seconds), stack.session_seconds),
            session_idle_seconds=item.get("session_idle_seconds", stack.session_idle_seconds),
            refresh_grace_seconds=item.get("refresh_grace_seconds", stack.refresh_grace_seconds),
            sign_on_grace_seconds=item.get("sign_on_grace_seconds", stack.sign_on_grace_seconds),
            refresh_cookie=item.get("refresh_cookie", False),
        )

    @property
    def public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    def granted_scope(self, requested: str) -> str:
        """Of the scopes asked for, those that the client may have, in the order asked."""
        return " ".join(dict.fromkeys(scope for scope in requested.split() if scope in self.scopes))

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


_cache: dict[str, tuple[int, Client | None]] = {}


def get(client_id: str, *, no_older_than_seconds: int = CACHE_SECONDS) -> Client | None:
    """A client as it was at most so long ago. 0.5 RRU when not remembered, 1 when it must be newer than usual."""
    if not 0 < len(client_id) <= LONGEST_CLIENT_ID or not client_id.isascii() or not client_id.isalnum():
        return None
    now = clock.now()
    read_at, client = _cache.get(client_id, (0, None))
    if 0 <= now - read_at < (no_older_than_seconds if client else _UNKNOWN_CACHE_SECONDS):
        return client
    item = table.get(table.client_key(client_id), consistent=no_older_than_seconds < CACHE_SECONDS)
    client = Client.from_item(item) if item else None
    if len(_cache) >= _CACHED_CLIENTS:
        _cache.clear()
    _cache[client_id] = (now, client)
    return client


def forget() -> None:
    """Read every client anew."""
    _cache.clear()


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
