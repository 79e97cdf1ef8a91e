"""/api/v2/connections: where identities come from, and what of their profiles is taken over when."""

from typing import Any, Final, Literal

from pydantic import Field

from gatehouse import connections
from gatehouse.connections import Connection, Sync
from gatehouse.dataclasses import asdict
from gatehouse.errors import NotFound
from gatehouse.management import paging
from gatehouse.management.fields import FieldsQuery, only
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import Conflict, InvalidBody, NotPermitted, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.web import Response

# As Auth0 calls a connection whose people have their passwords here.
DATABASE_STRATEGY: Final = "auth0"


class NoSuchConnection(NotFound):
    code = "inexistent_connection"

    def __init__(self) -> None:
        super().__init__("The connection does not exist.")


class ProfileSync(Body):
    """moment: at registration only, at every login, or never. over: whose values give way to the connection's."""

    moment: Literal["registration", "login", "never"]
    over: list[Literal["self", "operator", "connection"]] = Field(default_factory=list, max_length=3)


class ConnectionPatch(Body):
    is_social: bool | None = None
    display_name: str | None = None
    profile_fields: dict[str, str] | None = None
    profile_sync: ProfileSync | None = None
    trust_email: bool | None = None


class NewConnection(ConnectionPatch):
    name: str
    strategy: str


class ListQuery(PageQuery, FieldsQuery):
    strategy: str = ""
    name: str = ""


class ConnectionAnswer(Answer):
    id: str
    name: str
    strategy: str


def listed(call: Call) -> Any:
    """GET connections, the database first."""
    query: ListQuery = call.query
    found = [_shown(one) for one in connections.listed()]
    fitting = [one for one in found if query.strategy in ("", one["strategy"]) and query.name in ("", one["name"])]
    purpose = f"connections {query.strategy} {query.name}"
    return paging.sliced(query, [only(one, query) for one in fitting], "connections", purpose=purpose)


def get(call: Call) -> Response:
    """GET connections/{id}"""
    found = connections.get(call.path["id"])
    if found is None:
        raise NoSuchConnection
    return sent(only(_shown(found), call.query), version=found.version)


def create(call: Call) -> Response:
    """POST connections"""
    given = _members(call)
    try:
        made = connections.create(given.pop("name"), given.pop("strategy"), **given)
    except connections.NameTaken as taken:
        raise Conflict("A connection with the same name already exists.") from taken
    except connections.Invalid as invalid:
        raise InvalidBody(invalid.reason) from invalid
    return sent(_shown(made), status=201, version=made.version)


def patch(call: Call) -> Response:
    """PATCH connections/{id}: replaces what it names; null leaves it as it is."""
    try:
        changed = connections.change(call.path["id"], if_version=call.if_version, **_members(call))
    except connections.Unknown as unknown:
        raise NoSuchConnection from unknown
    except connections.BuiltIn as built_in:
        raise _built_in() from built_in
    except connections.Invalid as invalid:
        raise InvalidBody(invalid.reason) from invalid
    except connections.Stale as stale:
        if call.if_version is None:
            raise Conflict("The connection is being changed by others; try again.") from stale
        raise PreconditionFailed from stale
    return sent(_shown(changed), version=changed.version)


def delete(call: Call) -> None:
    """DELETE connections/{id}, also done if there is none."""
    try:
        connections.remove(call.path["id"])
    except connections.Unknown:
        return
    except connections.BuiltIn as built_in:
        raise _built_in() from built_in


def _members(call: Call) -> dict[str, Any]:
    given: dict[str, Any] = call.body.model_dump(exclude_none=True)
    if sync := given.get("profile_sync"):
        given["profile_sync"] = Sync(sync["moment"], tuple(dict.fromkeys(sync["over"])))
    return given


def _shown(connection: Connection) -> dict[str, Any]:
    told = asdict(connection)
    database = connection.id == connections.DATABASE.id
    for name in ("version", "created_at", "updated_at"):
        del told[name]
    told["profile_sync"]["over"] = list(told["profile_sync"]["over"])
    told["display_name"] = told["display_name"] or connection.name
    return told | ({"strategy": DATABASE_STRATEGY} if database else {})


def _built_in() -> NotPermitted:
    return NotPermitted("The database connection is part of Gatehouse and stays as it is.")


ROUTES = [
    Route(
        method="GET",
        path="/connections",
        serve=listed,
        summary="List connections",
        scopes=("read:connections",),
        query=ListQuery,
        answers=list[ConnectionAnswer],
    ),
    Route(
        method="POST",
        path="/connections",
        serve=create,
        summary="Create a connection",
        scopes=("create:connections",),
        body=NewConnection,
        answers=ConnectionAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/connections/{id}",
        serve=get,
        summary="Get a connection",
        scopes=("read:connections",),
        query=FieldsQuery,
        answers=ConnectionAnswer,
    ),
    Route(
        method="PATCH",
        path="/connections/{id}",
        serve=patch,
        summary="Change a connection",
        scopes=("update:connections",),
        body=ConnectionPatch,
        answers=ConnectionAnswer,
    ),
    Route(
        method="DELETE",
        path="/connections/{id}",
        serve=delete,
        summary="Remove a connection",
        scopes=("delete:connections",),
        status=204,
    ),
]
