"""The organization in whose name a person is to sign in, and an invitation into it: Auth0's parameters organization and invitation."""

from collections.abc import Mapping

from gatehouse import invitations, organizations
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass
from gatehouse.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """invitation: the value of its link. invited_email: whom it was sent to. Each empty where there is none."""

    org_id: str = ""
    invitation: str = ""
    invited_email: str = ""


def read(parameters: Mapping[str, str], client: Client) -> Asked:
    """What is asked for: an organization by id or name, by an invitation, or by both. 1 RRU if it is named.

    Whether an invitation may still be accepted is decided once it is known who the person is.

    Raises:
        InvalidRequest: there is no such organization, the invitation is none of ours or into another one, or the client may not ask for
            one, or must and does not.
    """
    named, invitation = parameters.get("organization", ""), parameters.get("invitation", "")
    if not (named or invitation):
        if client.organization_usage == "require":
            raise InvalidRequest("organization is missing, which the client must name")
        return Asked()
    if client.organization_usage == "deny":
        raise InvalidRequest("the client may not name an organization")
    invited = invitations.link(invitation) if invitation else None
    if invitation and invited is None:
        raise InvalidRequest("invitation is none of ours")
    org_id = organizations.find(named) if named else invited.org_id if invited else ""
    if not org_id:
        raise InvalidRequest("organization names none that there is")
    if invited and invited.org_id != org_id:
        raise InvalidRequest("the invitation is into another organization")
    return Asked(org_id, invitation, invited.email if invited else "")
