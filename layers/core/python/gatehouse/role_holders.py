"""Who holds which role, and what people were given themselves: in the user's record, and for each role the list of its holders."""

from collections.abc import Iterable, Mapping, Sequence

from gatehouse import clock, roles, table, user_changes
from gatehouse.dataclasses import replace
from gatehouse.roles import Role
from gatehouse.user_changes import Edited
from gatehouse.users import User, there

# Behind every user id, which is ASCII.
_LAST = "\x7f"
MOST_PERMISSIONS = 200
# A transaction has 100 writes: the record, and two for each role.
_AT_ONCE = 45


class UnknownRole(Exception):
    """One of the roles does not exist."""


class TooMany(Exception):
    """More roles than roles.MOST_OF_A_USER, or more permissions of their own than MOST_PERMISSIONS."""


def assign(user_id: str, role_ids: Sequence[str]) -> User:
    """Give a user these roles beside those they have; nothing happens where they have them. 1 RRU a role, then a transaction.

    Of more than 45 new ones the first may be given when the rest is not; asking again gives the rest.

    Raises:
        UnknownRole, TooMany, user_changes.Unknown, Unavailable: as they say.
    """
    wanted = list(dict.fromkeys(role_ids))
    if len(roles.existing(wanted)) < len(wanted):
        raise UnknownRole
    if len(wanted) > roles.MOST_OF_A_USER:
        raise TooMany
    for first in range(0, len(wanted) or 1, _AT_ONCE):
        user = _assigned(user_id, wanted[first : first + _AT_ONCE])
    return user


def _assigned(user_id: str, role_ids: Sequence[str]) -> User:
    def edit(user: User) -> Edited:
        new = [role_id for role_id in role_ids if role_id not in user.roles]
        if not new:
            return Edited(user)
        held = [*_still_there(user), *new]
        if len(held) > roles.MOST_OF_A_USER:
            raise TooMany
        now = clock.now()
        # A role that is removed in this instant takes no holder any more, or else the sweep would miss one.
        there = [table.Write(table.role_key(role_id), where=[("pk", "exists", None)], check=True) for role_id in new]
        written = [table.Write(table.holder_key(role_id, user_id), put={"user_id": user_id, "assigned_at": now}) for role_id in new]
        return Edited(replace(user, roles=held), there + written)

    try:
        return user_changes.change(user_id, edit)
    except user_changes.Refused as refused:
        raise UnknownRole from refused


def unassign(user_id: str, role_ids: Sequence[str]) -> User:
    """Take these roles from a user; nothing happens where they have them not.

    Raises:
        user_changes.Unknown, Unavailable: as they say.
    """

    def edit(user: User) -> Edited:
        taken = [role_id for role_id in user.roles if role_id in role_ids]
        if not taken:
            return Edited(user)
        held = [role_id for role_id in _still_there(user) if role_id not in taken]
        return Edited(replace(user, roles=held), [table.Write(table.holder_key(role_id, user_id), delete=True) for role_id in taken])

    return user_changes.change(user_id, edit)


def _still_there(user: User) -> list[str]:
    """The user's roles without those that were removed."""
    there = {role.role_id for role in roles.existing(user.roles)}
    return [role_id for role_id in user.roles if role_id in there]


def give_permissions(user_id: str, given: Mapping[str, Iterable[str]]) -> User:
    """Give a user permissions of their own. given: by API id, the names.

    Raises:
        TooMany, user_changes.Unknown, Unavailable: as they say.
    """

    def edit(user: User) -> Edited:
        held = roles.joined(user.permissions, given)
        if sum(map(len, held.values())) > max(MOST_PERMISSIONS, sum(map(len, user.permissions.values()))):
            raise TooMany
        return Edited(replace(user, permissions=held))

    return user_changes.change(user_id, edit)


def take_permissions(user_id: str, taken: Mapping[str, Iterable[str]]) -> User:
    """Take from a user permissions of their own; what a role gives them stays. taken: by API id, the names.

    Raises:
        user_changes.Unknown, Unavailable: as they say.
    """
    return user_changes.change(user_id, lambda user: Edited(replace(user, permissions=roles.parted(user.permissions, taken))))


def behind(role_id: str, after: str, limit: int) -> tuple[list[str], bool]:
    """The ids of at most `limit` holders in their order, behind the user `after`, and whether there are more: 0.5 RRU per 4 KB."""
    first, last = (table.holder_key(role_id, end)["sk"] for end in (after, _LAST))
    # The bound is among what it bounds.
    items, more = table.page(table.role_key(role_id)["pk"], limit=limit + 1, low=first, high=last)
    found = [item["user_id"] for item in items if item["user_id"] != after]
    return found[:limit], more or len(found) > limit


def total(role_id: str) -> int:
    """How many hold the role: 0.5 RRU per 4 KB of them."""
    first, last = (table.holder_key(role_id, end)["sk"] for end in ("", _LAST))
    return table.count(table.role_key(role_id)["pk"], low=first, high=last)


def people(user_ids: Sequence[str]) -> list[User]:
    """The users of at most 100 ids; those that are gone are left out. 1 RRU per 4 KB of each."""
    found = table.get_many(*map(table.user_key, user_ids)) if user_ids else []
    return [User.from_item(item) for item in found if item and there(item)]


def holds(user_id: str, role_id: str) -> bool:
    """Whether the user has this role, for the whole tenant or in any organization: 1 RRU, and 1 per 4 KB of memberships."""
    item = table.get(table.user_key(user_id))
    memberships = table.query(table.user_partition(user_id), table.membership_key(user_id, "")["sk"])
    return any(role_id in found.get("roles", []) for found in (item or {}, *memberships))


def gives(values: Iterable[Role], api_id: str) -> set[str]:
    """What these roles give together at an API."""
    return {name for role in values for name in role.permissions.get(api_id, ())}
