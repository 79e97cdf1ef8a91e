"""How much the service is used: sign-ins and sign-ups of each day (UTC), counted from the table's stream, and people of the last 30 days.

A batch of the stream that comes twice is counted once if nothing else was counted in between, which is the rule while the stream has one
shard. So a day's numbers may be too high by a batch where AWS repeats one beside others, and are never too low but for what nobody read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gatehouse import clock, table
from gatehouse.dataclasses import dataclass

LOGINS, SIGN_UPS = "logins", "signups"
ACTIVE_SECONDS = 30 * 86400
_ACTIVE = "active-users"


@dataclass(frozen=True, slots=True)
class Day:
    """date: yyyy-mm-dd. updated_at: when something was last added, in seconds since the epoch."""

    date: str
    logins: int
    signups: int
    updated_at: int


def counted(changes: Iterable[table.Change]) -> dict[str, Counter[str]]:
    """By date: what of the changes counts."""
    found: dict[str, Counter[str]] = {}
    for change in changes:
        if change.before is None and change.after is not None and (kind := _kind(change.sk, change.after)):
            found.setdefault(clock.iso(change.at)[:10], Counter())[kind] += 1
    return found


def _kind(sk: str, item: table.Item) -> str:
    if sk.startswith("LOGIN#"):
        return "" if item.get("outcome") == "failed" else LOGINS
    return SIGN_UPS if sk == "USER" else ""


def add(numbers: Mapping[str, Mapping[str, int]], batch_id: str) -> None:
    """Add to the days, once for a batch however often it comes. 1 WRU; where a batch holds two days, 2 WRU for each, in one transaction.

    Raises:
        Unavailable: nothing was added, or nobody knows.
    """
    now = clock.now()
    writes = [
        table.Write(
            table.statistics_key(date),
            where=[("batch", "<>", batch_id)],
            set={"batch": batch_id, "updated_at": now},
            add=dict(added),
        )
        for date, added in sorted(numbers.items())
    ]
    try:
        _written(writes)
    except table.ConditionFailed:
        return


def _written(writes: Sequence[table.Write]) -> None:
    if len(writes) == 1:
        [only] = writes
        table.update(only.key, where=only.where, set=only.set, add=only.add)
    elif writes:
        table.transact(*writes)


def daily(first: str, last: str) -> list[Day]:
    """The days from first to last, each yyyy-mm-dd and included, of which there is anything to tell. 0.5 RRU per 4 KB."""
    low, high = (table.statistics_key(date)["sk"] for date in (first, last))
    items, _ = table.page(table.stats_partition, limit=1000, low=low, high=high)
    return [Day(item["sk"], item.get(LOGINS, 0), item.get(SIGN_UPS, 0), item["updated_at"]) for item in items]


def note_active(people: int) -> None:
    """Keep how many people have signed in within ACTIVE_SECONDS."""
    table.put(table.statistics_key(_ACTIVE), {"people": people, "at": clock.now()})


def active() -> int:
    """How many that were when they were last counted; 0 before the first time."""
    item = table.get(table.statistics_key(_ACTIVE), consistent=False)
    return item["people"] if item else 0
