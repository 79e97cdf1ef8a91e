"""Links sent by mail: single use, for one purpose and one address, the newest kills the older (OWASP Forgot Password).

The link is sealed, the table holds a digest of the secret inside it.
"""

import hashlib
import secrets
from dataclasses import dataclass

from gatehouse import clock, jose, keys, table

SIGN_UP = "signup"
RESET = "reset"
SECONDS = {SIGN_UP: 3600, RESET: 1800}
# A link that opens nothing, for answers that must take the same work whether or not there is something to open.
DECOY = "decoy"


@dataclass(frozen=True, slots=True)
class Ticket:
    """user_id: whose password it resets, empty for sign-up. sign_in_id: the sign-in to go on with, may be empty."""

    purpose: str
    email: str
    digest: bytes
    user_id: str = ""
    sign_in_id: str = ""


def issue(purpose: str, email: str, *, user_id: str = "", sign_in_id: str = "", decoy: bool = False) -> str:
    """Store a ticket for a canonical address and return the value for the link. 1 WRU.

    decoy: do the same work for a value that will never open anything.
    """
    secret = secrets.token_urlsafe(24)
    expires_at = clock.now() + SECONDS[purpose]
    item = {"digest": _digest(secret), "user_id": user_id, "sign_in_id": sign_in_id, "expires_at": expires_at, "ttl": expires_at}
    table.put(table.ticket_key(DECOY if decoy else purpose, email), item)
    return keys.seal(f"ticket-{purpose}", [email, secret])


def find(purpose: str, value: str) -> Ticket | None:
    """The ticket behind a link, or None if there is none (any more). Uses nothing up."""
    try:
        email, secret = keys.unseal(f"ticket-{purpose}", value)
    except jose.Forged:
        return None
    item = table.get(table.ticket_key(purpose, email))
    if item is None or item["digest"] != _digest(secret) or item["expires_at"] <= clock.now():
        return None
    return Ticket(purpose, email, item["digest"], item["user_id"], item["sign_in_id"])


def use(ticket: Ticket) -> table.Write:
    """The write that uses the ticket up, for the transaction that does what it is for: of two parallel uses one succeeds."""
    where = [("digest", "=", ticket.digest), ("expires_at", ">", clock.now())]
    return table.Write(table.ticket_key(ticket.purpose, ticket.email), where=where, delete=True)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
