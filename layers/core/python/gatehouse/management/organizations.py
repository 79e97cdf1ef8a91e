"""/api/v2/organizations: customers, teams or partners with members of their own (Auth0's Management API)."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from gatehouse import connections, organizations, table, versions
from gatehouse.errors import NotFound
from gatehouse.management import paging
from gatehouse.management.connections import NoSuchConnection
from gatehouse.management.paging import PageQuery
from gatehouse.management.patches import patched
from gatehouse.management.refusals import Conflict, InvalidBody, OperationNotSupported, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.organizations import Organization
from gatehouse.web import Response


class NoSuchOrganization(NotFound):
    code = "inexistent_organization"

    def __init__(self) -> None:
        super().__init__("The organization does not exist.")


class EnabledConnection(Body):
    """assign_membership_on_login: only false is supported."""

    connection_id: Annotated[str, Field(min_length=1, max_length=64)]
    assign_membership_on_login: bool = False
    is_signup_enabled: bool = False
    show_as_button: bool = True


class OrganizationPatch(Body):
    """metadata: strings by name; a patch merges them, null takes one away."""

    name: str | None = None
    display_name: str | None = None
    branding: dict[str, Any] | None = None
    metadata: dict[str, str | None] | None = None


class NewOrganization(OrganizationPatch):
    name: str
    enabled_connections: Annotated[list[EnabledConnection], Field(default_factory=list, max_length=organizations.MOST_CONNECTIONS)]


class OrganizationAnswer(Answer):
    id: str
    name: str
    display_name: str
    branding: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, str] = Field(default_factory=dict)


def shown(organization: Organization) -> dict[str, Any]:
    """The organization in the API's form. Without a display name its name stands there."""
    told = {
        "id": organization.org_id,
        "name": organization.name,
        "display_name": organization.display_name or organization.name,
        "branding": organization.branding,
        "metadata": organization.metadata,
    }
    return {name: value for name, value in told.items() if value != {}}


def existing(org_id: str) -> Organization:
    """The organization of this id.

    Raises:
        NoSuchOrganization: there is none.
    """
    found = organizations.get(org_id)
    if found is None:
        raise NoSuchOrganization
    return found


def listed(call: Call) -> Any:
    """GET organizations"""
    return paging.listed(call.query, [organizations.LIST], _load, what=organizations.LIST, name="organizations", purpose="organizations")


def _load(keys: Sequence[table.Key]) -> list[dict[str, Any]]:
    return [shown(one) for one in organizations.many([key["pk"].partition("#")[2] for key in keys])]


def get(call: Call) -> Response:
    """GET organizations/{id}"""
    found = existing(call.path["id"])
    return sent(shown(found), version=found.version)


def get_by_name(call: Call) -> Response:
    """GET organizations/name/{name}"""
    found = organizations.by_name(call.path["name"])
    if found is None:
        raise NoSuchOrganization
    return sent(shown(found), version=found.version)


def create(call: Call) -> Response:
    """POST organizations"""
    given = {name: value for name, value in call.body.model_dump().items() if value is not None}
    wanted = [enabled(EnabledConnection(**entry)) for entry in given.pop("enabled_connections")]
    if len({entry["connection_id"] for entry in wanted}) < len(wanted):
        raise InvalidBody("enabled_connections names a connection twice")
    given["metadata"] = {name: value for name, value in given.get("metadata", {}).items() if value is not None}
    try:
        made = organizations.create(**given, connections=wanted)
    except organizations.Unacceptable as flaw:
        raise InvalidBody(flaw.reason) from flaw
    except organizations.NameTaken as taken:
        raise _name_taken() from taken
    return sent(shown(made), status=201, version=made.version)


def enabled(entry: EnabledConnection) -> dict[str, Any]:
    """A connection as an organization keeps it.

    Raises:
        NoSuchConnection: there is none. OperationNotSupported: who signs in by it would become a member.
    """
    if entry.assign_membership_on_login:
        raise OperationNotSupported("assign_membership_on_login must be false: people are invited, or added by an operator")
    if connections.get(entry.connection_id) is None:
        raise NoSuchConnection
    return entry.model_dump(exclude={"assign_membership_on_login"})


def patch(call: Call) -> Response:
    """PATCH organizations/{id}"""

    def edit(before: Organization) -> Organization:
        document = {name: getattr(before, name) for name in organizations.EDITABLE}
        return organizations.edited(before, patched(document, call, merging=("metadata",))[0])

    changed = change(call, edit)
    return sent(shown(changed), version=changed.version)


def change(call: Call, edit: Any) -> Organization:
    """The organization that the path names after `edit`, as organizations.change takes it.

    Raises:
        NoSuchOrganization, PreconditionFailed, InvalidBody, Conflict: as they say.
    """
    try:
        return organizations.change(call.path["id"], edit, if_version=call.if_version)
    except versions.Unknown as unknown:
        raise NoSuchOrganization from unknown
    except versions.Stale as stale:
        raise PreconditionFailed from stale
    except organizations.Unacceptable as flaw:
        raise InvalidBody(flaw.reason) from flaw
    except organizations.NameTaken as taken:
        raise _name_taken() from taken


def delete(call: Call) -> None:
    """DELETE organizations/{id}: its members lose what they had in it, and are signed out of it."""
    if not organizations.remove(call.path["id"]):
        raise NoSuchOrganization


def _name_taken() -> Conflict:
    return Conflict("There is another organization of this name.")


_READ = ("read:organizations",)
ROUTES = [
    Route(
        method="GET",
        path="/organizations",
        serve=listed,
        summary="List organizations",
        scopes=_READ,
        query=PageQuery,
        answers=list[OrganizationAnswer],
    ),
    Route(
        method="POST",
        path="/organizations",
        serve=create,
        summary="Create an organization",
        scopes=("create:organizations",),
        body=NewOrganization,
        answers=OrganizationAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/organizations/name/{name}",
        serve=get_by_name,
        summary="Get an organization by its name",
        scopes=_READ,
        answers=OrganizationAnswer,
    ),
    Route(
        method="GET",
        path="/organizations/{id}",
        serve=get,
        summary="Get an organization",
        scopes=_READ,
        in_organization=True,
        answers=OrganizationAnswer,
    ),
    # Names and what a contract says about a customer are the tenant's: an organization's own operators do not change them.
    Route(
        method="PATCH",
        path="/organizations/{id}",
        serve=patch,
        summary="Change an organization",
        scopes=("update:organizations",),
        body=OrganizationPatch,
        patchable=True,
        answers=OrganizationAnswer,
    ),
    Route(
        method="DELETE",
        path="/organizations/{id}",
        serve=delete,
        summary="Delete an organization",
        scopes=("delete:organizations",),
        status=204,
    ),
]
