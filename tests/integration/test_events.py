"""Events on an emulator: from the real stream to a bus of EventBridge, whose rule puts them into somebody's queue (F8)."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from gatehouse import event_bus, memberships, organizations, users
from gatehouse.settings import settings
from tests.integration.scenes import at_once, times
from tests.integration.streams import Context, recorded, turned_on
from tests.unit.conftest import function
from tests.unit.deletions import deleted, operator
from tests.unit.flows import new_user
from tests.unit.streams import filtered

pytestmark = pytest.mark.usefixtures("stack", "cleared")
# As template.yaml calls it.
BUS = "EventBus"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a queue that a rule fills with what a subscriber asked for: everything of Gatehouse."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    events.create_event_bus(Name=BUS)
    url = sqs.create_queue(QueueName=BUS)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["gatehouse"]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    monkeypatch.setenv("EVENT_BUS_NAME", BUS)
    for name in ("LOGOUT_QUEUE_URL", "FAILED_EVENTS_QUEUE_URL"):
        monkeypatch.setenv(name, url)
    settings.cache_clear()
    event_bus.client.cache_clear()
    yield url
    events.remove_targets(Rule="all", EventBusName=BUS, Ids=["queue"])
    events.delete_rule(Name="all", EventBusName=BUS)
    events.delete_event_bus(Name=BUS)
    sqs.delete_queue(QueueUrl=url)
    monkeypatch.undo()
    settings.cache_clear()


def arrived(url: str, number: int) -> list[dict[str, Any]]:
    """What came into the queue: so many messages, and those that follow at once."""
    sqs, found = boto3.client("sqs"), []
    until = time.monotonic() + 20
    while time.monotonic() < until:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if not messages and len(found) >= number:
            return found
    raise AssertionError(f"{len(found)} of {number} arrived")


def test_what_happens_to_people_arrives_where_a_rule_sends_it(queue: str) -> None:
    stream, bearer = turned_on(), operator()
    before = len(recorded(stream))
    acme = organizations.create("acme")
    ada = new_user("ada@example.com", name="Ada")
    memberships.join(acme.org_id, ada.user_id)
    users.set_blocked(ada.user_id, True)
    users.set_blocked(ada.user_id, False)
    users.sign_out_everywhere(ada.user_id, invocation_id="x")
    # A deletion hides what it takes along, and by its second what was just before it.
    time.sleep(1.1)
    deleted(ada.user_id, bearer)
    records = filtered(recorded(stream)[before:])

    assert function("user_events")({"Records": records}, Context()) == {"batchItemFailures": []}

    messages = arrived(queue, 8)
    expected = ["user.created", "user.blocked", "user.updated", "user.unblocked", "user.updated", "user.signed_out", "user.deleted"]
    assert [message["detail-type"] for message in messages if message["detail-type"].startswith("user.")] == expected
    assert [message["detail-type"] for message in messages if message["detail-type"] not in expected] == ["organization.member_added"]
    assert {message["source"] for message in messages} == {"gatehouse"}
    assert {message["detail"]["data"]["user_id"] for message in messages} == {ada.user_id}
    assert all(message["detail"]["type"] == message["detail-type"] for message in messages)


def test_batches_that_are_read_by_several_at_once_tell_each_event_under_one_id(queue: str) -> None:
    stream = turned_on()
    before = len(recorded(stream))
    people = [new_user(f"{name}@example.com") for name in "abc"]
    for user in people:
        users.set_blocked(user.user_id, True)
    records = filtered(recorded(stream)[before:])

    answers = at_once(*times(4, function("user_events"), {"Records": records}, Context()))

    assert answers == [{"batchItemFailures": []}] * 4
    ids = [message["detail"]["id"] for message in arrived(queue, 4 * 9)]
    assert len(ids) == 4 * 9
    assert len(set(ids)) == 9
