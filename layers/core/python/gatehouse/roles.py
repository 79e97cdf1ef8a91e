"""Roles: named sets of permissions, for the whole tenant; who holds them is written with the user, or with the membership."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from gatehouse import clock, table

# A role that lost a permission gives it to no new token after this.
CACHE_SECONDS = 60
_CACHED_ROLES = 1000
MOST_OF_A_USER = 50


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
        return cls(**{name: item[name] for name in cls.__dataclass_fields__ if name in item})


_cache: dict[str, tuple[int, Role | None]] = {}


def known(role_ids: Iterable[str]) -> list[Role]:
    """The roles of these ids as they were at most CACHE_SECONDS ago; those that are gone are left out. 0.5 RRU for each not remembered."""
    wanted, now = list(dict.fromkeys(role_ids)), clock.now()
    missing = [role_id for role_id in wanted if not 0 <= now - _cache.get(role_id, (-CACHE_SECONDS, None))[0] < CACHE_SECONDS]
    if len(_cache) + len(missing) > _CACHED_ROLES:
        _cache.clear()
        missing = wanted
    for first in range(0, len(missing), 100):
        part = missing[first : first + 100]
        items = table.get_many(*(table.role_key(role_id) for role_id in part), consistent=False)
        _cache.update({role_id: (now, Role.from_item(item) if item else None) for role_id, item in zip(part, items, strict=True)})
    return [role for role_id in wanted if (role := _cache[role_id][1])]


def forget() -> None:
    """Read every role anew."""
    _cache.clear()


def get(role_id: str) -> Role | None:
    """A role as it is now: 1 RRU."""
    item = table.get(table.role_key(role_id))
    return Role.from_item(item) if item else None


def names(values: Iterable[Any]) -> list[str]:
    """The names of roles, in order."""
    return sorted(role.name for role in values)
