"""Dead letters: what a webhook could not be told, kept for a while so that it can be told later."""

import re
from collections.abc import Iterator
from typing import Final

from gatehouse import clock, table
from gatehouse.dataclasses import asdict, dataclass, of_known

KEPT_SECONDS: Final = 14 * 86_400
_LAST_MS: Final = 10**13 - 1
_ID: Final = re.compile(r"([0-9]{13})-([A-Za-z0-9_-]{1,64})")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """sent_at_ms: when it came into the queue, in milliseconds since the epoch. body: as it was sent, JSON. reason: of the last failure.

    given_up_at: seconds since the epoch.
    """

    webhook_id: str
    sent_at_ms: int
    event_id: str
    user_id: str
    kind: str
    body: str
    attempts: int
    reason: str
    given_up_at: int

    @classmethod
    def from_item(cls, item: table.Item) -> "DeadLetter":
        return of_known(cls, item)

    @property
    def id(self) -> str:
        """Of this letter: a repeat of its event may end as another."""
        return f"{self.sent_at_ms:013d}-{self.event_id}"


def keep(letter: DeadLetter) -> None:
    """Keep a letter for KEPT_SECONDS. Done again, it is the same one: 1 WRU per KB.

    Raises:
        Unavailable: it was not kept.
    """
    table.put(_key(letter), asdict(letter) | {"ttl": letter.given_up_at + KEPT_SECONDS})


def get(webhook_id: str, letter_id: str) -> DeadLetter | None:
    """A letter: 1 RRU per 4 KB."""
    parts = _ID.fullmatch(letter_id)
    item = table.get(table.dead_letter_key(webhook_id, int(parts[1]), parts[2])) if parts else None
    return DeadLetter.from_item(item) if item and item["ttl"] > clock.now() else None


def page(webhook_id: str, *, limit: int, after: str = "") -> tuple[list[DeadLetter], str]:
    """At most `limit` letters, the newest first, and what the next page comes after; empty at the end. 0.5 RRU per 4 KB.

    after: as it was given with the page before.
    """
    high = after or table.dead_letter_key(webhook_id, _LAST_MS, "~")["sk"]
    # One more than wanted, as the one that it comes after is among them.
    items, more = table.page(table.webhook_partition(webhook_id), limit=limit + 1, low=_oldest(webhook_id), high=high, newest_first=True)
    found = [item for item in items if item["sk"] != after]
    more = more or len(found) > limit
    found = found[:limit]
    return [letter for item in found if (letter := _live(item))], found[-1]["sk"] if more and found else ""


def oldest(webhook_id: str, *, event_id: str = "") -> Iterator[DeadLetter]:
    """The letters of a webhook in the order in which they were sent, or only those of one event. 1 RRU per 4 KB."""
    for item in table.query(table.webhook_partition(webhook_id), "DEAD#"):
        letter = _live(item)
        if letter and event_id in ("", letter.event_id):
            yield letter


def remove(letter: DeadLetter) -> None:
    """Remove a letter. Removing what is not there is done."""
    table.delete(_key(letter))


def _key(letter: DeadLetter) -> table.Key:
    return table.dead_letter_key(letter.webhook_id, letter.sent_at_ms, letter.event_id)


def _live(item: table.Item) -> DeadLetter | None:
    # DynamoDB deletes late.
    return DeadLetter.from_item(item) if item["ttl"] > clock.now() else None


def _oldest(webhook_id: str) -> str:
    # Nothing is kept for longer than it may be in the queue and be kept.
    return table.dead_letter_key(webhook_id, max(0, clock.milliseconds() - 2 * KEPT_SECONDS * 1000), "")["sk"]
