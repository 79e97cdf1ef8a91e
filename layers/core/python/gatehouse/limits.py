"""Attempts are counted before they are made, so that parallel guesses cannot outrun the count (NIST SP 800-63B-4 3.2.2)."""

import hashlib
import ipaddress
import secrets

from gatehouse import clock, table
from gatehouse.dataclasses import dataclass

# What NIST allows one account in consecutive failures; after that only proof of the mail address opens it again.
LONGEST_STREAK = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `attempts` within `window_seconds`; `streak` bounds the attempts over all windows until `clear`."""

    kind: str
    attempts: int
    window_seconds: int
    streak: int = 2**31


PASSWORD = Limit("PASSWORD", 10, 900, LONGEST_STREAK)
# A browser that has signed in to the account before counts apart, so that strangers cannot lock its owner out.
PASSWORD_ON_KNOWN_DEVICE = Limit("DEVICE", 10, 900, LONGEST_STREAK)
ADDRESS_SIGN_IN = Limit("IPLOGIN", 50, 900)
# For each purpose apart, and over when the last link is: whoever uses up the mails of a stranger leaves them a link that works.
MAIL = Limit("MAIL", 5, 1800)
ADDRESS_MAIL = Limit("IPMAIL", 20, 3600)
# Codes that devices show, so long that nobody finds one within these tries (RFC 8628 5.1).
DEVICE_CODE = Limit("IPCODE", 20, 900)


class Exhausted(Exception):
    """No attempt is left. retry_after_seconds: until the window ends."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("no attempt left")
        self.retry_after_seconds = retry_after_seconds


def count(limit: Limit, subject: str) -> None:
    """Count an attempt of `subject` before it is made, once even if the table's answer was lost. 1 WRU, 2 when a window begins.

    Raises:
        Exhausted: the attempt may not be made.
        Unavailable: it could not be counted, so it may not be made either.
    """
    key, now, attempt = _key(limit, subject), clock.now(), secrets.token_hex(8)
    where = [("attempts", "<", limit.attempts), ("ends_at", ">", now), ("streak", "<", limit.streak), ("changed_by", "<>", attempt)]
    try:
        table.update(key, where=where, set={"changed_by": attempt}, add={"attempts": 1, "streak": 1})
        return
    except table.ConditionFailed as refused:
        item = refused.item
    if item and item["changed_by"] == attempt:
        return
    if item and item["ends_at"] > now:
        raise Exhausted(item["ends_at"] - now)
    if item and item["streak"] >= limit.streak:
        raise Exhausted(limit.window_seconds)
    _begin_window(limit, subject, item)


def _begin_window(limit: Limit, subject: str, ended: table.Item | None) -> None:
    key, now = _key(limit, subject), clock.now()
    where = [("ends_at", "=", ended["ends_at"])] if ended else [("pk", "absent", None)]
    streak = ended["streak"] + 1 if ended else 1
    attempt = secrets.token_hex(8)
    changes = {"attempts": 1, "streak": streak, "ends_at": now + limit.window_seconds, "changed_by": attempt, "ttl": _swept_at(limit, now)}
    try:
        table.update(key, where=where, set=changes)
    except table.ConditionFailed as raced:
        if raced.item and raced.item["changed_by"] == attempt:
            return
        # Another attempt began the window first: count in that one. If it is full by now, this attempt is too many.
        if raced.item and raced.item["ends_at"] > now and raced.item["attempts"] >= limit.attempts:
            raise Exhausted(raced.item["ends_at"] - now) from raced
        count(limit, subject)


def exhausted(limit: Limit, subject: str) -> bool:
    """Whether the next attempt of `subject` would be one too many. 1 RRU."""
    item = table.get(_key(limit, subject))
    if item is None:
        return False
    return bool(item["streak"] >= limit.streak or (item["attempts"] >= limit.attempts and item["ends_at"] > clock.now()))


def clear(limit: Limit, subject: str) -> None:
    """Forget what was counted: the attempt was a success."""
    table.delete(_key(limit, subject))


def clear_write(limit: Limit, subject: str) -> table.Write:
    """The write that does so, for a transaction."""
    return table.Write(_key(limit, subject), delete=True)


def give_back(limit: Limit, subject: str) -> None:
    """Uncount one attempt that turned out not to be a guess."""
    success = secrets.token_hex(8)
    where = [("attempts", ">", 0), ("changed_by", "<>", success)]
    try:
        table.update(_key(limit, subject), where=where, set={"changed_by": success}, add={"attempts": -1, "streak": -1})
    except table.ConditionFailed:
        return


def network(source_ip: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber holds."""
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _swept_at(limit: Limit, now: int) -> int:
    # A streak must not be forgotten with its window; without one, the window is all there is to remember.
    return now + (30 * 86400 if limit.streak == LONGEST_STREAK else limit.window_seconds)


def _key(limit: Limit, subject: str) -> table.Key:
    return table.limit_key(limit.kind, hashlib.sha256(subject.encode()).hexdigest())
