"""What a webhook could not be told is shown to its operator, and told again by API and by command."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse import clock, table, webhooks
from gatehouse.webhook_deliveries import REFUSED_SECONDS
from gatehouse.webhooks import Webhook
from local import admin
from tests.receiver import Receiver, receiving
from tests.unit.conftest import Answer
from tests.unit.faults import DENIED, always, trouble
from tests.unit.flows import later
from tests.unit.operators import api, machine
from tests.unit.webhooks import ADA, BOB, TOLD, arrived, at, happening, letters, subscribed, told, worked_off


@pytest.fixture
def receiver(laptop: None) -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def bearer(laptop: None) -> str:
    return machine("read:webhooks", "update:webhooks", *TOLD)


def given_up(receiver: Receiver, *names: str) -> tuple[Webhook, str]:
    """A webhook that refused these events, one after the other, and takes all others; and its secret."""
    made = subscribed(receiver.url)
    for name in names:
        receiver.answers.append(400)
        told(happening(name, text="hello"))
        at(REFUSED_SECONDS)
    receiver.requests.clear()
    return made


def shown(webhook: Webhook, bearer: str, **query: Any) -> Any:
    return api("GET", f"/webhooks/{webhook.id}/dead-letters", bearer, query=query).json


def again(webhook: Webhook, bearer: str, **body: Any) -> Answer:
    return api("POST", f"/webhooks/{webhook.id}/redeliver", bearer, body)


def test_a_dead_letter_says_what_was_to_be_told_and_why_it_was_not(receiver: Receiver, bearer: str) -> None:
    with later(0):
        hook, _ = given_up(receiver, "e")

    (letter,) = shown(hook, bearer)["dead_letters"]
    assert letter["id"].endswith("-e")
    named = {name: letter[name] for name in ("event_id", "type", "user_id", "attempts", "reason")}
    assert named == {"event_id": "e", "type": "user.updated", "user_id": "gatehouse|ada", "attempts": 1, "reason": "answers 400"}
    assert letter["body"]["data"] == {"user_id": "gatehouse|ada", "text": "hello"}
    assert letter["sent_at"] < letter["given_up_at"] < letter["kept_until"]


def test_dead_letters_are_paged_newest_first(receiver: Receiver, bearer: str) -> None:
    names = [f"e-{number}" for number in range(5)]
    hook, _ = given_up(receiver, *names)

    pages, cursor = [], ""
    while True:
        page = shown(hook, bearer, take=2, **({"from": cursor} if cursor else {}))
        pages.append([letter["event_id"] for letter in page["dead_letters"]])
        cursor = page.get("next", "")
        if not cursor:
            break
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [name for page in pages for name in page] == names[::-1]
    other, _ = subscribed(receiver.url)
    page = shown(hook, bearer, take=2)
    for path, found in ((f"/webhooks/{other.id}/dead-letters", page["next"]), (f"/webhooks/{hook.id}/dead-letters", "x")):
        answer = api("GET", path, bearer, query={"from": found})
        assert (answer.status, answer.json["errorCode"]) == (400, "invalid_paging")


def test_those_that_are_named_are_told_again_as_they_were(receiver: Receiver, bearer: str) -> None:
    hook, secret = given_up(receiver, "e-1", "e-2", "e-3")
    found = {letter.event_id: letter for letter in letters(hook)}

    answer = again(hook, bearer, ids=[found["e-3"].id, found["e-1"].id, found["e-3"].id])

    assert (answer.status, answer.json) == (200, {"redelivered": 2, "more": False})
    assert worked_off() == [("e-1", 1), ("e-3", 1)]
    assert arrived(receiver, secret) == ["e-1", "e-3"]
    assert [body for _, body in receiver.requests] == [found["e-1"].body, found["e-3"].body]
    assert [letter.event_id for letter in letters(hook)] == ["e-2"]


def test_all_are_told_again_oldest_first_and_one_that_fails_again_is_a_dead_letter_again(receiver: Receiver, bearer: str) -> None:
    hook, secret = given_up(receiver, "e-1", "e-2")
    receiver.answers.append(400)

    assert again(hook, bearer, all=True).json == {"redelivered": 2, "more": False}
    assert at(REFUSED_SECONDS) == [("e-1", 1), ("e-2", 1)]

    assert arrived(receiver, secret) == ["e-1", "e-2"]
    assert [(letter.event_id, letter.attempts) for letter in letters(hook)] == [("e-1", 1)]
    assert again(hook, bearer, all=True).json == {"redelivered": 1, "more": False}
    assert again(hook, bearer, all=True).json == {"redelivered": 0, "more": False}


def test_one_request_tells_only_so_many_again(receiver: Receiver, bearer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatehouse.management.webhook_deliveries.MOST_AT_ONCE", 2)
    hook, _ = given_up(receiver, "e-1", "e-2", "e-3")

    answers = [again(hook, bearer, all=True).json for _ in range(2)]

    assert answers == [{"redelivered": 2, "more": True}, {"redelivered": 1, "more": False}]


def test_of_somebody_who_is_gone_since_only_that_is_told_again(receiver: Receiver, bearer: str) -> None:
    hook, secret = given_up(receiver, "e-1")
    receiver.answers.append(400)
    told(happening("gone", kind="user.deleted"))
    at(REFUSED_SECONDS)
    told(happening("e-2", BOB))
    receiver.answers[:] = [400]
    at(REFUSED_SECONDS)
    receiver.requests.clear()
    table.put(table.gone_key(ADA), {"at": clock.now()})

    assert again(hook, bearer, all=True).json == {"redelivered": 2, "more": False}

    worked_off()
    assert arrived(receiver, secret) == ["gone", "e-2"]
    assert letters(hook) == []


@pytest.mark.parametrize("missing", TOLD)
def test_whoever_may_not_see_what_events_tell_neither_reads_nor_sends_them(receiver: Receiver, missing: str) -> None:
    hook, _ = given_up(receiver, "e")
    bearer = machine("read:webhooks", "update:webhooks", *(scope for scope in TOLD if scope != missing))

    for answer in (api("GET", f"/webhooks/{hook.id}/dead-letters", bearer), again(hook, bearer, all=True)):
        assert (answer.status, answer.json["errorCode"]) == (403, "access_denied")
        assert missing in answer.json["message"]
    assert len(letters(hook)) == 1


def test_what_the_queue_does_not_take_stays_a_dead_letter(receiver: Receiver, bearer: str) -> None:
    hook, _ = given_up(receiver, "e-1", "e-2")
    with trouble({"sqs.SendMessageBatch": always(DENIED)}):
        answer = again(hook, bearer, all=True)

    assert (answer.status, answer.json["errorCode"]) == (503, "temporarily_unavailable")
    assert [letter.event_id for letter in letters(hook)] == ["e-1", "e-2"]


def test_one_that_was_taken_and_could_not_be_removed_is_told_once_all_the_same(receiver: Receiver, bearer: str) -> None:
    hook, _ = given_up(receiver, "e")
    with trouble({"dynamodb.DeleteItem": always(DENIED)}):
        assert again(hook, bearer, all=True).status == 503
    assert again(hook, bearer, all=True).json["redelivered"] == 1

    assert worked_off() == [("e", 1)]
    assert letters(hook) == []


def test_what_cannot_be_told_again_is_refused(receiver: Receiver, bearer: str) -> None:
    hook, _ = given_up(receiver, "e")
    (letter,) = letters(hook)
    other, _ = subscribed(receiver.url)

    for body in ({}, {"ids": []}, {"all": False}, {"ids": [letter.id], "all": True}, {"ids": ["x"] * 101}, {"all": 1}):
        assert again(hook, bearer, **body).json["errorCode"] == "invalid_body"
    for webhook, name in ((hook, "0" * 13 + "-x"), (hook, "x"), (hook, "e"), (other, letter.id)):
        assert again(webhook, bearer, ids=[letter.id, name] if webhook is hook else [name]).json["errorCode"] == "inexistent_dead_letter"
    webhooks.disable(hook.id, "answers 410")
    assert again(hook, bearer, all=True).status == 409
    assert len(letters(hook)) == 1


def test_one_is_removed_and_removing_it_again_is_done(receiver: Receiver, bearer: str) -> None:
    hook, _ = given_up(receiver, "e-1", "e-2")
    path = f"/webhooks/{hook.id}/dead-letters/{letters(hook)[0].id}"

    assert [api("DELETE", path, bearer).status for _ in range(2)] == [204, 204]
    assert [letter.event_id for letter in letters(hook)] == ["e-2"]


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["admin", "redeliver", *arguments])
    return admin.main()


def test_the_command_tells_one_or_all_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hook, secret = given_up(receiver, "e-1", "e-2", "e-3")
    capsys.readouterr()

    assert command(monkeypatch, hook.id, "--event", "e-2") == 0
    assert command(monkeypatch, hook.id) == 0

    assert capsys.readouterr().out == "1 back in the queue\n2 back in the queue\n"
    worked_off()
    assert arrived(receiver, secret) == ["e-2", "e-1", "e-3"]


def test_the_command_says_what_is_wrong(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    hook, _ = given_up(receiver, "e")
    capsys.readouterr()
    webhooks.disable(hook.id, "answers 410")

    for arguments in (["wh_none"], [hook.id, "--event", "other"], [hook.id]):
        assert command(monkeypatch, *arguments) == 1
    said = [f"error: {what}" for what in ("no such webhook", "no such dead letter", "the webhook is not enabled")]
    assert capsys.readouterr().err.splitlines() == said


def test_somebody_elses_events_do_not_wait_for_what_is_told_again(receiver: Receiver, bearer: str) -> None:
    hook, _ = given_up(receiver, "e")
    receiver.answers.append(503)
    again(hook, bearer, all=True)
    told(happening("new", BOB), happening("behind"))

    assert worked_off() == [("e", 1), ("new", 1)]
