"""Links sent by mail: single use, for one purpose and one address, the newest kills the older (OWASP Forgot Password).

The link is sealed, the table holds a digest of the secret inside it. Operators get links to be sent in their own way: one that resets a
password has a purpose of its own, so that nobody kills it by asking for a mail, and proves the address only if the operator says so.
"""

import hashlib
import secrets

from gatehouse import clock, jose, keys, table
from gatehouse.dataclasses import dataclass

SIGN_UP = "signup"
RESET = "reset"
EMAIL = "email"
VERIFY = "verify"
OPERATOR_RESET = "change"
# How long each lives if nothing else is said.
SECONDS = {SIGN_UP: 3600, RESET: 1800, EMAIL: 3600, VERIFY: 86400, OPERATOR_RESET: 86400}
LONGEST_SECONDS = 30 * 86400
_OF_A_PERSON = (EMAIL, VERIFY, OPERATOR_RESET)
# A link that opens nothing, for answers that must take the same work whether or not there is something to open.
DECOY = "decoy"


@dataclass(frozen=True, slots=True)
class Ticket:
    """email: the address that is proven. user_id: whose password it resets, or whose address that becomes; empty for sign-up.

    sign_in_id: the sign-in to go on with, may be empty. proves_email: whoever opens the link has read mail to the address. result_url,
    client_id: where to go on, each may be empty.
    """

    purpose: str
    email: str
    digest: bytes
    user_id: str = ""
    sign_in_id: str = ""
    proves_email: bool = True
    result_url: str = ""
    client_id: str = ""


def issue(
    purpose: str, email: str, *, user_id: str = "", sign_in_id: str = "", decoy: bool = False, seconds: int = 0, **more: str | bool
) -> str:
    """Store a ticket for a canonical address and return the value for the link. 1 WRU.

    decoy: do the same work for a value that will never open anything. seconds: how long it lives, by default as usual for its purpose.
    more: further fields of Ticket.
    """
    secret = secrets.token_urlsafe(24)
    expires_at = clock.now() + (seconds or SECONDS[purpose])
    item = {"digest": _digest(secret), "user_id": user_id, "sign_in_id": sign_in_id, "expires_at": expires_at, "ttl": expires_at, **more}
    holder = _holder(purpose, email, user_id)
    table.put(table.ticket_key(DECOY if decoy else purpose, holder), item | {"email": email})
    return keys.seal(f"ticket-{purpose}", [holder, secret])


def find(purpose: str, value: str) -> Ticket | None:
    """The ticket behind a link, or None if there is none (any more). Uses nothing up."""
    try:
        holder, secret = keys.unseal(f"ticket-{purpose}", value)
    except jose.Forged:
        return None
    item = table.get(table.ticket_key(purpose, holder))
    if item is None or item["digest"] != _digest(secret) or item["expires_at"] <= clock.now():
        return None
    # One that was stored before items held the address was stored under it.
    more = {name: item[name] for name in ("proves_email", "result_url", "client_id") if name in item}
    return Ticket(purpose, item.get("email", holder), item["digest"], item["user_id"], item["sign_in_id"], **more)


def use(ticket: Ticket) -> table.Write:
    """The write that uses the ticket up, for the transaction that does what it is for: of two parallel uses one succeeds."""
    where = [("digest", "=", ticket.digest), ("expires_at", ">", clock.now())]
    holder = _holder(ticket.purpose, ticket.email, ticket.user_id)
    return table.Write(table.ticket_key(ticket.purpose, holder), where=where, delete=True)


def forget(user_id: str, email: str = "") -> None:
    """Take back every ticket of a person, and of their address where that is given."""
    for purpose in SECONDS:
        if holder := _holder(purpose, email, user_id):
            table.delete(table.ticket_key(purpose, holder))


def _holder(purpose: str, email: str, user_id: str) -> str:
    """For whom only the newest counts: the mailbox, or, where several people may want one, the person."""
    return user_id if purpose in _OF_A_PERSON else email


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
