"""Changing a user's record: read, edit, and write on the condition that nobody changed it meanwhile, else edit again what is there now.

So of parallel changes none is lost, and whatever holds for the whole record (caps, schemas, identifiers) is judged on what is written.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from gatehouse import clock, table, versions
from gatehouse.dataclasses import dataclass, replace
from gatehouse.errors import Unavailable
from gatehouse.users import IDENTIFIERS, Taken, User, there

# Not a person's data, or changed in ways of its own.
_LEFT_ALONE = {
    "user_id",
    "epoch",
    "epoch_at",
    "signed_out_at",
    "version",
    "created_at",
    "updated_at",
    "last_login",
    "last_ip",
    "logins_count",
}


class Unknown(Exception):
    """There is no such user."""


class Stale(Exception):
    """The record is not in the version that the change was made for."""


class Refused(Exception):
    """One of the writes that go with the change did not find what it asks for. at: which, from 0."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


@dataclass(frozen=True, slots=True)
class Edited:
    """user: as it is to be. writes: what else is written in the same instant. sign_out: end everything the person was signed in to."""

    user: User
    writes: Sequence[table.Write] = ()
    sign_out: bool = False


def change(user_id: str, edit: Callable[[User], Edited], *, if_version: int | None = None) -> User:
    """Apply `edit` to the user's record and return it as it then is. 1 read, 1 write; with new identifiers or `writes` a transaction.

    edit: makes of the record what it is to be, and may be called again if the record was changed meanwhile. What it raises goes through.
    if_version: the only version that may be changed.

    Raises:
        Unknown, Stale, Refused: as they say; nothing was changed.
        Taken: a new identifier belongs to another user.
        Unavailable: too many changes at once.
    """
    item = table.get(table.user_key(user_id))
    ours = ""
    for _ in range(versions.ATTEMPTS):
        if item is None or not there(item):
            raise Unknown
        user = User.from_item(item)
        if versions.made(item, ours):
            return user
        if if_version not in (None, user.version):
            raise Stale
        edited = edit(user)
        changes = _differences(user, edited.user)
        if not changes and not edited.writes and not edited.sign_out:
            return user
        ours = secrets.token_hex(8)
        try:
            return _written(item, edited, changes, ours)
        except table.ConditionFailed as outrun:
            item = outrun.item
    raise Unavailable(detail="a record is being changed too often")


def _differences(before: User, after: User) -> dict[str, Any]:
    names = [name for name in User.__dataclass_fields__ if name not in _LEFT_ALONE]
    # As written out: True equals 1 in Python, and is another value in JSON.
    return {name: getattr(after, name) for name in names if repr(getattr(after, name)) != repr(getattr(before, name))}


def _written(item: table.Item, edited: Edited, changes: dict[str, Any], ours: str) -> User:
    """Write the change, and return the record as it then is.

    Raises:
        ConditionFailed: the record is not as it was read; with what it is.
    """
    user, now = User.from_item(item), clock.now()
    end = {"epoch_at": now} if edited.sign_out else {}
    key = table.user_key(user.user_id)
    unchanged: list[tuple[str, str, Any]] = [("version", "=", user.version) if "version" in item else ("version", "absent", None)]
    # A deleted user has no version either.
    where = [("pk", "exists", None), *unchanged]
    told = {**changes, **end, "updated_at": now}
    given = told | versions.signed(item, ours)
    add = {"version": 1, **({"epoch": 1} if edited.sign_out else {})}
    remove = ["signed_out_at"] if edited.sign_out else []
    others = [*_identifier_writes(user, edited.user), *edited.writes]
    if not others:
        return User.from_item(table.update(key, where=where, set=given, add=add, remove=remove))
    try:
        table.transact(table.Write(key, where=where, set=given, add=add, remove=remove), *others)
    except table.ConditionFailed as refused:
        if refused.at:
            raise _explained(user, edited, refused.at - 1) from refused
        raise
    # Not read back: what is done must not end in an answer that it cannot be told whether it is. A sign-out since then is not in it.
    ended: dict[str, Any] = {"epoch": user.epoch + 1, "signed_out_at": 0} if edited.sign_out else {}
    return replace(user, **told, **ended, version=user.version + 1)


def _identifier_writes(before: User, after: User) -> list[table.Write]:
    """Claims of the new identifiers, then releases of the old ones."""
    changed = [(key, getattr(before, name), getattr(after, name)) for name, key in IDENTIFIERS.items()]
    changed = [(key, old, new) for key, old, new in changed if old != new]
    claims = [table.Write(key(new), where=[("pk", "absent", None)], put={"user_id": after.user_id}) for key, _, new in changed if new]
    mine = [("user_id", "=", after.user_id)]
    return claims + [table.Write(key(old), where=mine, delete=True) for key, old, _ in changed if old]


def _explained(user: User, edited: Edited, at: int) -> Exception:
    """What it means that this write, counted behind the record's own, was refused."""
    claimed = [name for name in IDENTIFIERS if (new := getattr(edited.user, name)) and new != getattr(user, name)]
    if at < len(claimed):
        return Taken(claimed[at])
    others = at - len(_identifier_writes(user, edited.user))
    return Refused(others) if others >= 0 else Unavailable(detail="an identifier is not its user's any more")
