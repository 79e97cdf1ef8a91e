"""/api/v2/resource-servers: the APIs that tokens are for, with their scopes. The Management API is one of them, and stays as it is."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from gatehouse import resource_servers, versions
from gatehouse.clients import scope_is_wellformed
from gatehouse.dataclasses import asdict, replace
from gatehouse.management import paging
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import Conflict, InvalidBody, NoSuchApi, NotPermitted, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Query, Route, sent
from gatehouse.permissions import api_id
from gatehouse.resource_servers import MOST_SCOPES, ResourceServer
from gatehouse.settings import settings
from gatehouse.web import Response

LONGEST_IDENTIFIER: Final = 512
LONGEST_TOKEN_LIFETIME: Final = 86_400
_SHOWN: Final = ("name", "identifier", "is_system", "scopes", "enforce_policies", "token_dialect", "allow_offline_access")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be seen")
    return text


def _identifier(text: str) -> str:
    # Tokens name several, separated by spaces.
    if not text.isascii() or " " in text:
        raise ValueError("has characters other than visible ASCII")
    return _printable(text)


def _scope(text: str) -> str:
    if " " in text or not scope_is_wellformed(text):
        raise ValueError("is not a scope")
    return text


class Scope(Body):
    value: Annotated[str, Field(min_length=1, max_length=280), AfterValidator(_scope)]
    description: Annotated[str, Field(max_length=500), AfterValidator(_printable)] = ""


class ApiPatch(Body):
    name: Annotated[str, Field(max_length=200), AfterValidator(_printable)] | None = None
    scopes: list[Scope] | None = Field(default=None, max_length=MOST_SCOPES)
    signing_alg: str | None = None
    allow_offline_access: bool | None = None
    token_lifetime: int | None = Field(default=None, ge=60, le=LONGEST_TOKEN_LIFETIME)
    token_dialect: Literal["access_token", "access_token_authz"] | None = None
    enforce_policies: bool | None = None


class NewApi(ApiPatch):
    identifier: Annotated[str, Field(min_length=1, max_length=LONGEST_IDENTIFIER), AfterValidator(_identifier)]


class ApiQuery(Query):
    """include_fields: taken, as Auth0's SDKs send it."""

    include_fields: bool = True


class ListQuery(PageQuery, ApiQuery):
    """identifiers: only these APIs, separated by commas."""

    identifiers: str = ""


class ApiAnswer(Answer):
    id: str
    name: str
    identifier: str
    is_system: bool
    scopes: list[dict[str, str]]


def listed(call: Call) -> Any:
    """GET resource-servers, the Management API first."""
    query: ListQuery = call.query
    wanted = set(query.identifiers.split(",")) if query.identifiers else set()
    found = [_shown(api) for api in resource_servers.listed() if not wanted or api.identifier in wanted]
    return paging.sliced(query, found, "resource_servers", purpose=f"resource_servers {query.identifiers}")


def get(call: Call) -> Response:
    """GET resource-servers/{id}"""
    api = resource_servers.get(_id(call))
    if api is None:
        raise NoSuchApi
    return sent(_shown(api), version=api.version)


def create(call: Call) -> Response:
    """POST resource-servers"""
    given = _properties(call)
    identifier = given.pop("identifier")
    try:
        api = resource_servers.create(identifier, given.pop("name", "") or identifier, **given)
    except resource_servers.Taken as taken:
        raise Conflict("A resource server with this identifier already exists.") from taken
    return sent(_shown(api), status=201, version=api.version)


def patch(call: Call) -> Response:
    """PATCH resource-servers/{id}: replaces what it names; null makes it as it is by default."""
    given = _properties(call)
    if "name" in given and not given["name"]:
        raise InvalidBody("name: cannot be empty")
    try:
        api = resource_servers.change(_id(call), lambda before: replace(before, **given), if_version=call.if_version)
    except versions.Unknown as unknown:
        raise NoSuchApi from unknown
    except versions.Stale as stale:
        raise PreconditionFailed from stale
    except resource_servers.System as system:
        raise _system() from system
    return sent(_shown(api), version=api.version)


def delete(call: Call) -> None:
    """DELETE resource-servers/{id}, also done if there is none."""
    try:
        resource_servers.remove(_id(call))
    except resource_servers.System as system:
        raise _system() from system


def _properties(call: Call) -> dict[str, Any]:
    given = call.body.model_dump(exclude_unset=True)
    usual = {"name": "", "scopes": [], "token_lifetime": 0, "token_dialect": resource_servers.ACCESS_TOKEN, "signing_alg": ""}
    given = {name: usual.get(name, False) if value is None else value for name, value in given.items()}
    if scopes := [scope.model_dump() for scope in call.body.scopes or ()]:
        given["scopes"] = scopes
    if len({scope["value"] for scope in scopes}) < len(scopes):
        raise InvalidBody("scopes: a value is there twice")
    if (algorithm := given.get("signing_alg")) and algorithm not in (enabled := settings().algorithms):
        raise InvalidBody(f"signing_alg: one of {', '.join(enabled)}")
    return given


def _id(call: Call) -> str:
    """The API id of the path, which may also be the API's identifier."""
    named = call.path["id"]
    return named if _is_id(named) else api_id(named)


def _is_id(value: str) -> bool:
    return len(value) == len(api_id("")) and set("0123456789abcdef").issuperset(value)


def _shown(api: ResourceServer) -> dict[str, Any]:
    values = asdict(api)
    optional = {name: values[name] for name in ("token_lifetime", "signing_alg") if values[name]}
    return {"id": api.api_id, **{name: values[name] for name in _SHOWN}, **optional}


def _system() -> NotPermitted:
    return NotPermitted("The Management API is part of Gatehouse and stays as it is.")


ROUTES = [
    Route(
        method="GET",
        path="/resource-servers",
        serve=listed,
        summary="List APIs",
        scopes=("read:resource_servers",),
        query=ListQuery,
        answers=list[ApiAnswer],
    ),
    Route(
        method="POST",
        path="/resource-servers",
        serve=create,
        summary="Register an API",
        scopes=("create:resource_servers",),
        body=NewApi,
        answers=ApiAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/resource-servers/{id}",
        serve=get,
        summary="Get an API",
        scopes=("read:resource_servers",),
        query=ApiQuery,
        answers=ApiAnswer,
    ),
    Route(
        method="PATCH",
        path="/resource-servers/{id}",
        serve=patch,
        summary="Change an API",
        scopes=("update:resource_servers",),
        body=ApiPatch,
        answers=ApiAnswer,
    ),
    Route(
        method="DELETE",
        path="/resource-servers/{id}",
        serve=delete,
        summary="Remove an API",
        scopes=("delete:resource_servers",),
        status=204,
    ),
]
