"""Webhooks over a FIFO queue, several deliveries at a time: each event once by its id, in order for each person (row 93, F8)."""

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest

from examples.webhook_receiver.receiver import Inbox, serve
from gatehouse import clock, dead_letters, deliveries, table, webhook_deliveries, webhooks
from gatehouse.events import Event
from gatehouse.settings import settings
from gatehouse.webhooks import Webhook
from tests.integration.faults import befalls, refused
from tests.unit.conftest import context, forget, function, queue_attributes
from tests.unit.operators import api, machine
from tests.unit.streams import as_record
from tests.unit.webhooks import TOLD

pytestmark = pytest.mark.usefixtures("queue", "impatient", "interleaved")
WORKERS, PEOPLE, EACH = 6, 5, 6
HANG = 0


@pytest.fixture
def queue(stack: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The queue as template.yaml has it, and pauses of a second; no webhook is left behind."""
    sqs = boto3.client("sqs")
    attributes = queue_attributes("WebhookDeliveries.fifo") | {"VisibilityTimeout": "30"}
    url = sqs.create_queue(QueueName="WebhookDeliveries.fifo", Attributes=attributes)["QueueUrl"]
    monkeypatch.setenv("WEBHOOK_QUEUE_URL", url)
    monkeypatch.setenv("ISSUER", "http://localhost:8080")
    monkeypatch.setattr(deliveries, "pause_after", lambda age, outcome="failed": 1)
    # A third refusal, or a fourth, is the last one.
    monkeypatch.setattr(webhook_deliveries, "REFUSED_SECONDS", 2)
    monkeypatch.setattr(webhook_deliveries, "PATIENCE_SECONDS", 1)
    # Receivers here keep silent for some events, and not for good.
    monkeypatch.setattr(webhook_deliveries, "MOST_WAITS", 1000)
    forget()
    yield url
    sqs.delete_queue(QueueUrl=url)
    table.delete(table.webhooks_key())
    monkeypatch.undo()
    forget()


class Shaky(Inbox):
    """Answers what it is told for the first attempts at an event, HANG after it was taken; and then as it should."""

    def __init__(self, act: Callable[[dict[str, Any]], None]) -> None:
        super().__init__([], act)
        self.answers: dict[str, list[int]] = {}
        self.attempts: list[str] = []
        self._silence = threading.Event()

    def receive(self, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> int:
        name = headers["webhook-id"]
        self.attempts.append(name)
        waiting = self.answers.get(name, [])
        answer = waiting.pop(0) if waiting else None
        if answer:
            return answer
        status = super().receive(headers, body, now=now)
        if answer == HANG:
            self._silence.wait(10)
        return status

    def end(self) -> None:
        self._silence.set()
        self.close()


@pytest.fixture
def receiver(queue: str) -> Iterator[tuple[Webhook, Shaky, list[Any]]]:
    """A webhook, the receiver behind it, and what that acted on, in order."""
    seen: list[Any] = []
    inbox = Shaky(seen.append)
    server = serve(inbox)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    hook, secret = webhooks.add(Webhook(webhooks.new_id(), "Shaky", f"http://localhost:{server.server_port}/"))
    webhooks.forget()
    inbox.secrets = [secret]
    yield hook, inbox, seen
    inbox._silence.set()
    server.shutdown()
    thread.join()
    server.server_close()
    inbox.end()


def deliver_until(done: Callable[[], bool], *, seconds: float = 90) -> None:
    """Runs the function as Lambda does: some at a time, message by message, each again after its pause."""
    ends, stop = time.monotonic() + seconds, threading.Event()
    threads = [threading.Thread(target=deliver, args=[stop]) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    while not (done() and empty()) and time.monotonic() < ends:
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert done()


def deliver(stop: threading.Event) -> None:
    sqs, url = boto3.client("sqs"), settings().webhook_queue_url
    while not stop.is_set():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, AttributeNames=["All"]).get("Messages", [])
        for message in found:
            record = as_record(message)
            if not function("webhook_delivery")({"Records": [record]}, context())["batchItemFailures"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=record["receiptHandle"])
        if not found:
            stop.wait(0.1)


def empty() -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=settings().webhook_queue_url, AttributeNames=names)["Attributes"]
    return all(int(count) == 0 for count in found.values())


def happenings() -> list[Event]:
    """Some events of each of some people, by turns."""
    people = [f"gatehouse|{number}" for number in range(PEOPLE)]
    pairs = [(number, person) for number in range(EACH) for person in people]
    return [Event(f"{person[-1]}-{number}", "user.updated", clock.now(), person, {"user_id": person}) for number, person in pairs]


def by_person(seen: list[Any]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for event in seen:
        found[event["data"]["user_id"]].append(event["id"])
    return dict(found)


def expected(*missing: str) -> dict[str, list[str]]:
    return {
        f"gatehouse|{person}": [name for number in range(EACH) if (name := f"{person}-{number}") not in missing] for person in range(PEOPLE)
    }


@pytest.mark.row(93)
def test_a_receiver_that_is_down_twice_and_hangs_once_gets_each_event_once_and_in_order(receiver: tuple[Webhook, Shaky, list[Any]]) -> None:
    hook, inbox, seen = receiver
    names = [event.id for event in happenings()]
    inbox.answers = {name: [503, 503, HANG] for name in names[: PEOPLE * 2 : 3]}
    troubled = list(inbox.answers)

    # What the stream tells twice is told once.
    assert webhooks.announce(happenings()) == len(names)
    webhooks.announce(happenings()[:7])
    deliver_until(lambda: len(seen) == len(names))

    assert by_person(seen) == expected()
    attempts = Counter(inbox.attempts)
    assert {name: attempts[name] for name in names} == {name: 4 if name in troubled else 1 for name in names}
    assert list(dead_letters.oldest(hook.id)) == []


def test_poison_becomes_a_dead_letter_the_rest_flows_and_the_api_tells_it_again(receiver: tuple[Webhook, Shaky, list[Any]]) -> None:
    hook, inbox, seen = receiver
    poison = ["1-2", "3-0"]
    inbox.answers = {name: [400] * 9 for name in poison}

    webhooks.announce(happenings())
    deliver_until(lambda: len(seen) == PEOPLE * EACH - len(poison))

    assert by_person(seen) == expected(*poison)
    bearer = machine("read:webhooks", "update:webhooks", *TOLD)
    letters = api("GET", f"/webhooks/{hook.id}/dead-letters", bearer).json["dead_letters"]
    assert sorted((letter["event_id"], letter["reason"]) for letter in letters) == [(name, "answers 400") for name in poison]
    assert all(letter["attempts"] > 1 for letter in letters)
    inbox.answers.clear()
    # By then it is mended, and within the five minutes in which SQS drops what it has seen.
    assert api("POST", f"/webhooks/{hook.id}/redeliver", bearer, {"all": True}).json == {"redelivered": 2, "more": False}
    deliver_until(lambda: len(seen) == PEOPLE * EACH)

    assert sorted(event["id"] for event in seen[-2:]) == poison
    assert api("GET", f"/webhooks/{hook.id}/dead-letters", bearer).json == {"dead_letters": []}


def test_while_the_table_is_out_of_reach_nothing_is_lost_or_overtaken(receiver: tuple[Webhook, Shaky, list[Any]]) -> None:
    _, _, seen = receiver
    webhooks.announce(happenings())
    webhooks.forget()
    with befalls("dynamodb.GetItem", refused("ProvisionedThroughputExceededException")), pytest.raises(AssertionError):
        deliver_until(lambda: bool(seen), seconds=2)
    assert seen == []
    deliver_until(lambda: len(seen) == PEOPLE * EACH)

    assert by_person(seen) == expected()


def test_what_the_function_cannot_read_ends_in_the_other_queue_and_the_rest_flows(
    queue: str, receiver: tuple[Webhook, Shaky, list[Any]]
) -> None:
    _, _, seen = receiver
    sqs = boto3.client("sqs")
    aside = sqs.create_queue(QueueName="UndeliveredWebhooks.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=aside, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    group = webhooks.telling._digest(webhooks.listed()[0].id, "gatehouse|0")
    sqs.send_message(QueueUrl=queue, MessageBody="no JSON", MessageGroupId=group, MessageDeduplicationId="poison")
    try:
        webhooks.announce(happenings())
        deliver_until(lambda: len(seen) == PEOPLE * EACH)

        assert by_person(seen) == expected()
        (message,) = sqs.receive_message(QueueUrl=aside)["Messages"]
        assert message["Body"] == "no JSON"
    finally:
        sqs.delete_queue(QueueUrl=aside)
