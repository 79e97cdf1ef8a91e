"""/api/v2/roles/{id}/users: who holds a role (Auth0's Management API)."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from gatehouse import identifiers, listing, role_holders, roles, user_changes
from gatehouse.management import paging, permission_documents
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import InvalidBody, InvalidPaging, NoSuchRole, NoSuchUser, OperationNotSupported
from gatehouse.management.roles import existing
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.roles import Role
from gatehouse.users import User
from gatehouse.web import Response

# As Auth0 has it: who wants more holders than these pages through them with a cursor.
MOST_NUMBERED = 1000


class HoldersBody(Body):
    users: Annotated[list[str], Field(min_length=1, max_length=100)]


class HolderAnswer(Answer):
    user_id: str
    email: str | None = None
    name: str | None = None
    picture: str | None = None


def holders(call: Call) -> dict[str, Any] | list[Any]:
    """GET roles/{id}/users, by user id. Numbered pages reach as far as MOST_NUMBERED."""
    query: PageQuery = call.query
    role = existing(call.path["id"])
    if query.by_cursor:
        return _holders_from_cursor(role, query)
    start = query.page * query.per_page
    if start + query.per_page > MOST_NUMBERED:
        if role_holders.total(role.role_id) > MOST_NUMBERED:
            raise InvalidPaging("page through more than the first 1000 with from and take")
        start = MOST_NUMBERED
    ids, _ = role_holders.behind(role.role_id, "", start + query.per_page)
    total = role_holders.total(role.role_id) if query.include_totals else 0
    return paging.answered(query, _people(ids[start:]), total, "users")


def _holders_from_cursor(role: Role, query: PageQuery) -> dict[str, Any]:
    purpose = f"holders of {role.role_id}"
    try:
        after = listing.opened(purpose, query.from_)
    except listing.BadCursor as bad:
        raise paging.bad_cursor() from bad
    ids, more = role_holders.behind(role.role_id, after, query.taken)
    return paging.checkpointed(_people(ids), listing.sealed(purpose, ids[-1]) if more else "", "users")


def _people(user_ids: Sequence[str]) -> list[dict[str, Any]]:
    return [_person(user) for user in role_holders.people(user_ids)]


def _person(user: User) -> dict[str, Any]:
    values = {"user_id": user.user_id, "email": user.email, "name": user.profile.get("name"), "picture": user.profile.get("picture")}
    return {name: value for name, value in values.items() if value}


def add_holders(call: Call) -> Response:
    """POST roles/{id}/users. If one of the users cannot have it, those before may have it already."""
    if not all(map(identifiers.valid_user_id, call.body.users)):
        raise InvalidBody("users must be ids of users")
    permission_documents.demand_others(call, *call.body.users)
    role = existing(call.path["id"])
    permission_documents.demand_assignable(call, [role])
    for user_id in dict.fromkeys(call.body.users):
        assign(user_id, [role.role_id])
    return sent({})


def assign(user_id: str, role_ids: Sequence[str]) -> None:
    """Give a user roles.

    Raises:
        NoSuchUser, NoSuchRole, OperationNotSupported: as they say.
    """
    try:
        role_holders.assign(user_id, role_ids)
    except user_changes.Unknown as unknown:
        raise NoSuchUser from unknown
    except role_holders.UnknownRole as unknown:
        raise NoSuchRole from unknown
    except role_holders.TooMany as many:
        raise OperationNotSupported(f"a user has at most {roles.MOST_OF_A_USER} roles") from many


ROUTES = [
    Route(
        method="GET",
        path="/roles/{id}/users",
        serve=holders,
        summary="List who holds a role",
        scopes=("read:role_members", "read:users"),
        query=PageQuery,
        answers=list[HolderAnswer],
    ),
    Route(
        method="POST",
        path="/roles/{id}/users",
        serve=add_holders,
        summary="Give a role to users",
        scopes=("create:role_members",),
        body=HoldersBody,
        answers=Answer,
    ),
]
