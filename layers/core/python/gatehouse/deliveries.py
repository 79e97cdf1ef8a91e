"""Working off a queue of messages to others: each is delivered, given up, or tried again later and later, and none holds up another."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gatehouse import clock, observe, queues
from gatehouse.errors import Unavailable

# After the first attempt, after the second, and so on; after the last one the queue puts the message aside (its maxReceiveCount).
RETRY_SECONDS: Final = (10, 30, 60, 120, 300, 600, 1200, 1800, *[3600] * 8)
ATTEMPTS: Final = len(RETRY_SECONDS) + 1
# A receiver that says no may be in the middle of a deployment; after that it is taken at its word.
REFUSALS: Final = 3

Message = Mapping[str, str]


class Failed(Exception):
    """The receiver did not take the message. The message of the error is a reason without a secret."""


class Refused(Failed):
    """The receiver will not take the message however often it is sent."""


def work_off(
    records: Sequence[Mapping[str, Any]], deliver: Callable[[Message], str], *, queue_url: str, refused: str, request_id: str
) -> dict[str, Any]:
    """Deliver each message of a Lambda event from SQS; the answer names those that are to come again.

    deliver: gives the outcome in a word. refused: the security event that is recorded when a receiver is taken at its word.
    """
    again = []
    for record in records:
        started_at = clock.milliseconds()
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        outcome, fields = _attempted(record, deliver, request_id)
        if outcome == "refused" and attempt >= REFUSALS:
            observe.event(refused, request_id=request_id, attempt=attempt, **fields)
            continue
        status = 503 if outcome == "unavailable" else 200
        observe.request_finished(request_id=request_id, message=outcome, status=status, started_at_ms=started_at, attempt=attempt, **fields)
        if outcome in ("refused", "failed", "unavailable"):
            again.append({"itemIdentifier": record["messageId"]})
            _postpone(queue_url, record["receiptHandle"], attempt, request_id)
    return {"batchItemFailures": again}


def _attempted(record: Mapping[str, Any], deliver: Callable[[Message], str], request_id: str) -> tuple[str, dict[str, str]]:
    """The outcome, and what the log is told of it."""
    fields: dict[str, str] = {"message_id": record["messageId"]}
    try:
        message = json.loads(record["body"])
        fields |= {"id": message["id"], "client_id": message["client_id"]}
        return deliver(message), fields
    except Refused as refusal:
        return "refused", fields | {"reason": str(refusal)}
    except Failed as failure:
        return "failed", fields | {"reason": str(failure)}
    except Unavailable as trouble:
        return "unavailable", fields | {"detail": trouble.detail}
    except Exception as defect:  # noqa: BLE001 - whatever is wrong with this one, the others are delivered and it is put aside in the end
        observe.failed(request_id, defect)
        return "failed", fields


def _postpone(queue_url: str, receipt_handle: str, attempt: int, request_id: str) -> None:
    seconds = RETRY_SECONDS[attempt - 1] if attempt <= len(RETRY_SECONDS) else 0
    try:
        queues.postpone(queue_url, receipt_handle, seconds)
    except Unavailable as trouble:
        observe.note("not postponed", request_id=request_id, detail=trouble.detail)
