"""/api/v2/roles: roles and what they give (Auth0's Management API)."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field

from gatehouse import role_holders, roles, table, versions
from gatehouse.management import paging, permission_documents
from gatehouse.management.paging import PageQuery
from gatehouse.management.patches import patched
from gatehouse.management.permission_documents import PermissionAnswer, PermissionsBody
from gatehouse.management.refusals import (
    Conflict,
    InvalidBody,
    NoSuchRole,
    NotPermitted,
    OperationNotSupported,
    PreconditionFailed,
)
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.roles import Role
from gatehouse.web import Response

LONGEST_DESCRIPTION = 255


class RoleBody(Body):
    name: Annotated[str, Field(min_length=1, max_length=roles.LONGEST_NAME)]
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""


class RolePatch(Body):
    name: Annotated[str, Field(min_length=1, max_length=roles.LONGEST_NAME)] | None = None
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] | None = None


class RolesQuery(PageQuery):
    name_filter: Annotated[str, Field(max_length=roles.LONGEST_NAME)] = ""


class RoleAnswer(Answer):
    id: str
    name: str
    description: str


def shown(role: Role) -> dict[str, Any]:
    """The role in the API's form."""
    return {"id": role.role_id, "name": role.name, "description": role.description}


def existing(role_id: str) -> Role:
    """The role of this id.

    Raises:
        NoSuchRole: there is none.
    """
    role = roles.get(role_id)
    if role is None:
        raise NoSuchRole
    return role


def get(call: Call) -> Response:
    """GET roles/{id}"""
    role = existing(call.path["id"])
    return sent(shown(role), version=role.version)


def listed(call: Call) -> dict[str, Any] | list[Any]:
    """GET roles. With name_filter those whose name has this in it, in whichever case."""
    query: RolesQuery = call.query
    if not query.name_filter:
        return paging.listed(query, ["ROLES"], _load, what="ROLES", name="roles", purpose="roles")
    wanted = query.name_filter.casefold()
    found = [shown(role) for role in roles.listed() if wanted in role.name.casefold()]
    return paging.sliced(query, found, "roles", purpose=f"roles {wanted}")


def _load(keys: Sequence[table.Key]) -> list[dict[str, Any]]:
    return [shown(role) for role in roles.existing(key["pk"].partition("#")[2] for key in keys)]


def create(call: Call) -> Response:
    """POST roles"""
    document = call.body.model_dump()
    _check(document)
    try:
        role = roles.create(**document)
    except roles.Taken as taken:
        raise _name_taken() from taken
    return sent(shown(role), version=role.version)


def patch(call: Call) -> Response:
    """PATCH roles/{id}"""

    def edit(role: Role) -> Role:
        document, _ = patched({"name": role.name, "description": role.description}, call)
        _check(document)
        return Role(role.role_id, document["name"], document.get("description") or "", role.permissions)

    return _changed(call, edit)


def _check(document: dict[str, Any]) -> None:
    if set(document) - {"name", "description"}:
        raise InvalidBody("a role has a name and a description only")
    limits = {"name": roles.LONGEST_NAME, "description": LONGEST_DESCRIPTION}
    for name, longest in limits.items():
        value = document.get(name) or ""
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise InvalidBody(f"{name} must be a string of at most {longest} characters that can be seen")
    if not (document.get("name") or "").strip():
        raise InvalidBody("name is missing")


def delete(call: Call) -> None:
    """DELETE roles/{id}. Nobody holds it any more, and its permissions are in no new token after a minute."""
    _demand_not_held(call)
    if not roles.remove(call.path["id"]):
        raise NoSuchRole


def permissions(call: Call) -> dict[str, Any] | list[Any]:
    """GET roles/{id}/permissions"""
    role = existing(call.path["id"])
    return paging.sliced(call.query, permission_documents.shown(role.permissions), "permissions", purpose=f"permissions of {role.role_id}")


def add_permissions(call: Call) -> Response:
    """POST roles/{id}/permissions: scopes of registered APIs; those of this one only as far as the caller has them."""
    given = permission_documents.existing(call.body.permissions)
    permission_documents.demand_givable(call, given)
    _changed(call, lambda role: roles.with_permissions(role, given))
    return sent({}, status=201)


def remove_permissions(call: Call) -> None:
    """DELETE roles/{id}/permissions"""
    taken = permission_documents.named(call.body.permissions)
    _changed(call, lambda role: roles.without_permissions(role, taken))


def _changed(call: Call, edit: Callable[[Role], Role]) -> Response:
    """The answer after a change of the role that the path names.

    Raises:
        NoSuchRole, PreconditionFailed, NotPermitted, Conflict, OperationNotSupported: as they say.
    """
    _demand_not_held(call)
    try:
        role = roles.change(call.path["id"], edit, if_version=call.if_version)
    except versions.Unknown as unknown:
        raise NoSuchRole from unknown
    except versions.Stale as stale:
        raise PreconditionFailed from stale
    except roles.Taken as taken:
        raise _name_taken() from taken
    except roles.TooMany as many:
        raise OperationNotSupported(f"a role gives at most {roles.MOST_PERMISSIONS} permissions") from many
    return sent(shown(role), version=role.version)


def _demand_not_held(call: Call) -> None:
    if call.caller.user_id and role_holders.holds(call.caller.user_id, call.path["id"]):
        raise NotPermitted("Nobody changes their own roles or permissions.")


def _name_taken() -> Conflict:
    return Conflict("There is another role of this name.")


_READ, _CREATE, _UPDATE = ("read:roles",), ("create:roles",), ("update:roles",)
ROUTES = [
    Route(method="GET", path="/roles", serve=listed, summary="List roles", scopes=_READ, query=RolesQuery, answers=list[RoleAnswer]),
    Route(method="POST", path="/roles", serve=create, summary="Create a role", scopes=_CREATE, body=RoleBody, answers=RoleAnswer),
    Route(method="GET", path="/roles/{id}", serve=get, summary="Get a role", scopes=_READ, answers=RoleAnswer),
    Route(
        method="PATCH",
        path="/roles/{id}",
        serve=patch,
        summary="Change a role",
        scopes=_UPDATE,
        body=RolePatch,
        patchable=True,
        answers=RoleAnswer,
    ),
    Route(method="DELETE", path="/roles/{id}", serve=delete, summary="Delete a role", scopes=("delete:roles",), status=204),
    Route(
        method="GET",
        path="/roles/{id}/permissions",
        serve=permissions,
        summary="List what a role gives",
        scopes=_READ,
        query=PageQuery,
        answers=list[PermissionAnswer],
    ),
    Route(
        method="POST",
        path="/roles/{id}/permissions",
        serve=add_permissions,
        summary="Add permissions to a role",
        scopes=_UPDATE,
        body=PermissionsBody,
        answers=Answer,
        status=201,
    ),
    Route(
        method="DELETE",
        path="/roles/{id}/permissions",
        serve=remove_permissions,
        summary="Take permissions from a role",
        scopes=_UPDATE,
        body=PermissionsBody,
        status=204,
    ),
]
