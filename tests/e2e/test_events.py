"""What happens to people arrives on the stack's bus, where a subscriber's rule takes it from: deployed stream, function and bus."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from gatehouse import users
from tests.e2e.application import Application, post
from tests.e2e.deployment import Deployment
from tests.e2e.visitor import Visitor

NAME = "e2e-subscriber"
PATIENCE_SECONDS = 30


@pytest.fixture
def queue(stack: Deployment) -> Iterator[str]:
    """The URL of a queue that gets what the stack tells of people."""
    bus = stack.functions["EventBus"]
    with stack.administered():
        events, sqs = boto3.client("events"), boto3.client("sqs")
        url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=NAME, EventBusName=bus, EventPattern=json.dumps({"source": ["gatehouse"]}))
        events.put_targets(Rule=NAME, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        yield url
        events.remove_targets(Rule=NAME, EventBusName=bus, Ids=["queue"])
        events.delete_rule(Name=NAME, EventBusName=bus)
        sqs.delete_queue(QueueUrl=url)


def told_of(stack: Deployment, queue: str, user_id: str, last: str) -> list[dict[str, Any]]:
    """The events about a person, until the last of this kind has arrived."""
    found: list[dict[str, Any]] = []
    until = time.monotonic() + PATIENCE_SECONDS
    with stack.administered():
        sqs = boto3.client("sqs")
        while time.monotonic() < until:
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            mine = [message for message in found if message["detail"]["data"]["user_id"] == user_id]
            if last in [message["detail-type"] for message in mine]:
                return mine
    raise AssertionError([message["detail-type"] for message in found])


def test_a_person_from_sign_up_to_block_is_told_of_on_the_bus(stack: Deployment, app: Callable[..., Application], queue: str) -> None:
    hedy = stack.person("hedy.events@example.com", name="Hedy")
    tokens = Visitor().signed_in(app(), hedy)
    assert post(f"{stack.issuer}/me/sign-out", tokens["access_token"]).status_code == 204
    with stack.administered():
        users.set_blocked(hedy.user_id, True)

    messages = told_of(stack, queue, hedy.user_id, "user.updated")

    kinds = [message["detail-type"] for message in messages]
    assert sorted(kinds) == sorted(["user.created", "user.signed_in", "user.signed_out", "session.ended", "user.blocked", "user.updated"])
    assert {message["source"] for message in messages} == {"gatehouse"}
    assert len({message["detail"]["id"] for message in messages}) == len(messages)
    created = messages[kinds.index("user.created")]["detail"]["data"]["user"]
    assert (created["email"], created["name"]) == (hedy.email, "Hedy")
    assert hedy.password not in json.dumps(messages) and "argon2" not in json.dumps(messages)
