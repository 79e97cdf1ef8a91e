"""Invitations into an organization: a mailed link for one address, good once, until it ends or is withdrawn.

The link is sealed and the table holds a digest of the secret inside it. It proves nothing about who follows it: only a person who has
proven the invited address gets in.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final, Self

from gatehouse import clock, jose, keys, memberships, table, versions
from gatehouse.clients import new_identifier
from gatehouse.dataclasses import asdict, dataclass, of_known
from gatehouse.roles import MOST_OF_A_USER
from gatehouse.users import User

SECONDS: Final = 7 * 86400
LONGEST_SECONDS: Final = 30 * 86400
_PURPOSE: Final = "invitation"


class NoOrganization(Exception):
    """There is no such organization."""


class NotInvited(Exception):
    """Somebody else was invited, or this person has not proven the invited address."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """inviter: a name, as people are shown it. email: canonical. roles: role ids. Times in seconds since the epoch."""

    invitation_id: str
    org_id: str
    inviter: str
    email: str
    client_id: str
    digest: bytes
    roles: list[str]
    created_at: int
    expires_at: int

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)


@dataclass(frozen=True, slots=True)
class Link:
    """What the sealed part of a link says. Nothing was read yet."""

    org_id: str
    invitation_id: str
    email: str
    secret: str


def create(
    org_id: str, *, inviter: str, email: str, client_id: str, roles: Sequence[str] = (), seconds: int = SECONDS
) -> tuple[Invitation, str]:
    """Invite a canonical address; the invitation, and the value for its link, which is kept nowhere.

    Raises:
        NoOrganization: it is gone.
    """
    secret, now = secrets.token_urlsafe(24), clock.now()
    expires_at = now + min(seconds, LONGEST_SECONDS)
    invitation_id = f"uinv_{new_identifier(16)}"
    made = Invitation(invitation_id, org_id, inviter, email, client_id, _digest(secret), list(roles), now, expires_at)
    try:
        table.transact(
            table.Write(table.organization_key(org_id), where=[("pk", "exists", None)], check=True),
            table.Write(table.invitation_key(org_id, invitation_id), put=asdict(made) | {"ttl": expires_at}),
        )
    except table.ConditionFailed as gone:
        raise NoOrganization from gone
    return made, keys.seal(_PURPOSE, [org_id, invitation_id, email, secret])


def link(value: str) -> Link | None:
    """What a link of ours says, else None. Reads nothing."""
    try:
        return Link(*keys.unseal(_PURPOSE, value))
    except jose.Forged:
        return None


def get(org_id: str, invitation_id: str) -> Invitation | None:
    """An invitation that may still be accepted: 1 RRU."""
    item = table.get(table.invitation_key(org_id, invitation_id))
    return Invitation.from_item(item) if item and item["expires_at"] > clock.now() else None


def of_organization(org_id: str) -> list[Invitation]:
    """Those that may still be accepted, in the order in which they were made. 1 RRU per 4 KB."""
    items = table.query(table.organization_partition(org_id), table.invitation_key("", "")["sk"])
    pending = [Invitation.from_item(item) for item in items if item["expires_at"] > clock.now()]
    return sorted(pending, key=lambda invitation: (invitation.created_at, invitation.invitation_id))


def withdraw(org_id: str, invitation_id: str) -> bool:
    """Take an invitation back; False if there is none, and then somebody may have got in by it. 2 WRU."""
    try:
        # A transaction of one: it is applied once, so that the repeat after a lost answer does not look for what it deleted itself.
        table.transact(table.Write(table.invitation_key(org_id, invitation_id), where=[("pk", "exists", None)], delete=True))
    except table.ConditionFailed:
        return False
    return True


def open_to(invited: Link, user: User) -> bool:
    """Whether `accept` would make the person a member, or they are one. Writes nothing; raises as it does."""
    found = get(invited.org_id, invited.invitation_id)
    if found is None or found.digest != _digest(invited.secret):
        return memberships.get(user.user_id, invited.org_id) is not None
    if user.email != found.email or not user.email_verified:
        raise NotInvited
    return True


def accept(invited: Link, user: User) -> bool:
    """Use the invitation up and make the person a member with its roles, in one transaction. Of parallel uses one succeeds.

    Returns whether the person is a member now: also one who was before, or to whom another use of theirs gave it.

    Raises:
        NotInvited: as it says; the invitation stays.
    """
    found = get(invited.org_id, invited.invitation_id)
    if found and found.digest == _digest(invited.secret):
        if user.email != found.email or not user.email_verified:
            raise NotInvited
        _use(found, user)
    return memberships.get(user.user_id, invited.org_id) is not None


def _use(invitation: Invitation, user: User) -> None:
    """Nothing happens if it was used or withdrawn meanwhile, or organization or person are gone."""
    where = [("digest", "=", invitation.digest), ("expires_at", ">", clock.now())]
    use = table.Write(table.invitation_key(invitation.org_id, invitation.invitation_id), where=where, delete=True)
    try:
        if memberships.get(user.user_id, invitation.org_id) is None:
            table.transact(use, *memberships.joining(invitation.org_id, user.user_id, invitation.roles))
        else:
            memberships.change(
                user.user_id,
                invitation.org_id,
                lambda before: {"roles": list(dict.fromkeys([*before.roles, *invitation.roles]))[:MOST_OF_A_USER]},
                using=use,
            )
    except (table.ConditionFailed, versions.Refused, versions.Unknown):
        return


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
