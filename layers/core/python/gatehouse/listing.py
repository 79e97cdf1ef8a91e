"""Lists in pages, in the order in which things were made: from the index, whose partitions are merged, at a price that does not grow.

A page begins behind the last entry of the one before, by its sort key. So whatever is added or deleted meanwhile, a reader who goes from
page to page sees every entry that is there all the while, and none twice. What is made while somebody reads may or may not be among it.
"""

import hashlib
import heapq
import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from gatehouse import clock, jose, keys, table

# For how long the page after one that was read is found at once.
POSITION_SECONDS: Final = 900
# How far back a known beginning is looked for, and how many entries are walked over from there. The index holds about 7000 a megabyte.
_PAGES_BACK: Final = 99
FARTHEST: Final = 100_000
_LARGEST_BATCH: Final = 1000
_SEALING: Final = "list cursor"


class BadCursor(Exception):
    """We did not make it, or not for this list."""


class TooFar(Exception):
    """No beginning near this page is known, and walking there would take too long."""


def numbered(partitions: Sequence[str], *, page: int, per_page: int, newest_first: bool = False, reader: str = "") -> list[table.Key]:
    """The keys of one page, counted from 0; none past the end.

    About 0.5 RRU per partition and 30 entries of its share, and 1 WRU for where the next page begins, whatever the number of entries. Where
    that is not known, because the page before was not read within POSITION_SECONDS, 0.5 RRU more per 30 entries that are walked over.
    reader: whose pages these are; those of another begin where that one's end.

    Raises:
        TooFar: more than FARTHEST entries would have to be walked over.
    """
    places = _Places(partitions, per_page, newest_first, reader)
    known, beginning = places.nearest(page)
    after = _walked(partitions, beginning, (page - known) * per_page, newest_first) if known < page else beginning
    if after is None:
        return []
    found = list(islice(_merged(partitions, after, newest_first, per_page), per_page))
    if found:
        places.remember(page + 1, found[-1]["list_sk"])
    return [_key(item) for item in found]


def checkpoint(
    partitions: Sequence[str], *, purpose: str, take: int, after: str = "", newest_first: bool = False
) -> tuple[list[table.Key], str]:
    """The keys behind a cursor, at most `take`, and the cursor behind these; empty at the end, and for the beginning.

    purpose: which list this is, of which route and whose. The cursor is good for no other.

    Raises:
        BadCursor: `after` is none of this list.
    """
    found = list(islice(_merged(partitions, opened(purpose, after), newest_first, take + 1), take + 1))
    more = len(found) > take
    return [_key(item) for item in found[:take]], sealed(purpose, found[take - 1]["list_sk"]) if more else ""


def between(partitions: Sequence[str], low: str, high: str, *, most: int) -> list[table.Key]:
    """The first keys, at most so many, whose sort keys in the index are from low to high, both included; empty leaves a side open."""
    return [_key(item) for item in islice(_merged(partitions, "", False, most, low, high), most)]


def sealed(purpose: str, position: str) -> str:
    """A cursor: a position that its reader can neither read nor make, nor use for another purpose."""
    return keys.seal(_SEALING, [purpose, position])


def opened(purpose: str, cursor: str) -> str:
    """The position of a cursor; empty for the empty one, which is the beginning.

    Raises:
        BadCursor: we did not make it for this purpose.
    """
    if not cursor:
        return ""
    try:
        made_for, position = keys.unseal(_SEALING, cursor)
    except jose.Forged as forged:
        raise BadCursor from forged
    if made_for != purpose:
        raise BadCursor
    return str(position)


def total(what: str) -> int:
    """How many there are of what is listed. Of USERS as counted, 4 RRU; of others, 0.5 RRU per 30 of them."""
    if what != "USERS":
        return table.count(what, listing=True)
    counted = table.get_many(*(table.count_key(what, bucket) for bucket in range(table.USER_BUCKETS)), consistent=False)
    return sum(item["total"] for item in counted if item)


class _Places:
    """Where the pages of one list begin, as far as is known."""

    def __init__(self, partitions: Sequence[str], per_page: int, newest_first: bool, reader: str) -> None:
        self._list = [list(partitions), per_page, newest_first, reader]

    def _key(self, page: int) -> table.Key:
        return table.page_key(hashlib.sha256(json.dumps([*self._list, page]).encode()).hexdigest())

    def remember(self, page: int, after: str) -> None:
        expires_at = clock.now() + POSITION_SECONDS
        table.put(self._key(page), {"page": page, "after": after, "expires_at": expires_at, "ttl": expires_at})

    def nearest(self, page: int) -> tuple[int, str]:
        """The last page up to this one whose beginning is known, and the sort key that it comes behind."""
        if page == 0:
            return 0, ""
        if found := _live(table.get(self._key(page))):
            return found[0]
        pages = range(max(1, page - _PAGES_BACK), page)
        before = _live(*table.get_many(*map(self._key, pages), consistent=False)) if pages else []
        return before[-1] if before else (0, "")


def _live(*items: table.Item | None) -> list[tuple[int, str]]:
    return [(item["page"], item["after"]) for item in items if item and item["expires_at"] > clock.now()]


def _walked(partitions: Sequence[str], after: str, entries: int, newest_first: bool) -> str | None:
    """The sort key so many entries further on, None past the end.

    Raises:
        TooFar: it is not among the next FARTHEST.
    """
    walk = _merged(partitions, after, newest_first, min(entries, _LARGEST_BATCH * len(partitions)))
    reached = None
    for steps, item in enumerate(walk, 1):
        if steps == entries:
            reached = item["list_sk"]
            break
        if steps == FARTHEST:
            raise TooFar
    return reached


def _merged(partitions: Sequence[str], after: str, newest_first: bool, wanted: int, low: str = "", high: str = "") -> Iterator[table.Item]:
    share = wanted / len(partitions)
    # Entries are spread at random: with three deviations more than its share, hardly a partition has to be asked again.
    batch = wanted if len(partitions) == 1 else math.ceil(share + 3 * math.sqrt(share))
    low, high = (low, after or high) if newest_first else (after or low, high)
    each = [_entries(partition, low, high, after, newest_first, min(batch, _LARGEST_BATCH)) for partition in partitions]
    return heapq.merge(*each, key=lambda item: item["list_sk"], reverse=newest_first)


def _entries(partition: str, low: str, high: str, after: str, newest_first: bool, batch: int) -> Iterator[table.Item]:
    more = True
    while more:
        # One more than wanted, as the one that it begins behind is among them.
        items, more = table.page(partition, limit=batch + 1, low=low, high=high, newest_first=newest_first, listing=True)
        yield from (item for item in items if item["list_sk"] != after)
        after = items[-1]["list_sk"] if items else after
        low, high = (low, after) if newest_first else (after, high)


def _key(item: table.Item) -> table.Key:
    return {"pk": item["pk"], "sk": item["sk"]}
