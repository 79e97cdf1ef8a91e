"""From the table's stream to whoever is to be told: a batch of changes, their events, and the queues that these go into."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from gatehouse import backchannel_logout, clock, events, observe, queues, table, usage
from gatehouse.errors import Unavailable
from gatehouse.search import entries
from gatehouse.settings import settings

Record = Mapping[str, Any]


def process(records: Sequence[Record], request_id: str) -> dict[str, Any]:
    """Pass on the events of each record; the answer names the records that are to come again.

    Trouble with AWS passes, so its records come again. A record that we cannot read never will be, and would hold up all behind it: it is
    put aside, by name and without the images, which hold more than a queue needs to know.
    """
    started_at = clock.milliseconds()
    again, told, detail = [], 0, ""
    for record in records:
        try:
            told += _passed_on(record, request_id)
        except Unavailable as trouble:
            detail = trouble.detail
            again.append({"itemIdentifier": table.sequence_number(record)})
    again, detail = _counted(records, again) or (again, detail)
    observe.request_finished(
        request_id=request_id,
        message="passed on",
        status=503 if again else 200,
        started_at_ms=started_at,
        records=len(records),
        notices=told,
        again=len(again),
        detail=detail,
    )
    return {"batchItemFailures": again}


def _counted(records: Sequence[Record], again: list[dict[str, str]]) -> tuple[list[dict[str, str]], str] | None:
    """Count what comes no more: the records before the first that is to come again. Where that fails, they all come again."""
    first = again[0]["itemIdentifier"] if again else ""
    settled = list(takewhile(lambda record: not first or _number(record) != first, records))
    changes = [change for record in settled if (change := _change(record))]
    try:
        usage.add(usage.counted(changes), _number(records[0]) if records else "")
    except Unavailable as trouble:
        return [{"itemIdentifier": number} for record in records if (number := _number(record))], trouble.detail
    return None


def _change(record: Record) -> table.Change | None:
    try:
        return table.Change.from_record(record)
    except (AttributeError, KeyError, TypeError, ValueError):
        # It was put aside.
        return None


def _number(record: Record) -> str:
    try:
        return table.sequence_number(record)
    except (KeyError, TypeError):
        return ""


def _passed_on(record: Record, request_id: str) -> int:
    try:
        change = table.Change.from_record(record)
        told = backchannel_logout.announce(events.derived(change))
        entries.follow(change)
        return told
    except Unavailable:
        raise
    except Exception as defect:  # noqa: BLE001 - whatever it is, the records behind this one must go on
        observe.failed(request_id, defect)
        _put_aside(record, defect)
        return 0


def _put_aside(record: Record, defect: Exception) -> None:
    told: Any = record.get("dynamodb") or {}
    names = {"event_id": record.get("eventID"), "source": record.get("eventSourceARN"), "defect": type(defect).__name__}
    queues.send(settings().failed_events_queue_url, [names | {"keys": told.get("Keys"), "sequence_number": told.get("SequenceNumber")}])
