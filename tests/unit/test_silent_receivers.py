"""A receiver that takes requests and keeps silent does not take the time of all others (F12)."""

from collections.abc import Iterator

import pytest

from gatehouse import webhook_deliveries
from gatehouse.webhooks import Webhook
from tests.receiver import Receiver, receiving
from tests.unit.faults import trouble
from tests.unit.flows import later
from tests.unit.webhooks import at, happening, letters, subscribed, told, worked_off

PEOPLE = 20
SILENCE, PATIENCE, IMPATIENCE = 30.0, 0.4, 0.1


@pytest.fixture(autouse=True)
def patience(laptop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_deliveries, "PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr(webhook_deliveries, "IMPATIENCE_SECONDS", IMPATIENCE)


@pytest.fixture
def silent() -> Iterator[Receiver]:
    with receiving([SILENCE] * 100) as listening:
        yield listening


@pytest.fixture
def hook(silent: Receiver) -> Webhook:
    return subscribed(silent.url)[0]


def happenings() -> list[str]:
    """Something of each of many people, and who they are."""
    people = [f"gatehouse|{number}" for number in range(PEOPLE)]
    told(*(happening(f"e-{person}", person) for person in people))
    return people


def test_beside_a_receiver_that_is_silent_another_gets_everything_at_once(silent: Receiver, hook: Webhook) -> None:
    with receiving() as healthy:
        subscribed(healthy.url)
        people = happenings()

        with later(0):
            assert len(worked_off()) == 2 * PEOPLE

        assert sorted(headers["webhook-id"] for headers, _ in healthy.requests) == sorted(f"e-{person}" for person in people)
    # The others were not asked for.
    assert len(silent.requests) == webhook_deliveries.MOST_WAITS


def test_one_that_was_silent_is_asked_again_after_a_while_and_waited_for_briefly_until_it_answers(silent: Receiver, hook: Webhook) -> None:
    happenings()
    with later(0):
        worked_off()
        asked = len(silent.requests)
        at(webhook_deliveries.LEFT_ALONE_SECONDS - 1)
        assert len(silent.requests) == asked
        at(webhook_deliveries.LEFT_ALONE_SECONDS + 1)
        assert len(silent.requests) == asked + 1

        silent.answers.clear()
        at(3 * webhook_deliveries.LEFT_ALONE_SECONDS)
        assert len({headers["webhook-id"] for headers, _ in silent.requests}) == PEOPLE


def test_an_answer_in_between_ends_the_count(silent: Receiver, hook: Webhook) -> None:
    silent.answers[:] = [SILENCE, SILENCE, 200, SILENCE, SILENCE, 503, *[SILENCE] * 100]
    happenings()
    with later(0):
        worked_off()

    assert len(silent.requests) == 6 + webhook_deliveries.MOST_WAITS


def test_what_was_not_asked_for_is_no_attempt_and_given_up_much_later(silent: Receiver, hook: Webhook) -> None:
    happenings()
    with later(webhook_deliveries.FAILED_SECONDS + 1):
        worked_off()
        assert len(letters(hook)) == webhook_deliveries.MOST_WAITS
    with later(webhook_deliveries.POSTPONED_SECONDS + 1):
        worked_off()
        assert len(letters(hook)) == PEOPLE
        assert {letter.reason for letter in letters(hook)} == {
            "did not answer within 0.4 s",
            "did not answer within 0.1 s",
            "left alone, as it did not answer",
        }
    assert len(silent.requests) == webhook_deliveries.MOST_WAITS + 1


def test_the_webhooks_are_read_once_a_minute_and_not_for_each_delivery(silent: Receiver, hook: Webhook) -> None:
    silent.answers.clear()
    happenings()
    with trouble() as sent:
        assert len(worked_off()) == PEOPLE

    assert sent.count("dynamodb.GetItem") <= 1
    assert len(silent.requests) == PEOPLE
