"""Registering and changing clients: the rules that a registration must meet before anything trusts it (RFC 7591 section 2, RFC 9700)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gatehouse import clock, table
from gatehouse.clients import (
    LONGEST_CLIENT_ID,
    STANDARD_SCOPES,
    TYPES,
    all_known,
    new_identifier,
    redirect_uri_flaw,
    scope_is_wellformed,
    secret_digest,
)
from gatehouse.settings import LONGEST_REFRESH_GRACE_SECONDS, LONGEST_SESSION_SECONDS, LONGEST_SIGN_ON_GRACE_SECONDS, settings

SECRET_LENGTH = 43
CLIENT_ID_LENGTH = 22
SECRETS_AT_ONCE = 2
_GRANTS = {
    "web": ["authorization_code", "refresh_token"],
    "spa": ["authorization_code", "refresh_token"],
    "native": ["authorization_code", "refresh_token"],
    "machine": ["client_credentials"],
}
_AUTH_METHODS = {
    "web": ("client_secret_basic", "client_secret_post"),
    "machine": ("client_secret_basic", "client_secret_post"),
    "spa": ("none",),
    "native": ("none",),
}
# Lowest and highest seconds that a client may set for itself.
_SECONDS = {
    "access_token_seconds": (60, 86400),
    "id_token_seconds": (60, 86400),
    "session_seconds": (300, LONGEST_SESSION_SECONDS),
    "session_idle_seconds": (300, LONGEST_SESSION_SECONDS),
    "refresh_grace_seconds": (0, LONGEST_REFRESH_GRACE_SECONDS),
    "sign_on_grace_seconds": (0, LONGEST_SIGN_ON_GRACE_SECONDS),
}
_URI_LISTS = ("redirect_uris", "post_logout_redirect_uris")
_LISTS = (*_URI_LISTS, "web_origins", "grant_types", "scopes", "introspection_audiences")
_URIS = ("client_uri", "initiate_login_uri")
_ALGORITHMS = ("id_token_alg", "access_token_alg")
_STRINGS = ("name", "type", "token_endpoint_auth_method", "audience", *_URIS, *_ALGORITHMS)
_FLAGS = ("first_party", "require_pkce", "refresh_cookie")
_PROPERTIES = (*_LISTS, *_STRINGS, *_FLAGS, *_SECONDS)
LONGEST_STRING = 512
LONGEST_LIST = 50


class InvalidRegistration(Exception):
    """The registration breaks a rule; the message names it."""


@dataclass(frozen=True, slots=True)
class Registered:
    """secret: shown once, empty for public clients."""

    client_id: str
    secret: str


def register(client_id: str = "", /, **properties: Any) -> Registered:
    """Store a new client and return its id and secret. properties: fields of clients.Client that an administrator sets.

    client_id: chosen by the administrator, for seeds; otherwise random.

    Raises:
        InvalidRegistration: with the rule that it breaks.
    """
    item = checked(_with_defaults(properties))
    client_id = client_id or new_identifier(CLIENT_ID_LENGTH)
    if not (client_id.isascii() and client_id.isalnum() and len(client_id) <= LONGEST_CLIENT_ID):
        raise InvalidRegistration(f"client_id: at most {LONGEST_CLIENT_ID} letters and digits, which every client library encodes alike")
    public = item["token_endpoint_auth_method"] == "none"
    secret = "" if public else new_identifier(SECRET_LENGTH)
    item |= {"client_id": client_id, "created_at": clock.now(), "secret_digests": [] if public else [_digest_entry(secret)]}
    key = table.client_key(client_id)
    try:
        table.put_new(key, item)
    except table.AlreadyExists as taken:
        # What is there may be our own, found by the repeat of the write after a lost answer.
        if taken.item != item | key:
            raise InvalidRegistration(f"client_id: {client_id} is registered already") from taken
    return Registered(client_id, secret)


def rotate_secret(client_id: str, *, overlap_seconds: int) -> str:
    """Give the client a new secret; the old one stays valid for overlap_seconds beside it. Returns the new one.

    Raises:
        InvalidRegistration: no such client, a public one, or two rotations at once.
    """
    item = table.get(table.client_key(client_id))
    if item is None or not item["secret_digests"]:
        raise InvalidRegistration(f"client_id: no confidential client {client_id}")
    ends = clock.now() + overlap_seconds
    newest = item["secret_digests"][-1]
    secret = new_identifier(SECRET_LENGTH)
    kept = [newest | {"expires_at": ends}, _digest_entry(secret)][-SECRETS_AT_ONCE:]
    try:
        table.update(table.client_key(client_id), where=[("secret_digests", "=", item["secret_digests"])], set={"secret_digests": kept})
    except table.ConditionFailed as raced:
        if raced.item is None or raced.item["secret_digests"] != kept:
            raise InvalidRegistration("the secret was rotated by somebody else just now") from raced
    return secret


def change(client_id: str, **properties: Any) -> None:
    """Change fields of a client; the whole must meet the rules again.

    Raises:
        InvalidRegistration: no such client, two changes at once, or with the rule that is broken.
    """
    item = table.get(table.client_key(client_id))
    if item is None:
        raise InvalidRegistration(f"client_id: no client {client_id}")
    known = {name: item[name] for name in _PROPERTIES if name in item}
    changed = checked(known | properties)
    try:
        table.update(table.client_key(client_id), where=_unchanged(item), set=changed)
    except table.ConditionFailed as raced:
        if raced.item is None or any(raced.item.get(name) != value for name, value in changed.items()):
            raise InvalidRegistration("the client was changed by somebody else just now") from raced


def _unchanged(item: table.Item) -> table.Where:
    """The client is as it was read: no property was changed, and none was added, that the rules were held against."""
    return [(name, "=", item[name]) if name in item else (name, "absent", None) for name in _PROPERTIES]


def checked(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties, if they meet every rule.

    Raises:
        InvalidRegistration: with the rule that they break.
    """
    for name, value in properties.items():
        _check_shape(name, value)
    if not properties["name"].strip():
        raise InvalidRegistration("name: people are shown it, so it cannot be empty")
    _check_type(properties)
    for name, uri, flaw in _uri_flaws(properties):
        raise InvalidRegistration(f"{name}: {uri} {flaw}")
    if "authorization_code" in properties["grant_types"] and not properties.get("redirect_uris"):
        raise InvalidRegistration("redirect_uris: at least one, since the client uses authorization_code")
    for scope in properties["scopes"]:
        if not scope or " " in scope or not scope_is_wellformed(scope):
            raise InvalidRegistration(f"scopes: {scope!r} is not a scope")
    return properties


def _uri_flaws(properties: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every URI that may not be registered: the property, the URI and why."""
    given = [(name, uri, properties["type"]) for name in _URI_LISTS for uri in properties.get(name, [])]
    given += [(name, properties[name], "web") for name in _URIS if properties.get(name)]
    given += [("web_origins", origin, "web") for origin in properties.get("web_origins", [])]
    for name, uri, kind in given:
        if flaw := redirect_uri_flaw(uri, kind):
            yield name, uri, flaw
        elif name == "web_origins" and uri != _as_browsers_send(uri):
            yield name, uri, "is not what browsers send as Origin"


def _check_type(properties: dict[str, Any]) -> None:
    kind = properties["type"]
    if kind not in TYPES:
        raise InvalidRegistration(f"type: one of {', '.join(TYPES)}")
    if properties["token_endpoint_auth_method"] not in _AUTH_METHODS[kind]:
        raise InvalidRegistration(f"token_endpoint_auth_method: for {kind} one of {', '.join(_AUTH_METHODS[kind])}")
    allowed = {*_GRANTS[kind], "client_credentials"} if kind == "web" else _GRANTS[kind]
    if not all_known(properties["grant_types"], allowed):
        raise InvalidRegistration(f"grant_types: for {kind} only {', '.join(sorted(allowed))}")
    if kind in ("spa", "native") and not properties.get("require_pkce", True):
        raise InvalidRegistration("require_pkce: a public client cannot do without PKCE")
    if properties.get("refresh_cookie") and kind != "spa":
        raise InvalidRegistration("refresh_cookie: for spa only; the cookie proves the browser, not a client with a secret")
    if properties.get("refresh_cookie") and not properties.get("web_origins"):
        raise InvalidRegistration("web_origins: at least one, since the refresh cookie is bound to them")


def _check_shape(name: str, value: object) -> None:
    if name in _LISTS:
        fits = isinstance(value, list) and len(value) <= LONGEST_LIST and all(_is_string(entry) for entry in value)
    elif name in _STRINGS:
        fits = _is_string(value)
    elif name in _FLAGS:
        fits = isinstance(value, bool)
    elif name in _SECONDS:
        low, high = _SECONDS[name]
        if type(value) is not int or not low <= value <= high:
            raise InvalidRegistration(f"{name}: a number of seconds between {low} and {high}")
        return
    else:
        raise InvalidRegistration(f"{name}: no such property")
    if not fits:
        raise InvalidRegistration(f"{name}: not the kind of value it takes")
    if name in _ALGORITHMS and value not in (enabled := settings().algorithms):
        raise InvalidRegistration(f"{name}: one of {', '.join(enabled)}")


def _as_browsers_send(uri: str) -> str:
    """The origin of a URI (RFC 6454 6.2): scheme and host in lower case, the port unless it is the scheme's own."""
    parts = urlsplit(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _is_string(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_STRING and value.isprintable()


def _with_defaults(properties: dict[str, Any]) -> dict[str, Any]:
    kind = properties.get("type", "web")
    defaults = {
        "name": "",
        "type": kind,
        "grant_types": _GRANTS.get(kind, []),
        "token_endpoint_auth_method": _AUTH_METHODS.get(kind, ("",))[0],
        "scopes": [] if kind == "machine" else list(STANDARD_SCOPES),
    }
    return defaults | properties


def _digest_entry(secret: str) -> dict[str, Any]:
    return {"digest": secret_digest(secret), "expires_at": 0}
