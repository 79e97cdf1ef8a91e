"""From the table's stream to whoever is to be told: a batch of changes, their events, and the queues that these go into."""

from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse import backchannel_logout, clock, events, observe, queues, table
from gatehouse.errors import Unavailable
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


def _passed_on(record: Record, request_id: str) -> int:
    try:
        return backchannel_logout.announce(events.derived(table.Change.from_record(record)))
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
