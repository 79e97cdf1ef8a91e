"""Sweeps what is over. TTL does so too, days late; and it cannot know that a global sign-out or a block has ended a session, or that a
deletion broke off.
"""

from collections.abc import Callable
from typing import Any

from gatehouse import clock, observe, table, usage, user_deletion
from gatehouse.codes import LONGEST_LIFE_SECONDS
from gatehouse.sessions import Session
from gatehouse.settings import LONGEST_SIGN_ON_GRACE_SECONDS
from gatehouse.sign_ons import SignOn
from gatehouse.users import User

PAGE = 200
# DynamoDB's stream keeps a change for so long. Until it was read, the sessions that it ended must be there to be told of.
STREAM_SECONDS = 86400
# What a request may write of a person who is deleted in that instant; nothing else would ever ask for it.
_LEFT_BEHIND = ("LOGIN#", "CONSENT#", "CUSTOM#")
# What is left of the invocation when the position is stored and the rest waits for the next run.
_RESERVE_MILLISECONDS = 5000


def sweep(request_id: str, *, milliseconds_left: Callable[[], int]) -> dict[str, Any]:
    """Delete dead sessions and sign-ons, and whatever else is over; finish deletions of people that broke off; go on where the last run
    stopped.

    Every deletion is conditional on the item being as it was seen, so that what came alive meanwhile stays. Whoever passes everybody by
    counts them too: the people who are active, when the last of them was seen.
    """
    position = table.get(table.sweep_key())
    start: table.Key | None = position["start"] if position else None
    active: int = position.get("active", 0) if position else 0
    swept = seen = resumed = 0
    while milliseconds_left() > _RESERVE_MILLISECONDS:
        items, start = table.scan(start, limit=PAGE)
        seen += len(items)
        swept += sum(_deleted(item, where) for item, where in _dead(items))
        active += sum(map(_is_active, items))
        resumed += sum(_resumed(item, milliseconds_left) for item in items if item["sk"] == "USER")
        if start is None:
            break
    if start:
        table.put(table.sweep_key(), {"start": start, "active": active})
    else:
        usage.note_active(active)
        table.delete(table.sweep_key())
    done = {"seen": seen, "swept": swept, "resumed": resumed, "finished": start is None}
    observe.note("swept", request_id=request_id, **done)
    return done


def _resumed(item: table.Item, milliseconds_left: Callable[[], int]) -> bool:
    return milliseconds_left() > user_deletion.SECONDS * 1000 + _RESERVE_MILLISECONDS and user_deletion.resume(item)


def _is_active(item: table.Item) -> bool:
    last_login: int = item.get("last_login", 0) if item["sk"] == "USER" else 0
    return last_login > clock.now() - usage.ACTIVE_SECONDS


def _dead(items: list[table.Item]) -> list[tuple[table.Item, table.Where]]:
    """The items that are over, each with the condition under which it still is what was seen."""
    now = clock.now()
    users = _users({_owner(item) for item in items if _owner(item) and item["sk"] != "USER"})
    found: list[tuple[table.Item, table.Where]] = []
    for item in items:
        if item["sk"].startswith("SESSION#"):
            if _session_over(item, users.get(item["user_id"])):
                found.append((item, [("generation", "=", item["generation"])]))
        elif item["sk"].startswith("SIGNON#"):
            if not SignOn.from_item(item).live(users.get(item["user_id"]), grace_seconds=LONGEST_SIGN_ON_GRACE_SECONDS):
                found.append((item, [("last_seen_at", "=", item["last_seen_at"])]))
        elif item["sk"].startswith(_LEFT_BEHIND) and _owner(item) and _owner(item) not in users:
            found.append((item, [("pk", "exists", None)]))
        elif item.get("ttl", now) < now:
            found.append((item, [("ttl", "=", item["ttl"])]))
    return found


def _owner(item: table.Item) -> str:
    """Whose it is, empty for what is no person's."""
    kind, _, user_id = item["pk"].partition("#")
    return user_id if kind == "USER" else ""


def _session_over(item: table.Item, user: User | None) -> bool:
    now = clock.now()
    remembered = max(item["created_at"] + LONGEST_LIFE_SECONDS, user.epoch_at + STREAM_SECONDS if user else 0)
    return remembered <= now and not Session.from_item(item).live(user)


def _users(user_ids: set[str]) -> dict[str, User]:
    wanted = [table.user_key(user_id) for user_id in sorted(user_ids)]
    found: list[table.Item | None] = []
    for first in range(0, len(wanted), 100):
        found += table.get_many(*wanted[first : first + 100])
    return {item["user_id"]: User.from_item(item) for item in found if item}


def _deleted(item: table.Item, where: table.Where) -> bool:
    try:
        table.delete({"pk": item["pk"], "sk": item["sk"]}, where=where)
    except table.ConditionFailed:
        return False
    return True
