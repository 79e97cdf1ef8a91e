"""What a webhook is sent can be trusted: signed over id, time and body, the same on every attempt (row 93)."""

import json
from collections.abc import Iterator

import pytest

from gatehouse import clock, webhooks
from tests.receiver import Receiver, receiving
from tests.unit.flows import later
from tests.unit.webhooks import arrived, at, due, happening, subscribed, told, worked_off

pytestmark = pytest.mark.row(93)


@pytest.fixture
def receiver(laptop: None) -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def test_an_event_arrives_as_it_is_and_is_signed(receiver: Receiver) -> None:
    _, secret = subscribed(receiver.url)
    event = happening("an-event", kind="user.blocked", user={"name": "Ada Løvelace"})

    assert told(event) == 1
    with later(0):
        assert worked_off() == [("an-event", 1)]
        now = clock.now()

    ((headers, body),) = receiver.requests
    assert json.loads(body) == event.document()
    assert (headers["content-type"], headers["webhook-id"], headers["webhook-timestamp"]) == ("application/json", "an-event", str(now))
    assert arrived(receiver, secret) == ["an-event"]


def test_a_repeat_has_the_same_id_and_the_same_bytes_and_a_signature_of_its_own_time(receiver: Receiver) -> None:
    _, secret = subscribed(receiver.url)
    receiver.answers += [503, 503, b"", 200]
    told(happening("e", user={"name": 'A "B" \\ é ☃ 😀', "n": 1.5, "big": 2**60, "none": None}))

    with later(0):
        assert [at(seconds) for seconds in due(4)] == [[("e", 1)], [("e", 2)], [("e", 3)], [("e", 4)]]

    assert len({body for _, body in receiver.requests}) == 1
    assert arrived(receiver, secret) == ["e"] * 4
    times = [int(headers["webhook-timestamp"]) for headers, _ in receiver.requests]
    assert [seconds - times[0] for seconds in times] == due(4)
    assert len({headers["webhook-signature"] for headers, _ in receiver.requests}) == 4


def test_while_a_secret_is_rotated_both_sign_and_afterwards_the_new_one_alone(receiver: Receiver) -> None:
    hook, old = subscribed(receiver.url)
    with later(0):
        _, new = webhooks.rotate_secret(hook.id, overlap_seconds=3600)
        for name, seconds in (("during", 3599), ("after", 3601)):
            told(happening(name))
            at(seconds)

    during, after = ([headers["webhook-signature"].split()] for headers, _ in receiver.requests)
    assert (len(during[0]), len(after[0])) == (2, 1)
    assert arrived(receiver, new) == ["during", "after"]
    del receiver.requests[1]
    assert arrived(receiver, old) == ["during"]


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(receiver: Receiver) -> None:
    hook, _ = subscribed(receiver.url)
    _, new = webhooks.rotate_secret(hook.id, overlap_seconds=0)
    told(happening("e"))
    worked_off()

    ((headers, _),) = receiver.requests
    assert len(headers["webhook-signature"].split()) == 1
    assert arrived(receiver, new) == ["e"]
