"""Webhooks are told in order for each person, later and later where it fails, and in the end not at all (F8, F12)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse import clock, deliveries, keys, webhook_deliveries, webhooks
from gatehouse.dead_letters import KEPT_SECONDS
from gatehouse.settings import settings
from gatehouse.webhooks import Webhook
from tests.permissions import template
from tests.receiver import Receiver, receiving
from tests.unit.faults import DENIED, THROTTLED, always, trouble
from tests.unit.flows import later
from tests.unit.webhooks import BOB, at, delivered, due, happening, letters, record, subscribed, told, worked_off

SHORTEST = deliveries.SHORTEST_WAIT_SECONDS
# How often a message is attempted that fails, and one that is refused, until it is old enough to be given up.
ATTEMPTS, REFUSALS = (
    1 + len([seconds for seconds in due(40) if seconds < longest])
    for longest in (webhook_deliveries.FAILED_SECONDS, webhook_deliveries.REFUSED_SECONDS)
)
NO_BODY = '{"id": "x", "webhook_id": "HOOK", "kind": "k", "user_id": "u"}'


@pytest.fixture
def receiver(laptop: None) -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def hook(receiver: Receiver) -> Webhook:
    return subscribed(f"{receiver.url}/events?tenant=hush")[0]


def lines(capsys: pytest.CaptureFixture[str], message: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in found if line["message"] == message]


def test_one_persons_events_wait_for_each_other_and_for_nobody_elses(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers.append(503)
    told(happening("ada-1"), happening("ada-2"), happening("bob-1", BOB), happening("ada-3"))

    with later(0):
        assert worked_off() == [("ada-1", 1), ("bob-1", 1)]
        assert at(SHORTEST - 1) == []
        assert at(SHORTEST + 1) == [("ada-1", 2), ("ada-2", 1), ("ada-3", 1)]


def test_in_a_batch_nothing_overtakes_what_failed_of_its_group(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers.append(503)
    told(happening("e"))
    first = record()
    assert first is not None
    other = first | {"messageId": "other", "attributes": first["attributes"] | {"MessageGroupId": "another"}}

    assert delivered(first, first | {"messageId": "behind"}, other) == [first["messageId"], "behind"]
    assert len(receiver.requests) == 2


def test_one_webhook_that_is_down_holds_up_no_other(receiver: Receiver) -> None:
    for path in ("down", "up"):
        subscribed(f"{receiver.url}/{path}")
    receiver.answers.append(503)
    assert told(happening("e-1"), happening("e-2")) == 4

    assert worked_off() == [("e-1", 1), ("e-1", 1), ("e-2", 1)]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504])
def test_what_fails_is_tried_over_hours_and_then_kept_and_the_next_is_told(receiver: Receiver, hook: Webhook, status: int) -> None:
    receiver.answers += [status] * ATTEMPTS
    told(happening("e"), happening("behind"))

    with later(0):
        found = [at(seconds) for seconds in due(ATTEMPTS)]
        now = clock.now()

    assert found == [[("e", number)] for number in range(1, ATTEMPTS)] + [[("e", ATTEMPTS), ("behind", 1)]]
    with later(0):
        (letter,) = letters(hook)
    assert (letter.event_id, letter.attempts, letter.reason) == ("e", ATTEMPTS, f"answers {status}")
    assert letter.given_up_at == now + due(ATTEMPTS)[-1]
    assert letter.body == receiver.requests[0][1]


def test_pauses_grow_from_seconds_to_hours_and_the_queue_waits_longer_than_the_function_tries() -> None:
    queue = template()["Resources"]["WebhookDeliveries"]["Properties"]
    most = queue["RedrivePolicy"]["maxReceiveCount"]

    assert [deliveries.pause_after(age) for age in (0, 30, 3600, 99_999)] == [5, 30, 3600, 14_400]
    assert webhook_deliveries.FAILED_SECONDS == 20 * 3600
    assert queue["MessageRetentionPeriod"] > 3 * webhook_deliveries.POSTPONED_SECONDS
    # With room for what comes up more often: because we are in trouble ourselves, or because its receiver is left alone for days.
    assert most > ATTEMPTS + webhook_deliveries.POSTPONED_SECONDS // deliveries.pause_after(99_999, "postponed") + 50
    assert most > 86_400 // deliveries.pause_after(99_999, "unavailable") + 50
    # What nobody can read is put aside within half an hour.
    assert most * deliveries.pause_after(99_999, "broken") < 1800
    function = template()["Resources"]["WebhookDeliveryFunction"]["Properties"]
    assert function["Timeout"] > max(webhook_deliveries.PATIENCE_SECONDS, webhook_deliveries.FUNCTION_PATIENCE_SECONDS) + 10


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_webhook_that_says_no_is_taken_at_its_word_after_half_an_hour(
    receiver: Receiver, hook: Webhook, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.answers += [status] * REFUSALS
    told(happening("poison", kind="user.created"), happening("behind"))

    with later(0):
        found = [at(seconds) for seconds in due(REFUSALS)]
    assert found == [[("poison", number)] for number in range(1, REFUSALS)] + [[("poison", REFUSALS), ("behind", 1)]]
    assert due(REFUSALS)[-2] < 1800 <= due(REFUSALS)[-1] < 3600

    (event,) = lines(capsys, "WebhookGivenUp")
    assert (event["webhook_id"], event["id"], event["kind"], event["reason"]) == (hook.id, "poison", "user.created", f"answers {status}")
    assert [(letter.event_id, letter.attempts) for letter in letters(hook)] == [("poison", REFUSALS)]


def test_a_webhook_that_says_no_while_it_is_being_deployed_gets_what_it_refused(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers += [404] * 7
    told(happening("e"))

    with later(0):
        found = [at(seconds) for seconds in due(8)]
    assert due(8)[-1] > 300
    assert found == [[("e", number)] for number in range(1, 9)]
    assert (len(receiver.requests), letters(hook)) == (8, [])


def test_an_alarm_reports_what_is_given_up() -> None:
    alarm = template()["Resources"]["WebhookGivenUpAlarm"]["Properties"]

    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("Gatehouse", "WebhookGivenUp", 1)


def test_one_that_is_gone_is_switched_off_and_what_waits_for_it_is_kept(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers.append(410)
    told(happening("e-1"), happening("e-2"))

    assert worked_off() == [("e-1", 1), ("e-2", 1)]
    assert len(receiver.requests) == 1
    found = webhooks.get(hook.id)
    assert found is not None
    assert (found.enabled, found.disabled_because) == (False, "answers 410: it wants no more events")
    assert {letter.event_id: letter.reason for letter in letters(hook)} == {"e-1": "answers 410", "e-2": "is switched off"}


def test_what_waits_for_one_that_was_removed_is_dropped_and_for_one_that_was_switched_off_kept(receiver: Receiver) -> None:
    hooks = [subscribed(receiver.url)[0] for _ in range(2)]
    told(happening("e"))
    webhooks.remove(hooks[0].id)
    webhooks.change(hooks[1].id, lambda found: Webhook(found.id, found.name, found.target, enabled=False, secret=found.secret))

    assert worked_off() == [("e", 1), ("e", 1)]
    assert (receiver.requests, at(99_999), letters(hooks[0])) == ([], [], [])
    assert [(letter.event_id, letter.attempts, letter.reason) for letter in letters(hooks[1])] == [("e", 1, "is switched off")]


def test_how_long_a_receiver_asks_us_to_wait_is_heeded_within_reason(receiver: Receiver, hook: Webhook) -> None:
    for seconds in (b"1", b"100", b"99999999", b"Wed, 21 Oct 2026 07:28:00 GMT"):
        receiver.answers.append(b"HTTP/1.1 503 Busy\r\nretry-after: %s\r\ncontent-length: 0\r\n\r\n" % seconds)
    told(happening("e"))

    with later(0):
        assert at(0) == [("e", 1)]
        assert (at(4), at(6)) == ([], [("e", 2)])
        assert (at(105), at(107)) == ([], [("e", 3)])
        longest = deliveries.LONGEST_WAIT_SECONDS
        assert (at(106 + longest), at(108 + longest)) == ([], [("e", 4)])
        assert at(109 + 2 * longest) == [("e", 5)]


def test_what_waited_for_a_day_behind_others_is_tried_once(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers += [503, 200]
    told(happening("late"), happening("later"))

    assert at(webhook_deliveries.FAILED_SECONDS + 1) == [("late", 1), ("later", 1)]
    with later(webhook_deliveries.FAILED_SECONDS + 2):
        assert [letter.event_id for letter in letters(hook)] == ["late"]


def test_a_dead_letter_is_swept_after_two_weeks_and_not_shown_longer(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers += [410]
    told(happening("e"))
    with later(0):
        worked_off()
        with later(KEPT_SECONDS - 1):
            assert len(letters(hook)) == 1
        with later(KEPT_SECONDS + 1):
            assert letters(hook) == []


def test_a_dead_letter_that_is_kept_twice_is_one(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers += [410, 410]
    told(happening("e"))
    message = record()
    assert message is not None
    delivered(message)
    webhooks.change(hook.id, lambda found: Webhook(found.id, found.name, found.target, secret=found.secret))

    # As after a lost answer of the function.
    with later(9):
        assert delivered(message) == []
    assert len(letters(hook)) == 1


@pytest.mark.parametrize("operation", ["kms", "dynamodb.GetItem"])
@pytest.mark.parametrize("fate", [DENIED, THROTTLED])
def test_while_the_webhook_or_its_secret_cannot_be_read_the_event_waits(
    receiver: Receiver, hook: Webhook, operation: str, fate: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    told(happening("e"))
    with later(0):
        keys.forget()
        webhooks.forget()
        with trouble({operation: always(fate)}):
            assert worked_off() == [("e", 1)]
        assert receiver.requests == []
        (line,) = lines(capsys, "unavailable")
        assert line["level"] == "ERROR"
        assert at(SHORTEST + 1) == [("e", 2)]
    assert len(receiver.requests) == 1


def test_what_cannot_be_kept_now_is_not_given_up(receiver: Receiver, hook: Webhook) -> None:
    receiver.answers += [400, 400]
    told(happening("e"))

    with later(1800):
        with trouble({"dynamodb.PutItem": always(DENIED)}):
            assert worked_off() == [("e", 1)]
        assert letters(hook) == []
        # No reason to hold up for half an hour what is behind it.
        assert at(901) == [("e", 2)]
        assert [letter.attempts for letter in letters(hook)] == [2]


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "null", "{}", '{"id": "x"}', NO_BODY])
def test_a_message_that_nobody_can_read_comes_again_soon_until_the_queue_puts_it_aside(
    hook: Webhook, receiver: Receiver, body: str
) -> None:
    told(happening("e"))
    good = record()
    assert good is not None
    late = good["attributes"] | {"ApproximateReceiveCount": "9", "MessageGroupId": "elsewhere"}
    bad = good | {"messageId": "bad", "body": body.replace("HOOK", hook.id), "attributes": late}

    with later(0):
        assert delivered(bad, good) == ["bad"]
        assert len(receiver.requests) == 1
        with later(5):
            assert record() is not None


def test_an_address_that_has_become_private_is_not_called(receiver: Receiver, hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUER", "https://id.example.com")
    settings.cache_clear()
    told(happening("e"))

    assert worked_off() == [("e", 1)]
    assert receiver.requests == []


def test_a_receiver_that_is_silent_or_talks_without_end_is_not_waited_for(
    receiver: Receiver, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_deliveries, "PATIENCE_SECONDS", 0.3)
    receiver.answers += [30.0, b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 9000, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"]
    told(happening("e"))

    with later(0):
        assert [at(seconds) for seconds in due(3)] == [[("e", 1)], [("e", 2)], [("e", 3)]]
        assert at(999_999) == []


def test_neither_what_happened_nor_a_secret_is_logged(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    _, secret = subscribed(f"{receiver.url}/x?token=hush")
    receiver.answers += [503, 200]
    told(happening("e", user={"email": "ada@example.com"}))
    with later(0):
        at(0), at(SHORTEST + 1)

    out = capsys.readouterr().out
    assert [line["message"] for line in map(json.loads, out.splitlines())] == ["failed", "delivered"]
    assert not any(word in out for word in ("hush", "ada@example.com", secret.removeprefix("whsec_")))
