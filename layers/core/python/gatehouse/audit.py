"""What was done to people and to what is configured, and by whom: entries of a table of their own.

They are written with the deed or after it, and never changed or deleted.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from gatehouse import clock, table
from gatehouse.dataclasses import dataclass, fields

# Of what is configured, members that every change changes.
_COUNTERS: Final = ("version", "created_at", "updated_at")
_SECRET: Final = "secret"


@dataclass(frozen=True, slots=True)
class Deed:
    """actor: a user id, or a client id with @clients. ip, request_id: from where, and of which request. reason: as the actor gave it.

    at: seconds since the epoch.
    """

    actor: str
    ip: str
    request_id: str
    reason: str = ""
    at: int = 0


def write(action: str, subject: str, deed: Deed, details: Mapping[str, Any] | None = None) -> table.Write:
    """The write of an entry, for the transaction that does what it tells of.

    subject: the id of whoever or whatever it was done to. An id is a random number, and stays: without it nobody could ask what became of a
    person. details: what else there is to say, nothing personal.
    """
    at_ms = clock.milliseconds()
    entry = {
        "action": action,
        "actor": deed.actor,
        "subject": subject,
        "at": clock.iso(deed.at or at_ms // 1000),
        "ip": deed.ip,
        "request_id": deed.request_id,
        "reason": deed.reason,
        **({"details": details} if details else {}),
    }
    key = table.audit_key(clock.iso(at_ms // 1000)[:10], at_ms, secrets.token_hex(8))
    return table.Write(key, where=[("pk", "absent", None)], put=entry, audit=True)


def of_configured(listed: str, deed: Deed | None) -> Callable[[Any, Any], list[table.Write]] | None:
    """What makes entries of two states of a configuration, for configuration.change; None without a deed.

    listed: the member of the configuration that has the things, each a dataclass with an id; what they are called, with an s. There is an
    entry for each that was created, changed or deleted: of a change the names of its members, no value. A new secret alone is
    `<thing>.secret_rotated`.
    """
    if deed is None:
        return None
    return lambda before, after: _entries(listed.removesuffix("s"), getattr(before, listed), getattr(after, listed), deed)


def _entries(kind: str, before: Iterable[Any], after: Iterable[Any], deed: Deed) -> list[table.Write]:
    old, new = {one.id: one for one in before}, {one.id: one for one in after}
    entries = [write(f"{kind}.deleted", gone, deed) for gone in old if gone not in new]
    entries += [write(f"{kind}.created", made, deed) for made in new if made not in old]
    for known in new.keys() & old.keys():
        changed = differing(old[known], new[known])
        if changed == [_SECRET]:
            entries.append(write(f"{kind}.secret_rotated", known, deed))
        elif changed:
            entries.append(write(f"{kind}.changed", known, deed, {"changed": changed}))
    return entries


def differing(before: Any, after: Any) -> list[str]:
    """Which members of two dataclasses of one kind are not the same, beside what counts their changes."""
    names = [field.name for field in fields(after) if field.name not in _COUNTERS]
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def note(action: str, subject: str, event_id: str, at: int, details: Mapping[str, Any]) -> None:
    """Write an entry of what the table's stream tells, once, however often it is told: 1 WRU. Who did it the stream does not know.

    event_id: in the entry's key. at: when it happened, seconds since the epoch. details: what else there is to say, nothing personal.

    Raises:
        Unavailable: it is not known to be written.
    """
    unknown = {"actor": "", "ip": "", "request_id": "", "reason": ""}
    entry = {"action": action, "subject": subject, "at": clock.iso(at), **unknown, "event_id": event_id, "details": details}
    try:
        table.put_new(table.audit_key(clock.iso(at)[:10], at * 1000, event_id), entry, audit=True)
    except table.AlreadyExists:
        return
