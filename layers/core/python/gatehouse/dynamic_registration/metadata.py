"""Client metadata as they are registered, and the properties that they become (RFC 7591 section 2, OpenID Connect Registration 2)."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gatehouse.assurance import ACR_VALUES
from gatehouse.client_rules import LONGEST_STRING, InvalidRegistration
from gatehouse.clients import DEVICE_GRANT, STANDARD_SCOPES, Client
from gatehouse.dataclasses import dataclass
from gatehouse.errors import InvalidClientMetadata, InvalidRedirectUri, Refusal
from gatehouse.jose import foreign

Document = Mapping[str, Any]
_CODE: Final = "authorization_code"
# Those by which an application acts for itself are for an administrator to give.
GRANTS: Final = (_CODE, "refresh_token", DEVICE_GRANT)
_JWK_MEMBERS: Final = ("kty", "crv", "x", "y", "n", "e", "alg", "kid", "use")
_LONGEST_DESCRIPTION: Final = 600
_UNNAMED: Final = "Unnamed application"


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of the document: the property that it sets, what it must be in JSON, and the way there and back."""

    property: str
    kind: type = str
    taken: Callable[[Any], Any] = lambda value: value
    shown: Callable[[Any], Any] = lambda value: value


def _public_keys(key_set: dict[str, Any]) -> list[Any]:
    """The keys of a key set, without what libraries put beside them: certificates, key_ops, ext."""
    found = key_set.get("keys")
    if not isinstance(found, list) or not found or not all(isinstance(jwk, dict) for jwk in found):
        raise InvalidRegistration("jwks", "must be an object whose member keys is a list of at least one key")
    try:
        for jwk in found:
            foreign.public_key(jwk)
    except foreign.InvalidKey as flaw:
        raise InvalidRegistration("jwks", str(flaw)) from flaw
    return [{name: jwk[name] for name in _JWK_MEMBERS if name in jwk} for jwk in found]


def _not_negative(seconds: int) -> int:
    if seconds < 0:
        raise InvalidRegistration("default_max_age", "must not be negative")
    return seconds


MEMBERS: Final[Mapping[str, _Member]] = {
    "redirect_uris": _Member("redirect_uris", list),
    "grant_types": _Member("grant_types", list),
    # The method decides further whether a web application is one with a secret or one in a browser.
    "application_type": _Member("type", shown=lambda kind: "native" if kind == "native" else "web"),
    "token_endpoint_auth_method": _Member("token_endpoint_auth_method"),
    "token_endpoint_auth_signing_alg": _Member("token_endpoint_auth_signing_alg"),
    "client_name": _Member("name"),
    "client_uri": _Member("client_uri"),
    "logo_uri": _Member("logo_uri"),
    "policy_uri": _Member("policy_uri"),
    "tos_uri": _Member("tos_uri"),
    "contacts": _Member("contacts", list),
    "scope": _Member("scopes", taken=lambda scope: list(dict.fromkeys(scope.split())), shown=" ".join),
    "jwks": _Member("jwks", dict, taken=_public_keys, shown=lambda keys: {"keys": list(keys)} if keys else None),
    "jwks_uri": _Member("jwks_uri"),
    "id_token_signed_response_alg": _Member("id_token_alg"),
    "request_object_signing_alg": _Member("request_object_signing_alg"),
    "default_max_age": _Member("default_max_age", int, taken=_not_negative, shown=lambda seconds: None if seconds < 0 else seconds),
    "initiate_login_uri": _Member("initiate_login_uri"),
    "post_logout_redirect_uris": _Member("post_logout_redirect_uris", list),
    "backchannel_logout_uri": _Member("backchannel_logout_uri"),
    "backchannel_logout_session_required": _Member("backchannel_logout_session_required", bool),
    "dpop_bound_access_tokens": _Member("dpop_bound_access_tokens", bool),
    "require_pushed_authorization_requests": _Member("require_pushed_authorization_requests", bool),
    "require_signed_request_object": _Member("require_signed_request_object", bool),
    "require_pkce": _Member("require_pkce", bool),
}
PROPERTIES: Final = tuple(member.property for member in MEMBERS.values())
_MEMBER_OF: Final = {member.property: name for name, member in MEMBERS.items()}
# Given back as they came: nothing here depends on them.
_KEPT: Final[Mapping[str, type]] = {
    "sector_identifier_uri": str,
    "default_acr_values": list,
    "software_id": str,
    "software_version": str,
}
# Whose meaning is fixed here, checked where they are given.
_FIXED: Final[Mapping[str, type]] = {"response_types": list, "subject_type": str, "require_auth_time": bool}
_KINDS: Final[Mapping[str, type]] = {**{name: member.kind for name, member in MEMBERS.items()}, **_KEPT, **_FIXED}
_KIND_NAMES: Final = {str: "a string", list: "a list of strings", bool: "true or false", int: "a whole number", dict: "an object"}
# Who asks for one of these relies on it, so that leaving it out would be worse than saying no.
_NOT_OFFERED: Final = frozenset(
    (
        "id_token_encrypted_response_alg",
        "id_token_encrypted_response_enc",
        "userinfo_signed_response_alg",
        "userinfo_encrypted_response_alg",
        "userinfo_encrypted_response_enc",
        "request_object_encryption_alg",
        "request_object_encryption_enc",
        "authorization_signed_response_alg",
        "authorization_encrypted_response_alg",
        "authorization_encrypted_response_enc",
        "introspection_signed_response_alg",
        "introspection_encrypted_response_alg",
        "introspection_encrypted_response_enc",
        "tls_client_certificate_bound_access_tokens",
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
        "frontchannel_logout_uri",
        "frontchannel_logout_session_required",
        "backchannel_token_delivery_mode",
        "backchannel_client_notification_endpoint",
        "backchannel_authentication_request_signing_alg",
    )
)


def refusal(invalid: InvalidRegistration) -> Refusal:
    """The error of RFC 7591 3.2.2 for a broken rule, by the names that the client knows, in the characters of RFC 6749 5.2."""
    kind = InvalidRedirectUri if invalid.name == "redirect_uris" else InvalidClientMetadata
    said = f"{_MEMBER_OF.get(invalid.name, invalid.name)}: {invalid.flaw}"[:_LONGEST_DESCRIPTION]
    return kind("".join(character if " " <= character <= "~" and character not in '"\\' else "?" for character in said))


def given(document: Document) -> dict[str, Any]:
    """The members that are known and not null, each of the kind that it must be.

    Raises:
        InvalidRegistration: one is another kind of value, or asks for what is not offered.
    """
    for name in _NOT_OFFERED & document.keys():
        if document[name]:
            raise InvalidRegistration(name, "is not offered")
    found = {name: document[name] for name in _KINDS if document.get(name) is not None}
    for name, value in found.items():
        if type(value) is not _KINDS[name] or (isinstance(value, list) and not all(isinstance(entry, str) for entry in value)):
            raise InvalidRegistration(name, f"must be {_KIND_NAMES[_KINDS[name]]}")
    return found


def properties_of(members: Document, current: Client | None = None, *, pkce: bool = True) -> dict[str, Any]:
    """The properties that `given` members ask for, with the defaults of the specifications for all others.

    current: the client as it is; what an administrator gave it beyond what is free for all it may name again.
    pkce: whether one that can keep a secret must use PKCE if it does not say; others must in any case.

    Raises:
        InvalidRegistration: with the rule that they break.
    """
    _check_fixed(members)
    grants = members.get("grant_types", [_CODE])
    _check_grants(grants, members.get("response_types"), current)
    properties = {member.property: member.taken(members[name]) for name, member in MEMBERS.items() if name in members}
    properties = {"scopes": list(STANDARD_SCOPES), "name": _name_for(members)} | properties
    _check_scopes(properties["scopes"], current)
    properties |= {"grant_types": grants} | _type(members)
    return {"require_pkce": pkce or properties["type"] != "web"} | properties


def kept_of(members: Document) -> dict[str, Any]:
    """The given members that are only given back.

    Raises:
        InvalidRegistration: one is too long, or an acr is not ours.
    """
    kept = {name: members[name] for name in _KEPT if name in members}
    for name, value in kept.items():
        if isinstance(value, str) and not (len(value) <= LONGEST_STRING and value.isprintable()):
            raise InvalidRegistration(name, f"at most {LONGEST_STRING} printable characters")
    if not set(kept.get("default_acr_values", ())) <= set(ACR_VALUES):
        raise InvalidRegistration("default_acr_values", f"only {', '.join(ACR_VALUES)}")
    return kept


def document_of(client: Client, kept: Document) -> dict[str, Any]:
    """All registered metadata of a client, without what is empty (RFC 7591 3.2.1)."""
    shown = {name: member.shown(getattr(client, member.property)) for name, member in MEMBERS.items()}
    fixed = {"response_types": ["code"] if _CODE in client.grant_types else [], "subject_type": "public", "require_auth_time": True}
    filled = {name: list(value) if isinstance(value, tuple) else value for name, value in shown.items() if value not in ("", (), None)}
    return filled | fixed | dict(kept)


def _check_fixed(members: Document) -> None:
    if members.get("subject_type", "public") != "public":
        raise InvalidRegistration("subject_type", "must be public")
    if members.get("application_type", "web") not in ("web", "native"):
        raise InvalidRegistration("application_type", "must be web or native")


def _check_grants(grants: list[str], response_types: list[str] | None, current: Client | None) -> None:
    allowed = {*GRANTS, *(current.grant_types if current else ())}
    if not set(grants) <= allowed:
        raise InvalidRegistration("grant_types", f"only {', '.join(GRANTS)}")
    if not {_CODE, DEVICE_GRANT} & set(grants):
        raise InvalidRegistration("grant_types", f"needs {_CODE} or {DEVICE_GRANT}")
    expected = ["code"] if _CODE in grants else []
    if response_types not in (None, expected):
        raise InvalidRegistration("response_types", f"with these grant_types {expected}")


def _check_scopes(scopes: list[str], current: Client | None) -> None:
    if beyond := set(scopes) - {*STANDARD_SCOPES, *(current.scopes if current else ())}:
        raise InvalidRegistration("scopes", f"{sorted(beyond)[0]!r} is not free to register; {' '.join(STANDARD_SCOPES)} are")


def _type(members: Document) -> dict[str, Any]:
    native = members.get("application_type") == "native"
    method = members.get("token_endpoint_auth_method", "none" if native else "client_secret_basic")
    return {"type": "native" if native else "spa" if method == "none" else "web", "token_endpoint_auth_method": method}


def _name_for(members: Document) -> str:
    """A name for an application that gave none: where it lives, which is the most that can be said of it."""
    for uri in (members.get("client_uri", ""), *members.get("redirect_uris", ())):
        try:
            host: str | None = urlsplit(uri).hostname
        except ValueError:
            continue
        if host and host.isprintable():
            return host
    return _UNNAMED
