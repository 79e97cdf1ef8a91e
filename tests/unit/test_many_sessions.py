"""Somebody with thousands of sessions signs out everywhere: every application is told, and the stream does not wait for it (F8)."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from gatehouse import session_ids, sessions, table, users
from gatehouse.events.of_sessions import MOST_TOLD
from gatehouse.settings import settings
from gatehouse.users import User
from tests.permissions import template
from tests.unit.buses import connect, heard
from tests.unit.faults import DENIED, Fate, always, answer, go_through, trouble
from tests.unit.flows import later, new_client, new_user
from tests.unit.streams import after, passed_on, turn_on, waiting
from tests.unit.webhooks import subscribed

MANY = 5000


@pytest.fixture(autouse=True)
def bus(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_on()
    connect(monkeypatch)
    subscribed("arn:aws:lambda:eu-central-1:123456789012:function:subscriber", events=("session.*", "user.signed_out"))


@pytest.fixture
def ada() -> User:
    return new_user()


def begun(user: User, number: int) -> None:
    """So many sessions of a client that wants to know of their end."""
    client_id = new_client(backchannel_logout_uri="https://rp.example.com/back").client_id
    lasting: dict[str, Any] = {"client_id": client_id, "created_at": 1, "expires_at": 2**33, "idle_expires_at": 2**33}
    client, kept = boto3.resource("dynamodb").meta.client, settings().table_name
    for first in range(0, number, 25):
        ids = [session_ids.new(user.epoch) for _ in range(min(25, number - first))]
        items = [sessions.Session(user.user_id, sid, **lasting).to_item() | table.session_key(user.user_id, sid) for sid in ids]
        client.batch_write_item(RequestItems={kept: [{"PutRequest": {"Item": item}} for item in items]})


def taking(messages: list[Any]) -> Fate:
    """A queue that takes whatever comes."""

    def fate(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
        given = json.loads(request.body)["Entries"]
        messages.extend(json.loads(entry["MessageBody"]) for entry in given)
        taken = [{"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""} for entry in given]
        return answer(200, {"Successful": taken, "Failed": []})(request, really)

    return fate


def signed_out(user: User) -> list[Any]:
    return after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="x"))


def test_of_thousands_of_sessions_every_application_is_told_and_others_of_so_many_as_the_stream_has_time_for(ada: User) -> None:
    begun(ada, MANY)
    records = signed_out(ada)

    messages: list[Any] = []
    # moto looks through all messages for each one that comes.
    with trouble({"sqs.SendMessageBatch": always(taking(messages))}) as sent:
        assert passed_on(records) == []

    # Ten notices in a request, and one event: the person's others wait for it.
    assert sent.count("sqs.SendMessageBatch") == MANY // 10 + MOST_TOLD + 1
    assert sent.count("eventbridge.PutEvents") == (MOST_TOLD + 1 + 9) // 10
    assert len(sent) < MANY // 10 + MOST_TOLD + 150
    # At 30 ms each, half of the time is left.
    assert len(sent) * 0.03 < template()["Resources"]["UserEventsFunction"]["Properties"]["Timeout"] / 2
    assert len({message["sid"] for message in messages if "sid" in message}) == MANY
    told = heard()
    assert [event["type"] for event in told] == ["user.signed_out", *["session.ended"] * MOST_TOLD]
    assert (told[0]["data"]["sessions"], told[0]["data"]["sessions_left_out"]) == (MANY, MANY - MOST_TOLD)
    assert len([message for message in messages if "webhook_id" in message]) == MOST_TOLD + 1


def test_a_record_that_comes_again_to_the_same_process_makes_no_notice_but_for_what_was_not_taken(ada: User) -> None:
    begun(ada, 12)
    records = signed_out(ada)

    with trouble({"sqs.SendMessageBatch": [go_through, DENIED]}):
        assert len(passed_on(records)) == 1
    assert [passed_on(records) for _ in range(2)] == [[], []]

    notices = [notice["id"] for notice in waiting()]
    assert len(set(notices)) == len(notices) == 12


def test_of_some_sessions_each_is_told(ada: User) -> None:
    begun(ada, 3)

    with later(0):
        assert passed_on(signed_out(ada)) == []

    told = heard()
    assert [event["type"] for event in told] == ["user.signed_out", *["session.ended"] * 3]
    assert told[0]["data"]["sessions"] == 3
    assert "sessions_left_out" not in json.dumps(told)


@pytest.mark.parametrize("kind", ["user.blocked", "user.password_changed"])
def test_whatever_else_ends_all_sessions_says_how_many_these_were(ada: User, kind: str) -> None:
    begun(ada, 2)
    ways = {
        "user.blocked": lambda: users.set_blocked(ada.user_id, True),
        "user.password_changed": lambda: table.transact(users.password_write(ada.user_id, ada.email, "hash")),
    }

    assert passed_on(after(ways[kind])) == []

    (event,) = [event for event in heard() if event["type"] == kind]
    assert event["data"]["sessions"] == 2
