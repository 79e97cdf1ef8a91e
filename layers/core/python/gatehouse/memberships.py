"""Who belongs to which organization, and what they are and keep there: apart from their own record, and from every other organization.

Two items that are written and deleted together: the membership beside its user, with roles and metadata, and the member beside its
organization, which says no more than that there is one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

from gatehouse import clock, metadata, sessions, table, versions
from gatehouse.dataclasses import dataclass, field, of_known
from gatehouse.roles import MOST_OF_A_USER
from gatehouse.users import User, there

NAMESPACE = "metadata"
# Deletions of two items each, of at most 100 in one transaction.
_MEMBERS_AT_ONCE = 40
_ORGANIZATION, _PERSON = 0, 1


class NoOrganization(Exception):
    """There is no such organization."""


class NoPerson(Exception):
    """There is no such user."""


class AlreadyMember(Exception):
    """The person is a member of the organization; their roles stay as they are."""


class TooManyRoles(Exception):
    """A member would have more than roles.MOST_OF_A_USER."""


@dataclass(frozen=True, slots=True)
class Membership:
    """roles: role ids. metadata: what is kept about the person in this organization. Times in seconds since the epoch."""

    user_id: str
    org_id: str
    roles: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    joined_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)


def get(user_id: str, org_id: str) -> Membership | None:
    """The membership, strongly consistent: 1 RRU per 4 KB."""
    item = table.get(table.membership_key(user_id, org_id))
    return Membership.from_item(item) if item else None


def with_user(user_id: str, org_id: str) -> tuple[User | None, Membership | None]:
    """The user and their membership: one BatchGetItem, strongly consistent."""
    user, item = table.get_many(table.user_key(user_id), table.membership_key(user_id, org_id))
    return User.from_item(user) if user and there(user) else None, Membership.from_item(item) if item else None


def of_user(user_id: str) -> list[Membership]:
    """Every membership of the person. 1 RRU per 4 KB."""
    return [Membership.from_item(item) for item in table.query(table.user_partition(user_id), table.membership_key("", "")["sk"])]


def of_people(org_id: str, user_ids: Sequence[str]) -> Iterator[tuple[User, Membership]]:
    """Those of these people (at most 100) who are members, each with their membership, in this order: two reads."""
    if not user_ids:
        return
    people = table.get_many(*map(table.user_key, user_ids))
    items = table.get_many(*(table.membership_key(user_id, org_id) for user_id in user_ids))
    for user, item in zip(people, items, strict=True):
        if user and item and there(user):
            yield User.from_item(user), Membership.from_item(item)


def join(org_id: str, user_id: str) -> None:
    """Make a person a member. Of two racing callers exactly one succeeds.

    Raises:
        NoOrganization, NoPerson, AlreadyMember: as they say; nothing was changed.
    """
    try:
        table.transact(*joining(org_id, user_id))
    except table.ConditionFailed as refused:
        raise {_ORGANIZATION: NoOrganization, _PERSON: NoPerson}.get(refused.at, AlreadyMember)() from refused


def joining(org_id: str, user_id: str, roles: Sequence[str] = ()) -> list[table.Write]:
    """The writes that make a person a member with these roles, for the transaction of what it comes with.

    They are refused if organization or person are gone, or the person is a member.
    """
    now, exists, absent = clock.now(), [("pk", "exists", None)], [("pk", "absent", None)]
    item = {"user_id": user_id, "org_id": org_id, "roles": list(roles), "metadata": {}, "version": 1, "joined_at": now, "updated_at": now}
    listed = table.listed(table.members_list(org_id), user_id, now)
    return [
        table.Write(table.organization_key(org_id), where=exists, check=True),
        table.Write(table.user_key(user_id), where=[*exists, ("deleting", "absent", None)], check=True),
        table.Write(table.membership_key(user_id, org_id), where=absent, put=item),
        table.Write(table.member_key(org_id, user_id), where=absent, put={"user_id": user_id, "joined_at": now} | listed),
    ]


def leaving(org_id: str, user_id: str) -> list[table.Write]:
    """The writes that end a membership, if there is one, with everything that is kept in it."""
    return [table.Write(key, delete=True) for key in (table.membership_key(user_id, org_id), table.member_key(org_id, user_id))]


def leave(org_id: str, user_id: str) -> None:
    """End a membership, and the sessions that began in the organization's name; nothing happens if there is none.

    The membership goes first: whatever begins or refreshes a session asks for it in that instant.
    """
    table.transact(*leaving(org_id, user_id))
    sessions.revoke_of_organization(user_id, org_id, "membership_ended")


def end_all(org_id: str) -> None:
    """End every membership of an organization that nobody can join any more. Its sessions end as they are next used."""
    members = [item["user_id"] for item in table.query(table.organization_partition(org_id), table.member_key("", "")["sk"])]
    for first in range(0, len(members), _MEMBERS_AT_ONCE):
        table.transact(*(write for user_id in members[first : first + _MEMBERS_AT_ONCE] for write in leaving(org_id, user_id)))


def standing(user_id: str, org_id: str, since: int) -> table.Write:
    """The check that the person has been a member from `since` (seconds since the epoch) until now, to go with a write that needs it."""
    return table.Write(table.membership_key(user_id, org_id), where=[("joined_at", "<=", since)], check=True)


def change(
    user_id: str,
    org_id: str,
    edit: Callable[[Membership], Mapping[str, Any]],
    *,
    if_version: int | None = None,
    using: table.Write | None = None,
) -> Membership:
    """Change roles or metadata of a membership and return it as it then is. 1 read, 1 write.

    edit: the members that are to be others, with their values; may be called again if the membership was changed meanwhile.
    if_version: the only version that may be changed. using: what is used up in the same instant.

    Raises:
        versions.Unknown, versions.Stale, versions.Refused: as they say. metadata.Unacceptable, TooManyRoles: it would not be kept.
        Unavailable: too many changes at once.
    """

    def changes(item: table.Item) -> versions.Edit:
        before = Membership.from_item(item)
        wanted = edit(before)
        values = {name: value for name, value in wanted.items() if value != getattr(before, name)}
        if NAMESPACE in values:
            metadata.check(NAMESPACE, values[NAMESPACE])
        if len(values.get("roles", ())) > max(MOST_OF_A_USER, len(before.roles)):
            raise TooManyRoles
        return values, [using] if using else []

    return Membership.from_item(versions.change(table.membership_key(user_id, org_id), changes, if_version=if_version))
