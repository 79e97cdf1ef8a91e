"""Roles: named sets of permissions, for the whole tenant; who holds them is written with the user, or with the membership."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from gatehouse import clock, table, versions
from gatehouse.clients import new_identifier
from gatehouse.dataclasses import dataclass, field, of_known, replace
from gatehouse.errors import Unavailable
from gatehouse.remembered import Remembered

MOST_OF_A_USER = 50
MOST_PERMISSIONS = 1000
LONGEST_NAME = 100
_LIST = "ROLES"
_ATTEMPTS = 20


class Taken(Exception):
    """Another role has this name."""


class TooMany(Exception):
    """A role would give more than MOST_PERMISSIONS."""


@dataclass(frozen=True, slots=True)
class Role:
    """permissions: by API id, the names. Times in seconds since the epoch."""

    role_id: str
    name: str
    description: str = ""
    permissions: dict[str, list[str]] = field(default_factory=dict)
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)


# A role that lost a permission gives it to no new token after remembered.CACHE_SECONDS.
_remembered: Remembered[Role] = Remembered("roles")


def known(role_ids: Iterable[str]) -> list[Role]:
    """The roles of these ids as they were at most remembered.CACHE_SECONDS ago, but for those that are gone. 0.5 RRU for each not known.

    Raises:
        Unavailable: the table cannot be read, and nothing newer than ten minutes is known of one.
    """
    return _remembered.many(role_ids, lambda missing: _read(missing, consistent=False))


def forget() -> None:
    """Read every role anew."""
    _remembered.forget()


def get(role_id: str) -> Role | None:
    """A role as it is now: 1 RRU per 4 KB."""
    item = table.get(table.role_key(role_id))
    return Role.from_item(item) if item else None


def existing(role_ids: Iterable[str]) -> list[Role]:
    """The roles of these ids as they are now; those that are gone are left out. 1 RRU per 4 KB of each."""
    return [role for role in _read(list(dict.fromkeys(role_ids)), consistent=True).values() if role]


def _read(role_ids: list[str], *, consistent: bool) -> dict[str, Role | None]:
    found: dict[str, Role | None] = {}
    for first in range(0, len(role_ids), 100):
        part = role_ids[first : first + 100]
        items = table.get_many(*map(table.role_key, part), consistent=consistent)
        found |= {role_id: Role.from_item(item) if item else None for role_id, item in zip(part, items, strict=True)}
    return found


def listed() -> list[Role]:
    """Every role, in the order in which they were made; a new one within a second. 1 RRU per 4 KB of each."""
    ids, low, more = [], "", True
    while more:
        keys, more = table.page(_LIST, limit=100, low=low, listing=True)
        ids += [key["pk"].partition("#")[2] for key in keys]
        low = f"{keys[-1]['list_sk']}\x00" if keys else ""
    return existing(ids)


def names(values: Iterable[Any]) -> list[str]:
    """The names of roles, in order."""
    return sorted(role.name for role in values)


def create(name: str, description: str = "") -> Role:
    """A new role that gives nothing yet. Of two racing callers with one name exactly one succeeds.

    Raises:
        Taken: another role has this name, or one that only its letters' case or width tells from it.
    """
    now = clock.now()
    made = Role(f"rol_{new_identifier(16)}", name, description, created_at=now, updated_at=now)
    item = {name: getattr(made, name) for name in made.__dataclass_fields__} | table.listed(_LIST, made.role_id, now)
    try:
        table.transact(table.Write(table.role_key(made.role_id), where=[("pk", "absent", None)], put=item), _claim(name, made.role_id))
    except table.ConditionFailed as taken:
        raise Taken from taken
    return made


def change(role_id: str, edit: Callable[[Role], Role], *, if_version: int | None = None) -> Role:
    """Apply `edit` to name, description and permissions of a role and return it as it then is. 1 read, 1 write; a new name: a transaction.

    edit: may be called again if the role was changed meanwhile. if_version: the only version that may be changed.

    Raises:
        versions.Unknown, versions.Stale: as they say. Taken: another role has the new name. TooMany: as it says.
        Unavailable: too many changes at once.
    """

    def changes(item: table.Item) -> versions.Edit:
        before = Role.from_item(item)
        after = edit(before)
        if sum(map(len, after.permissions.values())) > max(MOST_PERMISSIONS, sum(map(len, before.permissions.values()))):
            raise TooMany
        values = {name: getattr(after, name) for name in ("name", "description", "permissions")}
        renamed = _canonical(after.name) != _canonical(before.name)
        writes = [_claim(after.name, role_id), _release(before.name, role_id)] if renamed else []
        return {name: value for name, value in values.items() if value != getattr(before, name)}, writes

    try:
        return Role.from_item(versions.change(table.role_key(role_id), changes, if_version=if_version))
    except versions.Refused as refused:
        raise Taken from refused


def with_permissions(role: Role, given: Mapping[str, Iterable[str]]) -> Role:
    """The role with these permissions besides its own. given: by API id, the names."""
    return replace(role, permissions=joined(role.permissions, given))


def without_permissions(role: Role, taken: Mapping[str, Iterable[str]]) -> Role:
    """The role without these permissions. taken: by API id, the names."""
    return replace(role, permissions=parted(role.permissions, taken))


def joined(own: Mapping[str, Iterable[str]], given: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Both sets of permissions as one, each sorted."""
    return {api: sorted({*own.get(api, ()), *given.get(api, ())}) for api in sorted({*own, *given})}


def parted(own: Mapping[str, Iterable[str]], taken: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The first set of permissions without the second, each sorted; an API of which nothing is left goes too."""
    left = {api: sorted(set(names) - set(taken.get(api, ()))) for api, names in own.items()}
    return {api: names for api, names in left.items() if names}


def remove(role_id: str) -> bool:
    """Delete a role, its name, then who holds it; False if there is none. A user keeps the id, which means nothing, until the next change.

    Interrupted, it may be asked for again: the sweep is done also for a role that is gone.
    """
    existed = any(_removed(role) for role in _as_it_changes(role_id))
    # Nobody can be added any more: that takes the role, in the same instant.
    for holder in table.query(table.role_key(role_id)["pk"], table.holder_key(role_id, "")["sk"]):
        table.delete({"pk": holder["pk"], "sk": holder["sk"]})
    return existed


def _as_it_changes(role_id: str) -> Iterator[Role]:
    """The role read anew each time, until it is gone.

    Raises:
        Unavailable: too many changes at once.
    """
    for _ in range(_ATTEMPTS):
        role = get(role_id)
        if role is None:
            return
        yield role
    raise Unavailable(detail="a role is being changed too often")


def _removed(role: Role) -> bool:
    item = table.Write(table.role_key(role.role_id), where=[("name", "=", role.name)], delete=True)
    try:
        table.transact(item, _release(role.name, role.role_id))
    except table.ConditionFailed:
        return False
    return True


def _canonical(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _claim(name: str, role_id: str) -> table.Write:
    return table.Write(table.role_name_key(_canonical(name)), where=[("pk", "absent", None)], put={"role_id": role_id})


def _release(name: str, role_id: str) -> table.Write:
    return table.Write(table.role_name_key(_canonical(name)), where=[("role_id", "=", role_id)], delete=True)
