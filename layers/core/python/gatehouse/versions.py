"""Changing an item that has a version: read, edit, and write if nobody wrote meanwhile, else edit again what is there now."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gatehouse import clock, table
from gatehouse.errors import Unavailable

# What is to be set, and what is written in the same instant.
Edit = tuple[Mapping[str, Any], Sequence[table.Write]]
# Each round somebody's change goes through, so that as many changes of others as this are outlived, below two seconds. Nobody pauses in
# between: whoever lost holds what is there now, and with every moment it grows older than what a newcomer reads.
ATTEMPTS = 100
# Whose changes came last stands in the item: whoever lost an answer finds their own, also when others have followed meanwhile.
_REMEMBERED = 5


class Unknown(Exception):
    """There is no such item."""


class Stale(Exception):
    """The item is not in the version that the change was made for."""


class Refused(Exception):
    """One of the writes that go with the change did not find what it asks for. at: which, from 0."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def change(key: table.Key, edit: Callable[[table.Item], Edit], *, if_version: int | None = None) -> table.Item:
    """Apply `edit` to the item and return it as it then is; its version goes up by one. 1 read, 1 write or with others a transaction.

    edit: may be called again if the item was changed meanwhile; what it raises goes through, and nothing happens if it wants nothing.
    if_version: the only version that may be changed.

    Raises:
        Unknown, Stale, Refused: as they say; nothing was changed. Unavailable: too many changes at once.
    """
    item, ours = table.get(key), ""
    for _ in range(ATTEMPTS):
        if item is None:
            raise Unknown
        if made(item, ours):
            return item
        if if_version not in (None, item["version"]):
            raise Stale
        changes, writes = edit(item)
        if not changes and not writes:
            return item
        ours = secrets.token_hex(8)
        try:
            return _written(key, item, {**changes, **signed(item, ours)}, writes)
        except table.ConditionFailed as outrun:
            if outrun.at:
                raise Refused(outrun.at - 1) from outrun
            item = outrun.item
    raise Unavailable(detail="an item is being changed too often")


def signed(item: table.Item, ours: str) -> dict[str, Any]:
    """What goes into the item with the change of this name."""
    return {"changed_by": [ours, *item.get("changed_by", [])][:_REMEMBERED]}


def made(item: table.Item, ours: str) -> bool:
    """Whether the change of this name is among the last of the item."""
    return bool(ours) and ours in item.get("changed_by", [])


def _written(key: table.Key, item: table.Item, changes: Mapping[str, Any], writes: Sequence[table.Write]) -> table.Item:
    where = [("version", "=", item["version"])]
    given = {**changes, "updated_at": clock.now()}
    if not writes:
        return table.update(key, where=where, set=given, add={"version": 1})
    table.transact(table.Write(key, where=where, set=given, add={"version": 1}), *writes)
    return {**item, **given, "version": item["version"] + 1}
