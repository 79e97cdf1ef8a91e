"""A batch of the stream on its way out, with trouble at every step of it: no event is lost and none invented (F8)."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from gatehouse import backchannel_logout, event_bus, memberships, organizations, sessions, table, usage, users
from gatehouse.settings import settings
from gatehouse.users import User
from tests.unit.buses import connect, heard
from tests.unit.conftest import QUEUES, queue_attributes
from tests.unit.deletions import deleted, entries, operator
from tests.unit.faults import DENIED, THROTTLED, Fate, always, answer, go_through, trouble, unreachable
from tests.unit.flows import Browser, browser_of, later, new_client, new_user, tokens_of
from tests.unit.streams import Record, after, passed_on, turn_on, waiting
from tests.unit.webhooks import subscribed

URI = "https://rp.example.com/back"


@pytest.fixture(autouse=True)
def bus(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_on()
    connect(monkeypatch)
    # How long it is waited is seen against a real bus, not here.
    monkeypatch.setattr(event_bus, "_PAUSES_SECONDS", (0, 0))


def history() -> list[Record]:
    """What the stream tells of two people, one of whom goes in the end."""
    app, acme, bearer = new_client(backchannel_logout_uri=URI).client_id, organizations.create("acme"), operator()

    def deeds() -> None:
        ada, eve = new_user(), new_user("eve@example.com")
        tokens_of(app, browser_of(ada))
        tokens_of(app, browser_of(ada))
        Browser().sign_in(app, "eve@example.com")
        memberships.join(acme.org_id, eve.user_id)
        first, _ = sessions.of_user(ada.user_id)
        sessions.revoke(ada.user_id, first.sid, "revoked_by_operator")
        users.set_blocked(ada.user_id, True)
        with later(5):
            deleted(eve.user_id, bearer)

    with later(0):
        return after(deeds)


def numbers(records: Iterable[Record]) -> list[str]:
    return [record["dynamodb"]["SequenceNumber"] for record in records]


def until_done(records: list[Record]) -> list[str]:
    """What Lambda hands over again and again, until nothing is left; the ids that arrived, in order."""
    arrived: list[str] = []
    for _ in range(5):
        again = passed_on(records)
        arrived += [event["id"] for event in heard()]
        if not again:
            return arrived
        assert len(again) == 1
        records = records[numbers(records).index(again[0]) :]
    raise AssertionError("it does not end")


def in_order(arrived: list[str]) -> list[str]:
    """Each once, where it arrived first."""
    return list(dict.fromkeys(arrived))


def forget_what_was_written() -> None:
    backchannel_logout.forget()
    waiting()
    for entry in entries():
        key = {name: {"S": entry[name]} for name in ("pk", "sk")}
        boto3.client("dynamodb").delete_item(TableName=settings().audit_table_name, Key=key)
    for item in table.query(table.stats_partition):
        table.delete({"pk": item["pk"], "sk": item["sk"]})
    # Made anew: it remembers for minutes what it had.
    boto3.client("sqs").delete_queue(QueueUrl=settings().webhook_queue_url)
    name = QUEUES["WEBHOOK_QUEUE_URL"]
    boto3.client("sqs").create_queue(QueueName=name, Attributes=queue_attributes(name))


def outcome() -> tuple[Any, ...]:
    """What a batch leaves behind beside events on the bus: entries, statistics, notices, and what a webhook is told of each person."""
    told: dict[str, list[str]] = {}
    for message in waiting("webhook_queue_url"):
        told.setdefault(message["user_id"], []).append(message["id"])
    kept = sorted(entry["event_id"] for entry in entries() if "event_id" in entry)
    days = [(day.logins, day.signups) for day in usage.daily("0000-01-01", "9999-12-31")]
    return kept, days, sorted(notice["id"] for notice in waiting()), told


def nth(number: int, fate: Fate) -> Iterator[Fate]:
    return itertools.chain([go_through] * number, [fate])


def test_trouble_at_any_call_of_a_batch_loses_and_invents_nothing() -> None:
    subscribed("arn:aws:lambda:eu-central-1:123456789012:function:subscriber")
    records = history()
    until_done(records)
    forget_what_was_written()
    with trouble() as calls:
        expected = until_done(records)
    left = outcome()
    assert len(expected) > 8 and left[1] == [(1, 2)] and len(left[0]) > 3 and len(left[2]) == 2
    assert len(left[3]) == 2 and sorted(itertools.chain(*left[3].values())) == sorted(expected)

    for place in range(len(calls)):
        forget_what_was_written()
        once = nth(place, DENIED)
        with trouble(dict.fromkeys(("dynamodb", "eventbridge", "sqs"), once)):
            arrived = until_done(records)
        assert in_order(arrived) == expected, calls[place]
        assert outcome() == left, calls[place]


def test_batches_in_any_order_lead_to_the_same_events_and_undo_no_sign_out() -> None:
    user = new_user()
    tokens_of(new_client().client_id, browser_of(user))

    def deeds() -> None:
        users.sign_out_everywhere(user.user_id, invocation_id="x")
        users.set_blocked(user.user_id, True)
        users.set_blocked(user.user_id, False)
        users.sign_out_everywhere(user.user_id, invocation_id="y")

    records = after(deeds)
    found = {tuple(sorted(set(until_done(list(order))))) for order in itertools.permutations(records)}

    assert len(found) == 1
    now = users.get(user.user_id)
    assert now is not None and now.epoch == user.epoch + 3


def blocked(*people: User) -> list[Record]:
    return after(lambda: [users.set_blocked(user.user_id, True) for user in people])


def without(*places: int) -> Fate:
    """The bus takes all entries of a request but these."""

    def fate(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
        given = json.loads(request.body)["Entries"]
        taken = [entry for place, entry in enumerate(given) if place not in places]
        told = [{"ErrorCode": "ThrottlingException"} if place in places else {"EventId": str(place)} for place in range(len(given))]
        if taken:
            request.body = json.dumps({"Entries": taken}).encode()
            really()
        return answer(200, {"FailedEntryCount": len(given) - len(taken), "Entries": told})(request, really)

    return fate


def test_an_entry_that_the_bus_did_not_take_is_sent_again_alone() -> None:
    records = blocked(*(new_user(f"{name}@example.com") for name in "abc"))

    with trouble({"eventbridge.PutEvents": [without(1, 4), without(1)]}) as sent:
        assert passed_on(records) == []

    assert sent.count("eventbridge.PutEvents") == 3
    found = [event["id"] for event in heard()]
    assert len(found) == len(set(found)) == 6


@pytest.mark.parametrize("place", range(3))
def test_the_record_of_an_entry_that_is_never_taken_comes_again_with_all_behind_it(place: int) -> None:
    records = blocked(*(new_user(f"{name}@example.com") for name in "abc"))

    with trouble({"eventbridge.PutEvents": [without(2 * place), *[without(0)] * 2]}):
        again = passed_on(records)

    assert again == numbers(records)[place : place + 1]
    first = {event["id"] for event in heard()}
    assert len(first | set(until_done(records[place:]))) == 6


@pytest.mark.parametrize("fate", [THROTTLED, DENIED, unreachable], ids=["throttled", "denied", "unreachable"])
def test_while_the_bus_is_away_everything_comes_again_and_whoever_else_is_told_is_told_once(fate: Fate) -> None:
    subscribed("arn:aws:lambda:eu-central-1:123456789012:function:subscriber")
    user = new_user()
    tokens_of(new_client(backchannel_logout_uri=URI).client_id, browser_of(user))
    records = blocked(user)

    with trouble({"eventbridge": always(fate)}):
        assert [passed_on(records) for _ in range(3)] == [numbers(records)[:1]] * 3
    assert heard() == []
    assert len(until_done(records)) == 3
    assert [entry["action"] for entry in entries() if "event_id" in entry] == ["user.blocked"]
    assert [len(waiting()), len(waiting("webhook_queue_url"))] == [1, 3]


def test_an_answer_that_nobody_understands_is_asked_for_again_record_by_record() -> None:
    records = blocked(*(new_user(f"{name}@example.com") for name in "abc"))
    odd = answer(200, {"Entries": []})

    with trouble({"eventbridge.PutEvents": [odd, go_through, odd]}):
        assert passed_on(records) == []

    assert len({event["data"]["user_id"] for event in heard()}) == 2
    (aside,) = waiting("failed_events_queue_url")
    assert aside["sequence_number"] == numbers(records)[1]


def test_many_events_go_in_few_requests_and_none_is_too_large() -> None:
    user = new_user()
    large = {f"k{number}": "x" * 500 for number in range(200)}
    records = after(lambda: [users.describe(user.user_id, app_metadata={**large, "at": number}) for number in range(5)])
    small = after(lambda: [users.describe(user.user_id, app_metadata={"at": number}) for number in range(25)])

    with trouble() as sent:
        passed_on(small)
        passed_on(records)

    assert sent.count("eventbridge.PutEvents") == 3 + 3
    assert len(heard()) == 30


def test_without_a_bus_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_BUS_NAME", "")
    settings.cache_clear()

    assert passed_on(blocked(new_user())) == []

    assert heard() == []
    assert [entry["action"] for entry in entries()] == ["user.blocked"]
