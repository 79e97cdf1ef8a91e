"""Events for everybody else in the account, through EventBridge. The only module that knows it."""

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatehouse.events import Event, Interrupted
from gatehouse.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE: Final = "gatehouse"
_AT_ONCE: Final = 10
# Of one request; the rest is for what stands around the details.
_LARGEST_REQUEST_BYTES: Final = 262_144 - 8_192
# Entries that were not taken are sent again after such pauses; then it is the stream's turn to repeat.
_PAUSES_SECONDS: Final = (0.1, 0.4)


@cache
def client() -> "EventBridgeClient":
    config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("events", config=config)


def put(events: Sequence[Event]) -> int:
    """Put events on the bus, at most ten in a request, and say how many; none where no bus is configured. Each arrives once or more often.

    The bus itself promises no order. They are given to it in theirs, and none behind a request that was not taken whole.

    Raises:
        Interrupted: not all of them were taken.
    """
    if not settings().event_bus_name:
        return 0
    taken = 0
    for some in _batches(events):
        _put(some, taken)
        taken += len(some)
    return taken


def _batches(events: Sequence[Event]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for entry in map(_entry, events):
        length = len(entry["Detail"])
        if batch and (len(batch) == _AT_ONCE or size + length > _LARGEST_REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch


def _put(entries: Sequence[Any], taken: int) -> None:
    """Put these behind so many that were taken."""
    left = dict(enumerate(entries))
    for pause in (*_PAUSES_SECONDS, None):
        answer = _sent(list(left.values()), taken + min(left))
        codes = {number: told["ErrorCode"] for number, told in zip(left, answer, strict=True) if "ErrorCode" in told}
        if not codes:
            return
        left = {number: left[number] for number in codes}
        if pause is None:
            raise Interrupted(taken + min(left), detail=f"events put: {codes[min(left)]}")
        time.sleep(pause)


def _sent(entries: Sequence[Any], taken: int) -> Sequence[Any]:
    try:
        return client().put_events(Entries=entries)["Entries"]
    except (ClientError, BotoCoreError) as error:
        name = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise Interrupted(taken, detail=f"events put: {name}") from error


def _entry(event: Event) -> dict[str, Any]:
    return {
        "EventBusName": settings().event_bus_name,
        "Source": SOURCE,
        "DetailType": event.kind,
        "Time": datetime.fromtimestamp(event.at, UTC),
        "Detail": json.dumps(event.document(), separators=(",", ":")),
    }
