"""/api/v2/organizations/{id}/members/{user_id}/roles: what a person is in one organization (Auth0's Management API)."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from gatehouse import identifiers, roles
from gatehouse.management import paging, permission_documents
from gatehouse.management.organization_members import changed, held_by, member
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import InvalidBody, NoSuchRole
from gatehouse.management.roles import RoleAnswer, shown
from gatehouse.management.routes import Body, Call, Route


class RolesBody(Body):
    roles: Annotated[list[str], Field(min_length=1, max_length=roles.MOST_OF_A_USER)]


def listed(call: Call) -> Any:
    """GET organizations/{id}/members/{user_id}/roles"""
    user, membership = member(call)
    held = held_by([membership])
    found = [shown(held[role_id]) for role_id in membership.roles if role_id in held]
    return paging.sliced(call.query, found, "roles", purpose=f"roles of {user.user_id} in {membership.org_id}")


def add(call: Call) -> None:
    """POST organizations/{id}/members/{user_id}/roles: no more than the caller may do, and never to the caller."""
    _check_subject(call)
    given = givable(call, call.body.roles)
    changed(call, lambda before: {"roles": list(dict.fromkeys([*before.roles, *given]))})


def remove(call: Call) -> None:
    """DELETE organizations/{id}/members/{user_id}/roles. Roles that the person has not are passed over."""
    _check_subject(call)
    changed(call, lambda before: {"roles": [role_id for role_id in before.roles if role_id not in call.body.roles]})


def _check_subject(call: Call) -> None:
    permission_documents.demand_others(call, call.path["user_id"])
    member(call)


def givable(call: Call, role_ids: Sequence[str]) -> list[str]:
    """These roles, if the caller may give them.

    Raises:
        InvalidBody, NoSuchRole: one is none. NotPermitted: one gives more than the caller has.
    """
    if not all(map(identifiers.valid_segment, role_ids)):
        raise InvalidBody("roles must be ids of roles")
    found = roles.existing(role_ids)
    if len(found) < len(set(role_ids)):
        raise NoSuchRole
    permission_documents.demand_assignable(call, found)
    return [role.role_id for role in found]


_PATH = "/organizations/{id}/members/{user_id}/roles"
ROUTES = [
    Route(
        method="GET",
        path=_PATH,
        serve=listed,
        summary="List the roles of a member",
        scopes=("read:organization_member_roles",),
        in_organization=True,
        query=PageQuery,
        answers=list[RoleAnswer],
    ),
    Route(
        method="POST",
        path=_PATH,
        serve=add,
        summary="Give roles to a member",
        scopes=("create:organization_member_roles",),
        in_organization=True,
        body=RolesBody,
        status=204,
    ),
    Route(
        method="DELETE",
        path=_PATH,
        serve=remove,
        summary="Take roles from a member",
        scopes=("delete:organization_member_roles",),
        in_organization=True,
        body=RolesBody,
        status=204,
    ),
]
