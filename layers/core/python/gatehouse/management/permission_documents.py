"""Permissions as the Management API takes and shows them, and the rule for all that gives any: nobody gives what they do not have."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from gatehouse import resource_servers, role_holders
from gatehouse.management import callers
from gatehouse.management.refusals import NoSuchApi, NoSuchPermission, NotPermitted
from gatehouse.management.routes import Answer, Body, Call
from gatehouse.permissions import api_id
from gatehouse.resource_servers import ResourceServer
from gatehouse.roles import Role
from gatehouse.settings import settings

# By API id, the names.
Permissions = dict[str, list[str]]


class Permission(Body):
    resource_server_identifier: Annotated[str, Field(min_length=1, max_length=600)]
    permission_name: Annotated[str, Field(min_length=1, max_length=280)]


class PermissionsBody(Body):
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=1000)]


class PermissionAnswer(Answer):
    resource_server_identifier: str
    permission_name: str
    resource_server_name: str
    description: str


def named(permissions: Iterable[Permission]) -> Permissions:
    """By API id, the names. Says nothing about whether there are such."""
    found: Permissions = {}
    for permission in permissions:
        found.setdefault(api_id(permission.resource_server_identifier), []).append(permission.permission_name)
    return found


def existing(permissions: Iterable[Permission]) -> Permissions:
    """By API id, the names, all of which are scopes of a registered API.

    Raises:
        NoSuchApi, NoSuchPermission: one is not.
    """
    found = named(permissions)
    apis = resource_servers.of_ids(found)
    for each, names in found.items():
        if each not in apis:
            raise NoSuchApi
        if not apis[each].scope_values.issuperset(names):
            raise NoSuchPermission
    return found


def demand_givable(call: Call, given: Mapping[str, Iterable[str]]) -> None:
    """Accept a caller that has whatever of this is about the Management API. given: by API id, the names.

    Raises:
        NotPermitted: it would give more than it has.
    """
    callers.demand_all(call.caller, given.get(api_id(settings().management_audience), ()))


def demand_assignable(call: Call, roles: Iterable[Role]) -> None:
    """Accept a caller that has whatever these roles give at the Management API.

    Raises:
        NotPermitted: it would give more than it has.
    """
    callers.demand_all(call.caller, role_holders.gives(roles, api_id(settings().management_audience)))


def demand_others(call: Call, *user_ids: str) -> None:
    """Refuse a person who would change what they themselves may do.

    Raises:
        NotPermitted: the caller is one of these users.
    """
    if call.caller.user_id and call.caller.user_id in user_ids:
        raise NotPermitted("Nobody changes their own roles or permissions.")


def shown(permissions: Mapping[str, Sequence[str]], apis: Mapping[str, ResourceServer] | None = None) -> list[dict[str, Any]]:
    """Permissions in the API's form, by API and name; those of APIs and scopes that are gone are left out. apis: if they are at hand."""
    known = resource_servers.of_ids(permissions) if apis is None else apis
    return [document for each, api in known.items() for document in _of_api(api, permissions.get(each, ()))]


def _of_api(api: ResourceServer, names: Sequence[str]) -> list[dict[str, Any]]:
    descriptions = {scope["value"]: scope.get("description", "") for scope in api.scopes}
    return [
        {
            "resource_server_identifier": api.identifier,
            "permission_name": name,
            "resource_server_name": api.name,
            "description": descriptions[name],
        }
        for name in sorted(names)
        if name in descriptions
    ]
