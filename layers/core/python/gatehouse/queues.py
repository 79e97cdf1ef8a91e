"""Messages that are delivered later, through SQS. The only module that knows it."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatehouse.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_AT_ONCE: Final = 10


@cache
def sqs() -> "SQSClient":
    return boto3.client("sqs", config=Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3}))


def send(queue_url: str, messages: Sequence[Mapping[str, Any]]) -> None:
    """Put messages into a queue, in requests of ten. Each arrives once or more often, in any order.

    Raises:
        Unavailable: not all of them were taken; some may have been.
    """
    for first in range(0, len(messages), _AT_ONCE):
        some = messages[first : first + _AT_ONCE]
        entries: Any = [{"Id": str(number), "MessageBody": json.dumps(message)} for number, message in enumerate(some)]
        try:
            answer = sqs().send_message_batch(QueueUrl=queue_url, Entries=entries)
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
