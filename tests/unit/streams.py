"""The stream of the table and the queues behind it, run as Lambda runs them: filtered, in batches, and again after a failure."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from gatehouse.settings import settings
from tests.permissions import template
from tests.unit.conftest import ENVIRONMENT, context, function

Record = dict[str, Any]
Batch = dict[str, Any]
_KEYS = {"pk", "sk"}


def turn_on() -> None:
    """From now on the table has the stream that template.yaml gives it."""
    view = template()["Resources"]["Identity"]["Properties"]["StreamSpecification"]["StreamViewType"]
    boto3.client("dynamodb").update_table(
        TableName=settings().table_name, StreamSpecification={"StreamEnabled": True, "StreamViewType": view}
    )


def recorded() -> list[Record]:
    """Every record of the stream so far, as Lambda would hand it over, before any filter."""
    region = ENVIRONMENT["AWS_DEFAULT_REGION"]
    table: Any = dynamodb_backends[DEFAULT_ACCOUNT_ID][region].get_table(settings().table_name)
    records = [_as_event(item.to_json(), table.latest_stream_label) for item in table.stream_shard.items]
    return [_as_one(record) for record in records if record["dynamodb"].get("NewImage", {}).keys() != _KEYS]


def _as_event(record: Any, label: str) -> Record:
    told = record["dynamodb"]
    told = told | {"ApproximateCreationDateTime": told["ApproximateCreationDateTime"].replace(tzinfo=UTC).timestamp()}
    arn = f"arn:aws:dynamodb:eu-central-1:{DEFAULT_ACCOUNT_ID}:table/identity/stream/{label}"
    as_json: Record = json.loads(json.dumps(record | {"eventSourceARN": arn, "dynamodb": told}, default=_base64))
    return as_json


def _as_one(record: Record) -> Record:
    """An update that makes its item: moto tells of an item that is nothing but its key first, AWS of what was made."""
    told = record["dynamodb"]
    if told.get("OldImage", {}).keys() != _KEYS:
        return record
    return record | {"eventName": "INSERT", "dynamodb": {name: value for name, value in told.items() if name != "OldImage"}}


def _base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()


def filtered(records: Sequence[Record]) -> list[Record]:
    """Those that the patterns of template.yaml let through to the function."""
    criteria = template()["Resources"]["UserEventsSource"]["Properties"]["FilterCriteria"]["Filters"]
    patterns = [json.loads(entry["Pattern"]) for entry in criteria]
    return [record for record in records if any(_matches(record, pattern) for pattern in patterns)]


def _matches(value: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(name in value and _matches(value[name], wanted) for name, wanted in pattern.items())
    return any(value.startswith(wanted["prefix"]) if isinstance(wanted, dict) else value == wanted for wanted in pattern)


def passed_on(records: Sequence[Record]) -> list[str]:
    """Runs the function with a batch; the sequence numbers that it wants to see again."""
    return _again(function("user_events")({"Records": list(records)}, context()))


def waiting(variable: str = "logout_queue_url") -> list[dict[str, Any]]:
    """Takes what lies in a queue out of it."""
    queue = boto3.client("sqs")
    url = getattr(settings(), variable)
    found = []
    while messages := queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def worked_off(*, limit: int = 50) -> list[int]:
    """Runs the delivery as Lambda does, message by message, until none is visible; how often each had been received before."""
    queue = boto3.client("sqs")
    url = settings().logout_queue_url
    attempts = []
    for _ in range(limit):
        messages = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=1, AttributeNames=["All"]).get("Messages", [])
        if not messages:
            return attempts
        record = as_record(messages[0])
        attempts.append(int(record["attributes"]["ApproximateReceiveCount"]))
        if not _again(function("logout_delivery")({"Records": [record]}, context())):
            queue.delete_message(QueueUrl=url, ReceiptHandle=record["receiptHandle"])
    raise AssertionError("the queue does not become empty")


def as_record(message: Any) -> Record:
    """A received message as Lambda hands it over."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {name: str(value) for name, value in message["Attributes"].items()},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }


def _again(answer: Batch) -> list[str]:
    assert answer.keys() == {"batchItemFailures"}
    assert all(entry.keys() == {"itemIdentifier"} for entry in answer["batchItemFailures"])
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


def after(action: Callable[[], object]) -> list[Record]:
    """What the stream tells of an action, filtered."""
    before = len(recorded())
    action()
    return filtered(recorded()[before:])
