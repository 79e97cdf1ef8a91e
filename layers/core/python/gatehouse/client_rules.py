"""What a registration must be before anything trusts it (RFC 7591 section 2, RFC 9700, FAPI 2.0 Security Profile 5.3.2)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from gatehouse import outbound
from gatehouse.clients import DEVICE_GRANT, FAPI2, STANDARD_SCOPES, TOKEN_EXCHANGE, TYPES, all_known, redirect_uri_flaw, scope_is_wellformed
from gatehouse.jose import foreign
from gatehouse.settings import LONGEST_REFRESH_GRACE_SECONDS, LONGEST_SESSION_SECONDS, LONGEST_SIGN_ON_GRACE_SECONDS, settings
from gatehouse.users import PROFILE_CLAIMS

_CODE_GRANTS = ("authorization_code", "refresh_token")
_GRANTS = {"web": _CODE_GRANTS, "spa": _CODE_GRANTS, "native": _CODE_GRANTS, "machine": ("client_credentials",)}
_MORE_GRANTS = {
    "web": ("client_credentials", DEVICE_GRANT, TOKEN_EXCHANGE),
    "spa": (),
    "native": (DEVICE_GRANT,),
    "machine": (TOKEN_EXCHANGE,),
}
PRIVATE_KEY_JWT = "private_key_jwt"
_CONFIDENTIAL = ("client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT)
_AUTH_METHODS = {"web": _CONFIDENTIAL, "machine": _CONFIDENTIAL, "spa": ("none",), "native": ("none",)}
# Lowest and highest seconds that a client may set for itself.
_NUMBERS = {
    "access_token_seconds": (60, 86400),
    "id_token_seconds": (60, 86400),
    "session_seconds": (300, LONGEST_SESSION_SECONDS),
    "session_idle_seconds": (300, LONGEST_SESSION_SECONDS),
    "refresh_grace_seconds": (0, LONGEST_REFRESH_GRACE_SECONDS),
    "sign_on_grace_seconds": (0, LONGEST_SIGN_ON_GRACE_SECONDS),
    # A time, for once.
    "sessions_not_before": (0, 2**40),
    # -1 is for none.
    "default_max_age": (-1, LONGEST_SESSION_SECONDS),
}
_URI_LISTS = ("redirect_uris", "post_logout_redirect_uris")
_LISTS = (*_URI_LISTS, "web_origins", "grant_types", "scopes", "introspection_audiences", "resources", "contacts")
_URIS = ("client_uri", "initiate_login_uri", "logo_uri", "policy_uri", "tos_uri")
# Those that we ourselves call.
_CALLED_URIS = ("backchannel_logout_uri", "jwks_uri")
_SIGNED_BY_US = ("id_token_alg", "access_token_alg")
_SIGNED_BY_CLIENT = ("token_endpoint_auth_signing_alg", "request_object_signing_alg")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "security_profile": ("", FAPI2),
    "token_exchange": ("", "delegation", "impersonation"),
    "organization_usage": ("deny", "allow", "require"),
    **dict.fromkeys(_SIGNED_BY_CLIENT, ("", *foreign.ALGORITHMS)),
}
_STRINGS = ("name", "type", "token_endpoint_auth_method", "audience", *_URIS, *_CALLED_URIS, *_SIGNED_BY_US, *_CHOICES)
_FLAGS = (
    "first_party",
    "require_pkce",
    "refresh_cookie",
    "claims_in_id_token",
    "dpop_bound_access_tokens",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "backchannel_logout_session_required",
)
PROPERTIES = (*_LISTS, *_STRINGS, *_FLAGS, *_NUMBERS, "jwks", "profile_fields")
LONGEST_STRING = 512
LONGEST_LIST = 50
# An operator's machine may have all of the Management API's.
MOST_SCOPES = 200
LONGEST_KEY = 2048
MOST_PROFILE_FIELDS = 10
LONGEST_LABEL = 80
_METADATA_KEY = re.compile(r"user_metadata\.[A-Za-z0-9_-]{1,64}")


class InvalidRegistration(Exception):
    """The registration breaks a rule. name: the property that does; the message says it all."""

    def __init__(self, name: str, flaw: str) -> None:
        super().__init__(f"{name}: {flaw}")
        self.name = name
        self.flaw = flaw


def with_defaults(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a new client, with what its type and its profile imply."""
    kind = properties.get("type", "web")
    defaults: dict[str, Any] = {
        "name": "",
        "type": kind,
        "grant_types": list(_GRANTS.get(kind, ())),
        "token_endpoint_auth_method": _AUTH_METHODS.get(kind, ("",))[0],
        "scopes": [] if kind == "machine" else list(STANDARD_SCOPES),
    }
    if properties.get("security_profile") == FAPI2:
        strong = next((name for name in ("ES256", "EdDSA", "PS256") if name in settings().algorithms), "")
        defaults |= dict.fromkeys(_SIGNED_BY_US, strong) | {"token_endpoint_auth_method": PRIVATE_KEY_JWT}
        defaults |= {"dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}
    if TOKEN_EXCHANGE in properties.get("grant_types", ()):
        defaults["token_exchange"] = "delegation"
    return defaults | dict(properties)


def checked(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties, if they meet every rule.

    Raises:
        InvalidRegistration: with the rule that they break.
    """
    for name, value in properties.items():
        _check_shape(name, value)
    if not properties["name"].strip():
        raise InvalidRegistration("name", "people are shown it, so it cannot be empty")
    _check_type(properties)
    _check_keys(properties)
    if properties.get("security_profile") == FAPI2:
        _check_fapi(properties)
    for name, uri, flaw in _uri_flaws(properties):
        raise InvalidRegistration(name, f"{uri} {flaw}")
    if "authorization_code" in properties["grant_types"] and not properties.get("redirect_uris"):
        raise InvalidRegistration("redirect_uris", "at least one, since the client uses authorization_code")
    _check_names(properties)
    return properties


def _check_names(properties: dict[str, Any]) -> None:
    for scope in properties["scopes"]:
        if not scope or " " in scope or not scope_is_wellformed(scope):
            raise InvalidRegistration("scopes", f"{scope!r} is not a scope")
    for resource in properties.get("resources", []):
        if not resource or " " in resource:
            raise InvalidRegistration("resources", f"{resource!r} is not the identifier of an API")


def _uri_flaws(properties: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every URI that may not be registered: the property, the URI and why."""
    given = [(name, uri, properties["type"]) for name in _URI_LISTS for uri in properties.get(name, [])]
    given += [(name, properties[name], "web") for name in (*_URIS, *_CALLED_URIS) if properties.get(name)]
    given += [("web_origins", origin, "web") for origin in properties.get("web_origins", [])]
    for name, uri, kind in given:
        if flaw := redirect_uri_flaw(uri, kind) or _call_flaw(name, uri):
            yield name, uri, flaw
        elif name == "web_origins" and uri != _as_browsers_send(uri):
            yield name, uri, "is not what browsers send as Origin"


def _call_flaw(name: str, uri: str) -> str:
    if name not in _CALLED_URIS:
        return ""
    try:
        outbound.check(uri)
    except outbound.Refused as refused:
        return str(refused)
    return ""


def _check_type(properties: dict[str, Any]) -> None:
    kind = properties["type"]
    if kind not in TYPES:
        raise InvalidRegistration("type", f"one of {', '.join(TYPES)}")
    if properties["token_endpoint_auth_method"] not in _AUTH_METHODS[kind]:
        raise InvalidRegistration("token_endpoint_auth_method", f"for {kind} one of {', '.join(_AUTH_METHODS[kind])}")
    allowed = {*_GRANTS[kind], *_MORE_GRANTS[kind]}
    if not all_known(properties["grant_types"], allowed):
        raise InvalidRegistration("grant_types", f"for {kind} only {', '.join(sorted(allowed))}")
    if bool(properties.get("token_exchange")) != (TOKEN_EXCHANGE in properties["grant_types"]):
        raise InvalidRegistration("token_exchange", f"goes with the grant {TOKEN_EXCHANGE}, and that with it")
    if kind in ("spa", "native") and not properties.get("require_pkce", True):
        raise InvalidRegistration("require_pkce", "a public client cannot do without PKCE")
    if properties.get("refresh_cookie"):
        _check_refresh_cookie(properties)


def _check_refresh_cookie(properties: dict[str, Any]) -> None:
    if properties["type"] != "spa":
        raise InvalidRegistration("refresh_cookie", "for spa only; the cookie proves the browser, not a client with a secret")
    if not properties.get("web_origins"):
        raise InvalidRegistration("web_origins", "at least one, since the refresh cookie is bound to them")
    if properties.get("dpop_bound_access_tokens"):
        raise InvalidRegistration("dpop_bound_access_tokens", "not with refresh_cookie, which browsers send without that header only")


def _check_keys(properties: dict[str, Any]) -> None:
    if properties.get("jwks") and properties.get("jwks_uri"):
        raise InvalidRegistration("jwks_uri", "either this or jwks")
    if properties.get("jwks") or properties.get("jwks_uri"):
        return
    if properties["token_endpoint_auth_method"] == PRIVATE_KEY_JWT:
        raise InvalidRegistration("jwks", "the keys, or jwks_uri, since the client authenticates with one")
    if properties.get("require_signed_request_object"):
        raise InvalidRegistration("jwks", "the keys, or jwks_uri, since the client must sign its requests")


def _check_fapi(properties: dict[str, Any]) -> None:
    needed = {
        "type": "web",
        "token_endpoint_auth_method": PRIVATE_KEY_JWT,
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
        "require_pkce": True,
    }
    for name, value in needed.items():
        if properties.get(name, name == "require_pkce") != value:
            raise InvalidRegistration(name, f"must be {str(value).lower()} under {FAPI2}")
    signed_by_us = {name: properties.get(name, "RS256") for name in _SIGNED_BY_US}
    signed_by_client = {name: value for name in _SIGNED_BY_CLIENT if (value := properties.get(name))}
    for name, algorithm in (signed_by_us | signed_by_client).items():
        if algorithm not in foreign.STRONG_ALGORITHMS:
            raise InvalidRegistration(name, f"one of {', '.join(foreign.STRONG_ALGORITHMS)} under {FAPI2}")
    for uri in properties.get("redirect_uris", []):
        if not uri.startswith("https://"):
            raise InvalidRegistration("redirect_uris", f"{uri} must be https under {FAPI2}")


def _check_shape(name: str, value: object) -> None:
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        if type(value) is not int or not low <= value <= high:
            raise InvalidRegistration(name, f"a number of seconds between {low} and {high}")
    elif name == "jwks":
        _check_jwks(value)
    elif name == "profile_fields":
        _check_profile_fields(value)
    elif not _fits(name, value):
        raise InvalidRegistration(name, "not the kind of value it takes")
    if name in _SIGNED_BY_US and value not in (enabled := settings().algorithms):
        raise InvalidRegistration(name, f"one of {', '.join(enabled)}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise InvalidRegistration(name, f"one of {', '.join(choice or 'an empty string' for choice in _CHOICES[name])}")


def _fits(name: str, value: object) -> bool:
    if name in _LISTS:
        longest = MOST_SCOPES if name == "scopes" else LONGEST_LIST
        return isinstance(value, list) and len(value) <= longest and all(_is_string(entry) for entry in value)
    if name in _STRINGS:
        return _is_string(value)
    if name in _FLAGS:
        return isinstance(value, bool)
    raise InvalidRegistration(name, "no such property")


def _check_jwks(value: object) -> None:
    if not isinstance(value, list) or len(value) > foreign.MOST_KEYS or not all(isinstance(jwk, dict) for jwk in value):
        raise InvalidRegistration("jwks", f"a list of at most {foreign.MOST_KEYS} JWKs")
    for jwk in value:
        if not all(isinstance(member, str) for member in jwk.values()) or sum(map(len, jwk.values())) > LONGEST_KEY:
            raise InvalidRegistration("jwks", "a JWK of strings, without a certificate chain")
        try:
            foreign.public_key(jwk)
        except foreign.InvalidKey as flaw:
            raise InvalidRegistration("jwks", str(flaw)) from flaw
    kids = [jwk["kid"] for jwk in value if "kid" in jwk]
    if len(set(kids)) < len(kids):
        raise InvalidRegistration("jwks", "two keys have one kid")


def _check_profile_fields(value: object) -> None:
    if not isinstance(value, list) or len(value) > MOST_PROFILE_FIELDS or not all(isinstance(field, dict) for field in value):
        raise InvalidRegistration("profile_fields", f"a list of at most {MOST_PROFILE_FIELDS} objects")
    for field in value:
        name, label, required = field.get("name"), field.get("label", ""), field.get("required", False)
        if not set(field) <= {"name", "label", "required"} or not isinstance(required, bool):
            raise InvalidRegistration("profile_fields", "each with name, required (true or false) and label only")
        if not isinstance(name, str) or not (name in PROFILE_CLAIMS or _METADATA_KEY.fullmatch(name)):
            raise InvalidRegistration("profile_fields", "name: a member of the profile but the address, or user_metadata. and a key")
        if not _is_string(label) or len(label) > LONGEST_LABEL or (name.startswith("user_metadata.") and not label.strip()):
            raise InvalidRegistration("profile_fields", f"label: at most {LONGEST_LABEL} characters, and some for user_metadata")
    if len({field["name"] for field in value}) < len(value):
        raise InvalidRegistration("profile_fields", "a name stands there twice")


def _as_browsers_send(uri: str) -> str:
    """The origin of a URI (RFC 6454 6.2): scheme and host in lower case, the port unless it is the scheme's own."""
    parts = urlsplit(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _is_string(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_STRING and value.isprintable()
