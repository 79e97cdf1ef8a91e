"""/api/v2/organizations/{id}/enabled_connections: by which connections people sign in to an organization (Auth0's Management API)."""

from typing import Any

from pydantic import Field

from gatehouse import connections
from gatehouse.connections import Connection
from gatehouse.dataclasses import replace
from gatehouse.management import paging
from gatehouse.management.connections import NoSuchConnection
from gatehouse.management.organizations import EnabledConnection, change, enabled, existing
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import Conflict
from gatehouse.management.routes import Answer, Body, Call, Route
from gatehouse.organizations import Organization


class ConnectionPatch(Body):
    assign_membership_on_login: bool | None = None
    is_signup_enabled: bool | None = None
    show_as_button: bool | None = None


class ConnectionAnswer(Answer):
    connection_id: str
    assign_membership_on_login: bool
    is_signup_enabled: bool
    show_as_button: bool
    connection: dict[str, Any] = Field(default_factory=dict)


def _shown(entry: dict[str, Any], connection: Connection | None) -> dict[str, Any]:
    """One that is gone is shown without what it was."""
    about = {"connection": {"name": connection.name, "strategy": connection.strategy}} if connection else {}
    return {**entry, "assign_membership_on_login": False, **about}


def listed(call: Call) -> Any:
    """GET organizations/{id}/enabled_connections"""
    entries = existing(call.path["id"]).connections
    found = connections.get_many(entry["connection_id"] for entry in entries)
    shown = [_shown(entry, connection) for entry, connection in zip(entries, found, strict=True)]
    return paging.sliced(call.query, shown, "enabled_connections", purpose=f"connections of {call.path['id']}")


def get(call: Call) -> dict[str, Any]:
    """GET organizations/{id}/enabled_connections/{connection_id}"""
    return _one(existing(call.path["id"]), call.path["connection_id"])


def add(call: Call) -> dict[str, Any]:
    """POST organizations/{id}/enabled_connections"""
    entry = enabled(call.body)

    def edit(before: Organization) -> Organization:
        if any(one["connection_id"] == entry["connection_id"] for one in before.connections):
            raise Conflict("The connection is enabled already.")
        return replace(before, connections=[*before.connections, entry])

    return _one(change(call, edit), entry["connection_id"])


def patch(call: Call) -> dict[str, Any]:
    """PATCH organizations/{id}/enabled_connections/{connection_id}"""
    given = {name: value for name, value in call.body.model_dump().items() if value is not None}

    def edit(before: Organization) -> Organization:
        entry = {**_entry(before, call.path["connection_id"]), **given}
        changed = enabled(EnabledConnection(**entry))
        return replace(before, connections=[changed if _is_of(one, call) else one for one in before.connections])

    return _one(change(call, edit), call.path["connection_id"])


def remove(call: Call) -> None:
    """DELETE organizations/{id}/enabled_connections/{connection_id}"""

    def edit(before: Organization) -> Organization:
        _entry(before, call.path["connection_id"])
        return replace(before, connections=[one for one in before.connections if not _is_of(one, call)])

    change(call, edit)


def _is_of(entry: dict[str, Any], call: Call) -> bool:
    return bool(entry["connection_id"] == call.path["connection_id"])


def _entry(organization: Organization, connection_id: str) -> dict[str, Any]:
    for entry in organization.connections:
        if entry["connection_id"] == connection_id:
            return entry
    raise NoSuchConnection


def _one(organization: Organization, connection_id: str) -> dict[str, Any]:
    return _shown(_entry(organization, connection_id), connections.get(connection_id))


_ALL, _ONE = "/organizations/{id}/enabled_connections", "/organizations/{id}/enabled_connections/{connection_id}"
_READ = ("read:organization_connections",)
ROUTES = [
    Route(
        method="GET",
        path=_ALL,
        serve=listed,
        summary="List an organization's connections",
        scopes=_READ,
        in_organization=True,
        query=PageQuery,
        answers=list[ConnectionAnswer],
    ),
    Route(
        method="POST",
        path=_ALL,
        serve=add,
        summary="Enable a connection for an organization",
        scopes=("create:organization_connections",),
        body=EnabledConnection,
        answers=ConnectionAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path=_ONE,
        serve=get,
        summary="Get a connection of an organization",
        scopes=_READ,
        in_organization=True,
        answers=ConnectionAnswer,
    ),
    Route(
        method="PATCH",
        path=_ONE,
        serve=patch,
        summary="Change a connection of an organization",
        scopes=("update:organization_connections",),
        body=ConnectionPatch,
        answers=ConnectionAnswer,
    ),
    Route(
        method="DELETE",
        path=_ONE,
        serve=remove,
        summary="Disable a connection for an organization",
        scopes=("delete:organization_connections",),
        status=204,
    ),
]
