"""Who signed in when, from where and to what, or failed to: each is kept for a while, and the last sign-in in the person's record."""

import secrets
from collections.abc import Iterator

from gatehouse import clock, table, users
from gatehouse.dataclasses import dataclass
from gatehouse.settings import settings

# What is shown of one person. Older sign-ins are kept and not shown.
MOST_SHOWN = 1000
LONGEST_USER_AGENT = 120
# Why an attempt failed.
UNKNOWN, NO_PASSWORD, WRONG_PASSWORD, BLOCKED, REFUSED = "unknown", "no_password", "wrong_password", "blocked", "refused_by_hook"
# Attempts for names that nobody has are told of and belong to nobody.
_KEPT_FOR_NOBODY_SECONDS = 86400
_LAST = 10**13 - 1


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in with a password, or an attempt. at_ms: milliseconds since the epoch. client_id: empty for our own account page.

    reason: why it failed, empty if it did not.
    """

    login_id: str
    at_ms: int
    ip: str
    user_agent: str
    client_id: str
    reason: str = ""


def signed_in(user_id: str, *, source_ip: str, user_agent: str, client_id: str, invocation_id: str) -> None:
    """Note a sign-in: 1 WRU per KB of the record, and 1 WRU. Nothing happens if the user is gone.

    Whoever deletes the user meanwhile may miss the second of these writes; what it leaves is swept.
    """
    if not users.signed_in(user_id, source_ip=source_ip, invocation_id=invocation_id):
        return
    at_ms = clock.milliseconds()
    login = {"at_ms": at_ms, "ip": source_ip, "user_agent": user_agent[:LONGEST_USER_AGENT], "client_id": client_id}
    table.put(table.login_key(user_id, at_ms, secrets.token_hex(8)), login | {"ttl": _kept_until(at_ms)})


def failed(user_id: str, reason: str, *, source_ip: str, user_agent: str, client_id: str) -> None:
    """Note an attempt that failed: 1 WRU, whether there is such a person or not, so that time does not tell.

    user_id: empty where nobody is known by what was typed. That may be anything, a password too, so that nothing of it is kept.
    """
    at_ms, random = clock.milliseconds(), secrets.token_hex(8)
    key = table.login_key(user_id, at_ms, random) if user_id else table.nobodys_login_key(at_ms, random)
    attempt = {"at_ms": at_ms, "ip": source_ip, "user_agent": user_agent[:LONGEST_USER_AGENT], "client_id": client_id}
    attempt |= {"outcome": "failed", "reason": reason, "ttl": _kept_until(at_ms) if user_id else at_ms // 1000 + _KEPT_FOR_NOBODY_SECONDS}
    table.put(key, attempt)


def _kept_until(at_ms: int) -> int:
    return at_ms // 1000 + settings().login_history_days * 86400


def of_user(user_id: str, *, limit: int, newest_first: bool = True) -> Iterator[Login]:
    """At most `limit` sign-ins and attempts that are not older than they are kept, the newest of them first. 0.5 RRU per 4 KB."""
    low, high = _kept(user_id)
    items, _ = table.page(table.user_partition(user_id), limit=limit, low=low, high=high, newest_first=newest_first)
    for item in items:
        _, _, login_id = item["sk"].partition("#")
        facts = {name: item[name] for name in ("at_ms", "ip", "user_agent", "client_id", "reason") if name in item}
        yield Login(login_id.replace("#", "_"), **facts)


def total(user_id: str) -> int:
    """How many of them are shown. 0.5 RRU per 4 KB."""
    low, high = _kept(user_id)
    return min(table.count(table.user_partition(user_id), low=low, high=high), MOST_SHOWN)


def _kept(user_id: str) -> tuple[str, str]:
    """The first and the last sort key: DynamoDB deletes late, so that the age decides."""
    oldest = clock.milliseconds() - settings().login_history_days * 86_400_000
    return table.login_key(user_id, oldest, "")["sk"], table.login_key(user_id, _LAST, "~")["sk"]
