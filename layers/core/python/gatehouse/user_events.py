"""From the table's stream to whoever is to be told: a batch of changes, their events, and where these go."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gatehouse import audit_trail, backchannel_logout, clock, event_bus, events, observe, queues, table, usage, webhooks
from gatehouse.errors import Unavailable
from gatehouse.events import Event, Interrupted
from gatehouse.search import entries
from gatehouse.settings import settings

Record = Mapping[str, Any]
Consumer = Callable[[Sequence[Event]], int]
# In the order in which they are told. The bus comes last: what it has taken it tells again, if anything behind it goes wrong.
_CONSUMERS: list[Consumer] = [webhooks.announce, audit_trail.keep, event_bus.put]


def process(records: Sequence[Record], request_id: str) -> dict[str, Any]:
    """Pass on the events of each record; the answer names the first record that is to come again, with all that stand behind it.

    Trouble with AWS passes, so its records come again. Nothing behind them is passed on first, which would turn the order of somebody's
    events round. A record that we cannot read never will be, and would hold up all behind it: it is put aside, by name and without the
    images, which hold more than a queue needs to know.
    """
    started_at = clock.milliseconds()
    batch = _Batch(records, request_id)
    batch.read()
    notices = batch.tell(backchannel_logout.announce, quiet=True)
    for consumer in _CONSUMERS:
        batch.tell(consumer)
    batch.count()
    observe.request_finished(
        request_id=request_id,
        message="passed on",
        status=200 if batch.done() else 503,
        started_at_ms=started_at,
        records=len(records),
        events=sum(map(len, batch.events[: batch.end])),
        notices=notices,
        again=len(records) - batch.end,
        detail=batch.detail,
    )
    return {"batchItemFailures": [] if batch.done() else [{"itemIdentifier": _number(records[batch.end])}]}


class _Batch:
    """end: how many records, from the first on, nothing has gone wrong with so far. changes, events: by record."""

    def __init__(self, records: Sequence[Record], request_id: str) -> None:
        self.records = records
        self.end = len(records)
        self.changes: list[table.Change | None] = [None] * self.end
        self.events: list[list[Event]] = [[] for _ in records]
        self.detail = ""
        self._request_id = request_id

    def done(self) -> bool:
        return self.end == len(self.records)

    def read(self) -> None:
        """Make events of the changes, and do what takes the change itself."""
        self._each(self._read)

    def _read(self, at: int) -> None:
        change = table.Change.from_record(self.records[at])
        self.changes[at] = change
        found = list(events.derived(change))
        entries.follow(change)
        self.events[at] = found

    def tell(self, consumer: Consumer, *, quiet: bool = False) -> int:
        """Hand the events over, all together: few requests. A record is done with if all of its events are known to be taken.

        quiet: those that are quiet, too. What the consumer made of them, as far as that is known.
        """
        told = [(at, event) for at in range(self.end) for event in self._of(at, quiet)]
        if not told:
            return 0
        try:
            return consumer([event for _, event in told])
        except Interrupted as trouble:
            self._stop(told[trouble.taken][0], trouble)
        except Unavailable as trouble:
            self._stop(told[0][0], trouble)
        except Exception:  # noqa: BLE001 - one record is to blame; which, shows when each is handed over alone
            self._each(lambda at: consumer(self._of(at, quiet)))
        return 0

    def _of(self, at: int, quiet: bool) -> list[Event]:
        return [event for event in self.events[at] if quiet or not event.quiet]

    def count(self) -> None:
        """Count what comes no more. Where that fails, all come again."""
        changes = [change for change in self.changes[: self.end] if change]
        try:
            usage.add(usage.counted(changes), _number(self.records[0]) if self.records else "")
        except Unavailable as trouble:
            self._stop(0, trouble)

    def _each(self, step: Callable[[int], object]) -> None:
        for at in range(len(self.records)):
            if at < self.end:
                self._attempt(at, step)

    def _attempt(self, at: int, step: Callable[[int], object]) -> None:
        try:
            try:
                step(at)
            except Unavailable:
                raise
            except Exception as defect:  # noqa: BLE001 - whatever it is, the records behind this one must go on
                observe.failed(self._request_id, defect)
                _put_aside(self.records[at], defect)
        except Unavailable as trouble:
            self._stop(at, trouble)

    def _stop(self, at: int, trouble: Unavailable) -> None:
        self.end, self.detail = at, trouble.detail


def _number(record: Record) -> str:
    try:
        return table.sequence_number(record)
    except (KeyError, TypeError):
        return ""


def _put_aside(record: Record, defect: Exception) -> None:
    told: Any = record.get("dynamodb") or {}
    names = {"event_id": record.get("eventID"), "source": record.get("eventSourceARN"), "defect": type(defect).__name__}
    queues.send(settings().failed_events_queue_url, [names | {"keys": told.get("Keys"), "sequence_number": told.get("SequenceNumber")}])
