"""Messages that are delivered later, through SQS. The only module that knows it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatehouse.dataclasses import dataclass
from gatehouse.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_AT_ONCE: Final = 10
# Of one request, and so of one message.
_LARGEST_REQUEST_BYTES: Final = 262_144


@dataclass(frozen=True, slots=True)
class Ordered:
    """A message of a FIFO queue. group: those of one group arrive one after the other, as they were sent. once: of two with the same that
    are sent within five minutes, one arrives. Both up to 128 characters.
    """

    body: Mapping[str, Any]
    group: str
    once: str


@cache
def sqs() -> "SQSClient":
    return boto3.client("sqs", config=Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3}))


def send(queue_url: str, messages: Sequence[Mapping[str, Any]]) -> None:
    """Put messages into a queue, in requests of ten. Each arrives once or more often, in any order.

    Raises:
        Unavailable: not all of them were taken; some may have been.
    """
    for first in range(0, len(messages), _AT_ONCE):
        _send(queue_url, [{"MessageBody": json.dumps(message)} for message in messages[first : first + _AT_ONCE]])


def send_in_order(queue_url: str, messages: Sequence[Ordered]) -> None:
    """Put messages into a FIFO queue, at most ten in a request and none behind another of its group, which may not have been taken.

    Raises:
        Unavailable: not all of them were taken; some may have been, and none of them ahead of another of its group.
    """
    for some in _batches(messages):
        bodies = [(message, json.dumps(message.body)) for message in some]
        _send(
            queue_url,
            [{"MessageBody": body, "MessageGroupId": message.group, "MessageDeduplicationId": message.once} for message, body in bodies],
        )


def _batches(messages: Sequence[Ordered]) -> Iterator[list[Ordered]]:
    batch: list[Ordered] = []
    groups: set[str] = set()
    size = 0
    for message in messages:
        length = len(json.dumps(message.body))
        if batch and (len(batch) == _AT_ONCE or message.group in groups or size + length > _LARGEST_REQUEST_BYTES):
            yield batch
            batch, groups, size = [], set(), 0
        batch.append(message)
        groups.add(message.group)
        size += length
    if batch:
        yield batch


def _send(queue_url: str, entries: Sequence[dict[str, str]]) -> None:
    numbered: Any = [entry | {"Id": str(number)} for number, entry in enumerate(entries)]
    try:
        answer = sqs().send_message_batch(QueueUrl=queue_url, Entries=numbered)
    except (ClientError, BotoCoreError) as error:
        raise Unavailable(detail=f"sqs send: {_name(error)}") from error
    if answer.get("Failed"):
        raise Unavailable(detail=f"sqs send: {answer['Failed'][0]['Code']}")


def postpone(queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Let a message that was received come again after so many seconds from now, at most 43 200.

    Raises:
        Unavailable: it comes again when the queue's own visibility time-out is over.
    """
    try:
        sqs().change_message_visibility(QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)
    except (ClientError, BotoCoreError) as error:
        raise Unavailable(detail=f"sqs postpone: {_name(error)}") from error


def _name(error: ClientError | BotoCoreError) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
