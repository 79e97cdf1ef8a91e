"""Webhooks of an operator and their queue: the vocabulary of their tests. Those at URLs on this machine take the fixture `laptop`."""

import json
from typing import Any

import boto3

from examples.webhook_receiver.receiver import verify
from gatehouse import clock, dead_letters, deliveries, webhooks
from gatehouse.dead_letters import DeadLetter
from gatehouse.events import Event
from gatehouse.settings import settings
from gatehouse.webhooks import Webhook
from tests.receiver import Receiver
from tests.unit.conftest import context, function
from tests.unit.flows import later
from tests.unit.streams import as_record

ADA, BOB = "gatehouse|ada", "gatehouse|bob"
# Scopes to read what events tell of people.
TOLD = ("read:users", "read:users_app_metadata", "read:logs_users")


def subscribed(target: str, **fields: Any) -> tuple[Webhook, str]:
    """A webhook that is told of everything, and its secret. fields: of Webhook."""
    made = webhooks.add(Webhook(webhooks.new_id(), fields.pop("name", "A webhook"), target, **fields))
    webhooks.forget()
    return made


def happening(name: str, user_id: str = ADA, kind: str = "user.updated", **data: Any) -> Event:
    """An event whose id is this name."""
    return Event(name, kind, clock.now(), user_id, {"user_id": user_id, **data})


def told(*events: Event) -> int:
    """Announces events as the stream's function does."""
    return webhooks.announce(events)


def record() -> dict[str, Any] | None:
    """The next message that is visible, as Lambda hands it over."""
    messages = boto3.client("sqs").receive_message(QueueUrl=settings().webhook_queue_url, MaxNumberOfMessages=1, AttributeNames=["All"])
    found = messages.get("Messages", [])
    return as_record(found[0]) if found else None


def delivered(*records: dict[str, Any]) -> list[str]:
    """Runs the function with a batch; the ids of the messages that it wants to see again."""
    answer = function("webhook_delivery")({"Records": list(records)}, context())
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


def worked_off(*, limit: int = 100) -> list[tuple[str, int]]:
    """Runs the function as Lambda does, message by message, until none is visible; the ids, and which attempt each was."""
    attempts = []
    for _ in range(limit):
        found = record()
        if found is None:
            return attempts
        attempts.append((json.loads(found["body"])["id"], int(found["attributes"]["ApproximateReceiveCount"])))
        if not delivered(found):
            boto3.client("sqs").delete_message(QueueUrl=settings().webhook_queue_url, ReceiptHandle=found["receiptHandle"])
    raise AssertionError("the queue does not become empty")


def at(seconds: float) -> list[tuple[str, int]]:
    """What is worked off when so many seconds have passed."""
    with later(seconds):
        return worked_off()


def due(attempts: int) -> list[int]:
    """When each attempt is due, in seconds from the first."""
    found = [0]
    while len(found) < attempts:
        # A second for what is cut off of its age, and one for what passed before the first.
        found.append(found[-1] + deliveries.pause_after(found[-1]) + 2)
    return found


def letters(webhook: Webhook) -> list[DeadLetter]:
    """Its dead letters, oldest first."""
    return list(dead_letters.oldest(webhook.id))


def arrived(receiver: Receiver, *secrets: str) -> list[Any]:
    """The ids of what came to a receiver, each verified."""
    return [verify(secrets, headers, body.encode(), now=int(headers["webhook-timestamp"])) for headers, body in receiver.requests]
