"""/api/v2/users/{id}/roles and /permissions: what a person may do, and why (Auth0's Management API)."""

from typing import Annotated, Any

from pydantic import Field

from gatehouse import identifiers, resource_servers, role_holders, roles, user_changes
from gatehouse.management import paging, permission_documents
from gatehouse.management.paging import PageQuery
from gatehouse.management.permission_documents import PermissionAnswer, PermissionsBody
from gatehouse.management.refusals import InvalidBody, NoSuchRole, NoSuchUser, OperationNotSupported
from gatehouse.management.role_members import assign
from gatehouse.management.roles import RoleAnswer, shown
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.management.users import existing
from gatehouse.web import Response


class RolesBody(Body):
    roles: Annotated[list[str], Field(min_length=1, max_length=100)]


class Source(Answer):
    source_id: str
    source_name: str
    source_type: str


class UserPermissionAnswer(PermissionAnswer):
    sources: list[Source]


def list_roles(call: Call) -> dict[str, Any] | list[Any]:
    """GET users/{id}/roles: those for the whole tenant. Roles in an organization are listed with its members."""
    user = existing(call.path["id"])
    found = [shown(role) for role in roles.existing(user.roles)]
    return paging.sliced(call.query, found, "roles", purpose=f"roles of {user.user_id}")


def add_roles(call: Call) -> None:
    """POST users/{id}/roles"""
    user_id, role_ids = _subject(call), _role_ids(call)
    found = roles.existing(role_ids)
    if len(found) < len(set(role_ids)):
        raise NoSuchRole
    permission_documents.demand_assignable(call, found)
    assign(user_id, role_ids)


def remove_roles(call: Call) -> None:
    """DELETE users/{id}/roles. Roles that the person has not are passed over."""
    user_id, role_ids = _subject(call), _role_ids(call)
    try:
        role_holders.unassign(user_id, role_ids)
    except user_changes.Unknown as unknown:
        raise NoSuchUser from unknown


def _subject(call: Call) -> str:
    """The user that the path names, who is not the caller."""
    user_id = call.path["id"]
    permission_documents.demand_others(call, user_id)
    return existing(user_id).user_id


def _role_ids(call: Call) -> list[str]:
    role_ids: list[str] = call.body.roles
    if not all(map(identifiers.valid_segment, role_ids)):
        raise InvalidBody("roles must be ids of roles")
    return role_ids


def list_permissions(call: Call) -> dict[str, Any] | list[Any]:
    """GET users/{id}/permissions: given to the person, or by a role; each with where it comes from."""
    user = existing(call.path["id"])
    held = roles.existing(user.roles)
    sources = [("", "", "DIRECT", user.permissions), *((role.role_id, role.name, "ROLE", role.permissions) for role in held)]
    apis = resource_servers.of_ids(api_id for *_, given in sources for api_id in given)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for source_id, source_name, source_type, given in sources:
        source = {"source_id": source_id, "source_name": source_name, "source_type": source_type}
        for permission in permission_documents.shown(given, apis):
            key = permission["resource_server_identifier"], permission["permission_name"]
            found.setdefault(key, {**permission, "sources": []})["sources"].append(source)
    items = [found[key] for key in sorted(found)]
    return paging.sliced(call.query, items, "permissions", purpose=f"permissions of {user.user_id}")


def add_permissions(call: Call) -> Response:
    """POST users/{id}/permissions: scopes of registered APIs; those of this one only as far as the caller has them."""
    user_id, given = _subject(call), permission_documents.existing(call.body.permissions)
    permission_documents.demand_givable(call, given)
    try:
        role_holders.give_permissions(user_id, given)
    except user_changes.Unknown as unknown:
        raise NoSuchUser from unknown
    except role_holders.TooMany as many:
        raise OperationNotSupported(f"a user has at most {role_holders.MOST_PERMISSIONS} permissions beside their roles") from many
    return sent({}, status=201)


def remove_permissions(call: Call) -> None:
    """DELETE users/{id}/permissions. What a role gives stays."""
    user_id, taken = _subject(call), permission_documents.named(call.body.permissions)
    try:
        role_holders.take_permissions(user_id, taken)
    except user_changes.Unknown as unknown:
        raise NoSuchUser from unknown


_ROLES, _PERMISSIONS = "/users/{id}/roles", "/users/{id}/permissions"
ROUTES = [
    Route(
        method="GET",
        path=_ROLES,
        serve=list_roles,
        summary="List a user's roles",
        scopes=("read:users", "read:role_members"),
        query=PageQuery,
        answers=list[RoleAnswer],
    ),
    Route(
        method="POST",
        path=_ROLES,
        serve=add_roles,
        summary="Give roles to a user",
        scopes=("update:users", "create:role_members"),
        body=RolesBody,
        status=204,
    ),
    Route(
        method="DELETE",
        path=_ROLES,
        serve=remove_roles,
        summary="Take roles from a user",
        scopes=("update:users", "delete:role_members"),
        body=RolesBody,
        status=204,
    ),
    Route(
        method="GET",
        path=_PERMISSIONS,
        serve=list_permissions,
        summary="List a user's permissions",
        scopes=("read:users",),
        query=PageQuery,
        answers=list[UserPermissionAnswer],
    ),
    Route(
        method="POST",
        path=_PERMISSIONS,
        serve=add_permissions,
        summary="Give permissions to a user",
        scopes=("update:users",),
        body=PermissionsBody,
        answers=Answer,
        status=201,
    ),
    Route(
        method="DELETE",
        path=_PERMISSIONS,
        serve=remove_permissions,
        summary="Take permissions from a user",
        scopes=("update:users",),
        body=PermissionsBody,
        status=204,
    ),
]
