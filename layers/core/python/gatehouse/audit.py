"""What was done to people and by whom: entries of a table of their own, written with the deed, never changed and never deleted."""

import secrets
from dataclasses import dataclass

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
