"""A client as the Management API shows it (Auth0's shape), and back: properties under Auth0's names, ours where it has none."""

from collections.abc import Mapping
from types import GenericAlias
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import Field, ValidationError, create_model

from gatehouse import clock, table
from gatehouse.client_rules import PROPERTIES, InvalidRegistration
from gatehouse.clients import Client
from gatehouse.management.refusals import InvalidBody
from gatehouse.management.routes import Answer, Body

_APP_TYPES: Final = {"web": "regular_web", "spa": "spa", "native": "native", "machine": "non_interactive"}
_TYPES: Final = {app_type: kind for kind, app_type in _APP_TYPES.items()}
# Place in the document: property.
_PLACES: Final = {
    "name": "name",
    "app_type": "type",
    "logo_uri": "logo_uri",
    "callbacks": "redirect_uris",
    "allowed_logout_urls": "post_logout_redirect_uris",
    "web_origins": "web_origins",
    "grant_types": "grant_types",
    "token_endpoint_auth_method": "token_endpoint_auth_method",
    "is_first_party": "first_party",
    "initiate_login_uri": "initiate_login_uri",
    "jwt_configuration.alg": "id_token_alg",
    "jwt_configuration.lifetime_in_seconds": "id_token_seconds",
    "refresh_token.token_lifetime": "session_seconds",
    "refresh_token.idle_token_lifetime": "session_idle_seconds",
    "refresh_token.leeway": "refresh_grace_seconds",
    "oidc_logout.backchannel_logout_urls": "backchannel_logout_uri",
    # Auth0 has an object of this name, for other ways of it.
    "token_exchange.mode": "token_exchange",
    "require_pushed_authorization_requests": "require_pushed_authorization_requests",
}
_PLACE_OF: Final = {name: place for place, name in _PLACES.items()}
OWN: Final = tuple(name for name in PROPERTIES if name not in _PLACE_OF)
# Kept and given back. No answer of ours depends on allowed_origins: any origin may call what takes no cookie.
NOTES: Final = ("description", "allowed_origins", "client_metadata")
# Objects whose members a PATCH replaces one by one.
MERGED: Final = ("client_metadata", "jwt_configuration", "refresh_token", "oidc_logout", "token_exchange")
_JWK: Final = ("kty", "crv", "x", "y", "n", "e", "alg", "kid", "use")
_MOST_METADATA: Final = 10
_LONGEST_METADATA: Final = 255


class JwtConfiguration(Body):
    alg: str | None = None
    lifetime_in_seconds: int | None = None


class RefreshTokens(Body):
    rotation_type: str | None = None
    expiration_type: str | None = None
    token_lifetime: int | None = None
    idle_token_lifetime: int | None = None
    infinite_token_lifetime: bool | None = None
    infinite_idle_token_lifetime: bool | None = None
    leeway: int | None = None


class OidcLogout(Body):
    backchannel_logout_urls: list[str] | None = Field(default=None, max_length=1)


class TokenExchange(Body):
    mode: str | None = None


class _Client(Body):
    name: str | None = None
    description: str | None = Field(default=None, max_length=140)
    app_type: str | None = None
    logo_uri: str | None = None
    callbacks: list[str] | None = None
    allowed_logout_urls: list[str] | None = None
    web_origins: list[str] | None = None
    allowed_origins: list[str] | None = Field(default=None, max_length=50)
    grant_types: list[str] | None = None
    token_endpoint_auth_method: str | None = None
    is_first_party: bool | None = None
    oidc_conformant: bool | None = None
    initiate_login_uri: str | None = None
    jwt_configuration: JwtConfiguration | None = None
    refresh_token: RefreshTokens | None = None
    oidc_logout: OidcLogout | None = None
    token_exchange: TokenExchange | None = None
    require_pushed_authorization_requests: bool | None = None
    client_metadata: dict[str, str | None] | None = None


def _own_members() -> dict[str, Any]:
    kinds = get_type_hints(Client)
    return {name: (_in_json(kinds[name]) | None, None) for name in OWN}


def _in_json(kind: Any) -> Any:
    # A list in JSON is a tuple in the record.
    return GenericAlias(list, get_args(kind)[:1]) if get_origin(kind) is tuple else kind


ClientPatch: type[_Client] = create_model("ClientPatch", __base__=_Client, __module__=__name__, **_own_members())
NewClient: type[_Client] = create_model("NewClient", __base__=ClientPatch, __module__=__name__, name=(str, ...))


class ClientAnswer(Answer):
    client_id: str
    client_secret: str = ""
    name: str
    app_type: str
    is_first_party: bool
    callbacks: list[str]
    grant_types: list[str]


def shown(item: table.Item, secret: str = "") -> dict[str, Any]:
    """The client as JSON. secret: a new one, which is told this once; digests and registration tokens never are."""
    client = Client.from_item(item)
    document: dict[str, Any] = {"client_id": client.client_id} | ({"client_secret": secret} if secret else {})
    for place, name in _PLACES.items():
        _place(document, place, _to_wire(name, getattr(client, name)))
    document |= {name: _to_wire(name, getattr(client, name)) for name in OWN}
    rotation = {"rotation_type": _rotation(client.fapi), "expiration_type": "expiring"}
    never = {"infinite_token_lifetime": False, "infinite_idle_token_lifetime": False}
    document["refresh_token"] |= rotation | never
    fixed = {"oidc_conformant": True, "global": False, "created_at": clock.iso(item["created_at"])}
    return {**document, "description": "", "allowed_origins": [], "client_metadata": {}, **item.get("notes", {}), **fixed}


def editable(item: table.Item) -> dict[str, Any]:
    """The document that patches are applied to: what was set, without what is as usual."""
    document: dict[str, Any] = {name: {} for name in MERGED}
    for name in PROPERTIES:
        if name in item:
            # As they were registered, so that a change of something else leaves them alone.
            _place(document, _PLACE_OF.get(name, name), item[name] if name == "jwks" else _to_wire(name, item[name]))
    notes: dict[str, Any] = item.get("notes", {})
    return document | notes


def validated(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document after a patch, if its members are of the right kinds.

    Raises:
        InvalidBody: one is not.
    """
    try:
        found: dict[str, Any] = ClientPatch.model_validate(document).model_dump(exclude_none=True)
        return found
    except ValidationError as flaws:
        first = flaws.errors(include_url=False, include_input=False, include_context=False)[0]
        raise InvalidBody(f"'{first['msg'][:200]}' on property {'.'.join(map(str, first['loc']))[:100]}") from None


def taken_apart(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The properties and the notes of a document whose members are of the right kinds.

    Raises:
        InvalidBody: what is fixed here is to be otherwise.
    """
    places = {**_PLACES, **{name: name for name in OWN}}
    given = {name: _from_wire(name, value) for place, name in places.items() if (value := _at(document, place)) is not None}
    _check_fixed(document, fapi=given.get("security_profile") == "fapi2")
    notes = {name: document[name] for name in NOTES if document.get(name)}
    if metadata := {name: value for name, value in (notes.pop("client_metadata", None) or {}).items() if value is not None}:
        _check_metadata(metadata)
        notes["client_metadata"] = metadata
    return given, notes


def refusal(invalid: InvalidRegistration) -> InvalidBody:
    """What a broken rule is refused with: the property as the caller calls it."""
    return InvalidBody(f"{_PLACE_OF.get(invalid.name, invalid.name)}: {invalid.flaw}")


def _place(document: dict[str, Any], place: str, value: Any) -> None:
    outer, _, inner = place.rpartition(".")
    (document.setdefault(outer, {}) if outer else document)[inner] = value


def _at(document: Mapping[str, Any], place: str) -> Any:
    outer, _, inner = place.rpartition(".")
    return (document.get(outer) or {} if outer else document).get(inner)


def _to_wire(name: str, value: Any) -> Any:
    if name == "type":
        return _APP_TYPES[value]
    if name == "backchannel_logout_uri":
        return [value] if value else []
    if name == "jwks":
        # Nothing but public keys was ever registered; what stands beside them is nobody's business.
        return [{member: jwk[member] for member in _JWK if member in jwk} for jwk in value]
    return list(value) if isinstance(value, tuple) else value


def _from_wire(name: str, value: Any) -> Any:
    if name == "type":
        if value not in _TYPES:
            raise InvalidBody(f"app_type: one of {', '.join(_TYPES)}")
        return _TYPES[value]
    if name == "backchannel_logout_uri":
        return value[0] if value else ""
    return value


def _rotation(fapi: bool) -> str:
    # FAPI 2.0 Security Profile 5.3.2.1
    return "non-rotating" if fapi else "rotating"


def _check_fixed(document: Mapping[str, Any], *, fapi: bool) -> None:
    fixed = {
        "oidc_conformant": True,
        "refresh_token.rotation_type": _rotation(fapi),
        "refresh_token.expiration_type": "expiring",
        "refresh_token.infinite_token_lifetime": False,
        "refresh_token.infinite_idle_token_lifetime": False,
    }
    for place, value in fixed.items():
        if _at(document, place) not in (None, value):
            raise InvalidBody(f"{place}: must be {str(value).lower()}")


def _check_metadata(metadata: Mapping[str, str]) -> None:
    if len(metadata) > _MOST_METADATA:
        raise InvalidBody(f"client_metadata: at most {_MOST_METADATA} members")
    for text in (*metadata, *metadata.values()):
        if not 0 < len(text) <= _LONGEST_METADATA or not text.isprintable():
            raise InvalidBody(f"client_metadata: names and values of 1 to {_LONGEST_METADATA} characters that can be seen")
