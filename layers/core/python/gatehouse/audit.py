"""What was done to people and by whom: entries of a table of their own, written with the deed or after it, never changed, never deleted."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatehouse import clock, table


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


def write(action: str, subject: str, deed: Deed) -> table.Write:
    """The write of an entry, for the transaction that does what it tells of.

    subject: the id of whoever it was done to. An id is a random number, and stays: without it nobody could ask what became of a person.
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
    }
    key = table.audit_key(clock.iso(at_ms // 1000)[:10], at_ms, secrets.token_hex(8))
    return table.Write(key, where=[("pk", "absent", None)], put=entry, audit=True)


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
