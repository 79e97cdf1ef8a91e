"""/api/v2/organizations/{id}/members: who belongs to an organization, as what, and what is kept about them there."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from gatehouse import clock, identifiers, memberships, metadata, roles, table, users, versions
from gatehouse.errors import NotFound
from gatehouse.management import paging
from gatehouse.management.fields import FieldsQuery, only
from gatehouse.management.organizations import NoSuchOrganization, existing
from gatehouse.management.paging import PageQuery
from gatehouse.management.patches import patched
from gatehouse.management.refusals import InvalidBody, NoSuchUser, OperationNotSupported, PreconditionFailed
from gatehouse.management.roles import RoleAnswer
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.memberships import Membership
from gatehouse.roles import Role
from gatehouse.users import User
from gatehouse.web import Response

MOST_AT_ONCE = 10


class NoSuchMember(NotFound):
    code = "inexistent_organization_member"

    def __init__(self) -> None:
        super().__init__("The user is no member of the organization.")


class MembersBody(Body):
    members: Annotated[list[str], Field(min_length=1, max_length=MOST_AT_ONCE)]


class MemberPatch(Body):
    metadata: dict[str, Any] | None = None


class MembersQuery(PageQuery, FieldsQuery):
    """Roles are shown only where fields names them."""


class MemberAnswer(Answer):
    user_id: str
    name: str | None = None
    email: str | None = None
    picture: str | None = None


class MembershipAnswer(MemberAnswer):
    organization_id: str
    roles: list[RoleAnswer]
    metadata: dict[str, Any]
    joined_at: str


def listed(call: Call) -> Any:
    """GET organizations/{id}/members, in the order in which they joined"""
    org_id, query = existing(call.path["id"]).org_id, call.query

    def load(keys: Sequence[table.Key]) -> list[dict[str, Any]]:
        found = list(memberships.of_people(org_id, [key["sk"].partition("#")[2] for key in keys]))
        with_roles = "roles" in {name.strip() for name in query.fields.split(",")} and query.include_fields
        held = held_by(membership for _, membership in found) if with_roles else {}
        return [only(_person(user) | ({"roles": _named(held, membership)} if with_roles else {}), query) for user, membership in found]

    listing = table.members_list(org_id)
    return paging.listed(query, [listing], load, what=listing, name="members", purpose=listing)


def _person(user: User) -> dict[str, Any]:
    told = {"user_id": user.user_id, "name": user.profile.get("name"), "email": user.email, "picture": user.profile.get("picture")}
    return {name: value for name, value in told.items() if value}


def held_by(found: Iterable[Membership]) -> dict[str, Role]:
    """The roles of these members that there still are, by id."""
    return {role.role_id: role for role in roles.existing(role_id for membership in found for role_id in membership.roles)}


def _named(held: Mapping[str, Role], membership: Membership) -> list[dict[str, str]]:
    return [{"id": role_id, "name": held[role_id].name} for role_id in membership.roles if role_id in held]


def add(call: Call) -> None:
    """POST organizations/{id}/members. Whoever is a member already stays what they are."""
    org_id, user_ids = existing(call.path["id"]).org_id, _user_ids(call)
    if not all(map(users.get, user_ids)):
        raise NoSuchUser
    for user_id in user_ids:
        try:
            memberships.join(org_id, user_id)
        except memberships.AlreadyMember:
            continue
        except memberships.NoPerson as gone:
            raise NoSuchUser from gone
        except memberships.NoOrganization as gone:
            raise NoSuchOrganization from gone


def remove(call: Call) -> None:
    """DELETE organizations/{id}/members: they are signed out of it, too. Whoever is no member is passed over."""
    org_id = existing(call.path["id"]).org_id
    for user_id in _user_ids(call):
        memberships.leave(org_id, user_id)


def _user_ids(call: Call) -> list[str]:
    user_ids = list(dict.fromkeys(call.body.members))
    if not all(map(identifiers.valid_user_id, user_ids)):
        raise InvalidBody("members must be ids of users")
    return user_ids


def get(call: Call) -> Response:
    """GET organizations/{id}/members/{user_id}, with their metadata there"""
    user, membership = member(call)
    return _whole(user, membership)


def patch(call: Call) -> Response:
    """PATCH organizations/{id}/members/{user_id}: the metadata that the organization keeps about the person."""
    user, _ = member(call)

    def edit(before: Membership) -> dict[str, Any]:
        document, _ = patched({memberships.NAMESPACE: before.metadata}, call, merging=(memberships.NAMESPACE,))
        kept = {} if (given := document.get(memberships.NAMESPACE)) is None else given
        if set(document) - {memberships.NAMESPACE} or not isinstance(kept, dict):
            raise InvalidBody("of a member only metadata can be changed, which is an object")
        return {memberships.NAMESPACE: kept}

    return _whole(user, changed(call, edit))


def member(call: Call) -> tuple[User, Membership]:
    """The person that the path names, and their membership in the organization that it names.

    Raises:
        NoSuchMember: they are none there, or either is nobody.
    """
    user_id = call.path["user_id"]
    user, membership = memberships.with_user(user_id, call.path["id"]) if identifiers.valid_user_id(user_id) else (None, None)
    if user is None or membership is None:
        raise NoSuchMember
    return user, membership


def _whole(user: User, membership: Membership) -> Response:
    document = {
        **_person(user),
        "organization_id": membership.org_id,
        "roles": _named(held_by([membership]), membership),
        "metadata": membership.metadata,
        "joined_at": clock.iso(membership.joined_at),
    }
    return sent(document, version=membership.version)


def changed(call: Call, edit: Any) -> Membership:
    """The membership that the path names after `edit`, as memberships.change takes it.

    Raises:
        NoSuchMember, PreconditionFailed, InvalidBody, OperationNotSupported: as they say.
    """
    try:
        return memberships.change(call.path["user_id"], call.path["id"], edit, if_version=call.if_version)
    except versions.Unknown as unknown:
        raise NoSuchMember from unknown
    except versions.Stale as stale:
        raise PreconditionFailed from stale
    except metadata.Unacceptable as flaw:
        raise InvalidBody(flaw.reason) from flaw
    except memberships.TooManyRoles as many:
        raise OperationNotSupported(f"a member has at most {roles.MOST_OF_A_USER} roles in an organization") from many


_ALL, _ONE = "/organizations/{id}/members", "/organizations/{id}/members/{user_id}"
_READ = ("read:organization_members",)
ROUTES = [
    Route(
        method="GET",
        path=_ALL,
        serve=listed,
        summary="List the members of an organization",
        scopes=_READ,
        in_organization=True,
        query=MembersQuery,
        answers=list[MemberAnswer],
    ),
    # An organization's own operators invite: whoever they could add unasked would show them a name and an address.
    Route(
        method="POST",
        path=_ALL,
        serve=add,
        summary="Add members to an organization",
        scopes=("create:organization_members",),
        body=MembersBody,
        status=204,
    ),
    Route(
        method="DELETE",
        path=_ALL,
        serve=remove,
        summary="Remove members from an organization",
        scopes=("delete:organization_members",),
        in_organization=True,
        body=MembersBody,
        status=204,
    ),
    Route(
        method="GET",
        path=_ONE,
        serve=get,
        summary="Get a member of an organization",
        scopes=_READ,
        in_organization=True,
        answers=MembershipAnswer,
    ),
    Route(
        method="PATCH",
        path=_ONE,
        serve=patch,
        summary="Change what an organization keeps about a member",
        scopes=("update:organization_members",),
        in_organization=True,
        body=MemberPatch,
        patchable=True,
        answers=MembershipAnswer,
    ),
]
