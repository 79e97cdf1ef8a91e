"""/api/v2/organizations/{id}/invitations: a mailed link by which somebody joins an organization (Auth0's Management API)."""

from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field

from gatehouse import clients, clock, identifiers, invitations, limits, mail, roles, users
from gatehouse.clients import Client
from gatehouse.errors import NotFound, TooManyRequests
from gatehouse.invitations import Invitation
from gatehouse.management import paging, permission_documents
from gatehouse.management.fields import FieldsQuery, only
from gatehouse.management.organization_member_roles import givable
from gatehouse.management.organizations import NoSuchOrganization, existing
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import InvalidBody, InvalidQuery, OperationNotSupported
from gatehouse.management.routes import Answer, Body, Call, Route
from gatehouse.organizations import Organization
from gatehouse.settings import settings

LONGEST_NAME = 100


class NoSuchInvitation(NotFound):
    code = "inexistent_invitation"

    def __init__(self) -> None:
        super().__init__("The invitation does not exist, was used, or is over.")


class Inviter(Body):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class Invitee(Body):
    email: Annotated[str, Field(min_length=3, max_length=320)]


class NewInvitation(Body):
    """ttl_sec: 0 for the usual seven days."""

    inviter: Inviter
    invitee: Invitee
    client_id: Annotated[str, Field(min_length=1, max_length=64)]
    roles: Annotated[list[str], Field(default_factory=list, max_length=roles.MOST_OF_A_USER)]
    ttl_sec: Annotated[int, Field(ge=0, le=invitations.LONGEST_SECONDS)] = 0
    send_invitation_email: bool = True


class InvitationsQuery(PageQuery, FieldsQuery):
    """sort: created_at and 1 or -1."""

    sort: str = "created_at:1"


class InvitationAnswer(Answer):
    """invitation_url: only when it is made; it is kept nowhere."""

    id: str
    organization_id: str
    inviter: Inviter
    invitee: Invitee
    client_id: str
    roles: list[str]
    created_at: str
    expires_at: str
    invitation_url: str | None = None


def _shown(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.invitation_id,
        "organization_id": invitation.org_id,
        "inviter": {"name": invitation.inviter},
        "invitee": {"email": invitation.email},
        "client_id": invitation.client_id,
        "roles": invitation.roles,
        "created_at": clock.iso(invitation.created_at),
        "expires_at": clock.iso(invitation.expires_at),
    }


def listed(call: Call) -> Any:
    """GET organizations/{id}/invitations: those that may still be accepted"""
    org_id, query = existing(call.path["id"]).org_id, call.query
    if query.sort not in ("created_at:1", "created_at:-1"):
        raise InvalidQuery("sort must be created_at:1 or created_at:-1")
    pending = invitations.of_organization(org_id)
    found = [only(_shown(one), query) for one in (pending if query.sort.endswith(":1") else reversed(pending))]
    return paging.sliced(query, found, "invitations", purpose=f"invitations of {org_id} {query.sort}")


def get(call: Call) -> dict[str, Any]:
    """GET organizations/{id}/invitations/{invitation_id}"""
    found = invitations.get(call.path["id"], call.path["invitation_id"])
    if found is None:
        raise NoSuchInvitation
    return only(_shown(found), call.query)


def create(call: Call) -> dict[str, Any]:
    """POST organizations/{id}/invitations. The mail goes out unless send_invitation_email is false."""
    organization, body = existing(call.path["id"]), call.body
    client, given = _client(body.client_id), givable(call, body.roles)
    try:
        email = identifiers.canonical_email(body.invitee.email)
    except identifiers.InvalidIdentifier as flaw:
        raise InvalidBody(f"invitee.email: {flaw.reason}") from flaw
    if given and (invitee := users.get_by_email(email)):
        permission_documents.demand_others(call, invitee.user_id)
    if body.send_invitation_email:
        _count_mail(email)
    try:
        made, ticket = invitations.create(
            organization.org_id,
            inviter=body.inviter.name,
            email=email,
            client_id=client.client_id,
            roles=given,
            seconds=body.ttl_sec or invitations.SECONDS,
        )
    except invitations.NoOrganization as gone:
        raise NoSuchOrganization from gone
    link = _link(client, organization, ticket)
    if body.send_invitation_email:
        _send(made, organization, link)
    return {**_shown(made), "invitation_url": link}


def _client(client_id: str) -> Client:
    """The application whose sign-in the link leads to."""
    client = clients.get(client_id)
    if client is None:
        raise InvalidBody("client_id names no application")
    if client.organization_usage == "deny":
        raise OperationNotSupported("people do not sign in to this application in the name of an organization")
    if not client.has_login_link:
        raise OperationNotSupported("the application has registered no initiate_login_uri for the link to lead to")
    return client


def _count_mail(email: str) -> None:
    # Whoever may invite must not be able to fill somebody's mailbox.
    try:
        limits.count(limits.MAIL, f"invitation {email}")
    except limits.Exhausted as exhausted:
        message = "There were too many invitations to this address. Wait a while and try again."
        raise TooManyRequests(message, retry_after_seconds=exhausted.retry_after_seconds) from exhausted


def _link(client: Client, organization: Organization, ticket: str) -> str:
    told = {"organization": organization.org_id, "organization_name": organization.name, "invitation": ticket}
    return f"{settings().base_url}/u/start?{urlencode({'client_id': client.client_id, **told})}"


def _send(invitation: Invitation, organization: Organization, link: str) -> None:
    # Imported on first use: most calls show nothing to people.
    from gatehouse import pages

    name = organization.display_name or organization.name
    message = pages.mail("invitation", link=link, inviter=invitation.inviter, organization=name, until=invitation.expires_at)
    mail.send(invitation.email, *message)


def withdraw(call: Call) -> None:
    """DELETE organizations/{id}/invitations/{invitation_id}"""
    if not invitations.withdraw(call.path["id"], call.path["invitation_id"]):
        raise NoSuchInvitation


_ALL, _ONE = "/organizations/{id}/invitations", "/organizations/{id}/invitations/{invitation_id}"
_READ = ("read:organization_invitations",)
ROUTES = [
    Route(
        method="GET",
        path=_ALL,
        serve=listed,
        summary="List the invitations into an organization",
        scopes=_READ,
        in_organization=True,
        query=InvitationsQuery,
        answers=list[InvitationAnswer],
    ),
    Route(
        method="POST",
        path=_ALL,
        serve=create,
        summary="Invite somebody into an organization",
        scopes=("create:organization_invitations",),
        in_organization=True,
        body=NewInvitation,
        answers=InvitationAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path=_ONE,
        serve=get,
        summary="Get an invitation",
        scopes=_READ,
        in_organization=True,
        query=FieldsQuery,
        answers=InvitationAnswer,
    ),
    Route(
        method="DELETE",
        path=_ONE,
        serve=withdraw,
        summary="Withdraw an invitation",
        scopes=("delete:organization_invitations",),
        in_organization=True,
        status=204,
    ),
]
