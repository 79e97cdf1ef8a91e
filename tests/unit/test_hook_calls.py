"""One call of a hook: what comes of answers, refusals and failures of every kind, for functions and for URLs (rows 91, 92 and F12)."""

import base64
import hmac
import json
import socket
import time
from typing import Any

import pytest

from gatehouse import clock, message_signatures, settings
from gatehouse.errors import Unavailable
from gatehouse.hooks import CONTINUE, DENY, POST_LOGIN, calls, events
from tests.operator_functions import Sent, arn_of
from tests.unit.flows import later
from tests.unit.hooks import (
    FAILURES,
    Hooked,
    breaks,
    denied,
    deployed,
    failing_first,
    hangs,
    hooked,
    passes,
    raw,
    refusing,
    responding,
    sending,
)

pytestmark = pytest.mark.usefixtures("lambdas", "laptop")
EVENT = {"version": "1", "triggerSource": "PostAuthentication_Authentication", "request": {"userAttributes": {}}, "response": {}}
CANARY = "canary-9f1c"


def taken(answer: Any) -> calls.Accepted[Any]:
    return calls.Accepted(answer)


def run(of: Hooked) -> Any:
    return calls.run(of.hook, EVENT, taken, idempotency_id="sign-in-1", deadline=calls.Deadline())


@pytest.mark.parametrize("at_url", [False, True])
def test_a_hook_is_sent_the_event_and_its_answer_is_taken(at_url: bool) -> None:
    hook = hooked(POST_LOGIN, passes, at_url=at_url)

    assert run(hook) == EVENT
    assert hook.calls == [EVENT]


@pytest.mark.parametrize("kind", FAILURES)
def test_what_fails_stops_the_person_if_the_hook_is_to_deny(kind: str) -> None:
    handler, at_url = FAILURES[kind]

    with pytest.raises(Unavailable):
        run(hooked(POST_LOGIN, handler, at_url=at_url, fail_mode=DENY))


@pytest.mark.parametrize("kind", FAILURES)
def test_what_fails_is_as_if_it_were_not_there_if_the_hook_is_to_continue(kind: str) -> None:
    handler, at_url = FAILURES[kind]

    assert run(hooked(POST_LOGIN, handler, at_url=at_url, fail_mode=CONTINUE)) is None


@pytest.mark.parametrize("at_url", [False, True])
def test_a_hook_that_says_no_vetoes_with_its_reason_in_either_mode(at_url: bool) -> None:
    for fail_mode in (DENY, CONTINUE):
        with pytest.raises(calls.Vetoed) as vetoed:
            run(hooked(POST_LOGIN, refusing("not today"), at_url=at_url, fail_mode=fail_mode))
        assert vetoed.value.reason == vetoed.value.told(first_party=True) == "not today"
        # What a URL answers is meant for others; what an exception says perhaps not.
        assert vetoed.value.told(first_party=False) == ("not today" if at_url else "")


@pytest.mark.parametrize("at_url", [False, True])
def test_a_hook_that_is_silent_is_given_up_after_its_timeout(at_url: bool) -> None:
    with pytest.raises(Unavailable):
        run(hooked(POST_LOGIN, hangs, at_url=at_url, timeout_seconds=1))


@pytest.mark.parametrize("at_url", [False, True])
def test_a_reason_is_cut_and_cannot_break_a_page_or_a_log_line(at_url: bool) -> None:
    with pytest.raises(calls.Vetoed) as vetoed:
        run(hooked(POST_LOGIN, refusing("no\r\nX-Evil: 1\u202e" + "x" * 1000), at_url=at_url))

    assert vetoed.value.reason == ("no  X-Evil: 1 " + "x" * 1000)[: calls.LONGEST_REASON]


def test_a_url_that_says_no_without_a_reason_that_can_be_read_says_no() -> None:
    for body in (b"", b"no", b"[]", b"\xff", b"[" * 100_000):
        with pytest.raises(calls.Vetoed) as vetoed:
            run(hooked(POST_LOGIN, raw(body, 403), at_url=True))
        assert vetoed.value.reason == ""


@pytest.mark.parametrize(
    "body",
    [
        b'{"response": NaN}',
        b'{"response": {"x": Infinity}}',
        b'{"response": {"x": 1e999}}',
        b'{"response": {"deny": {}, "deny": null}}',
        b'{"response": {"deny": {}}, "response": {}}',
        b"[" * 100_000,
        b"null",
        b"\xff\xfe",
        b"",
    ],
)
def test_an_answer_that_others_would_read_otherwise_is_none(body: bytes) -> None:
    for at_url in (False, True):
        with pytest.raises(Unavailable):
            run(hooked(POST_LOGIN, raw(body), at_url=at_url))


def test_what_its_trigger_cannot_take_is_a_failure_that_names_the_member_only() -> None:
    def picky(_answer: Any) -> calls.Accepted[Any]:
        raise calls.Malformed("response.claims must be an object")

    hook = hooked(POST_LOGIN, passes).hook
    tried = calls.attempt(hook, EVENT, picky, idempotency_id="x", deadline=calls.Deadline())

    assert (tried.outcome, tried.reason, tried.answer) == ("failed", "response.claims must be an object", EVENT)


def test_when_the_time_of_the_request_is_over_no_hook_is_called_and_none_is_blamed() -> None:
    hook = hooked(POST_LOGIN, passes)

    for _ in range(10):
        with pytest.raises(Unavailable):
            calls.run(hook.hook, EVENT, taken, idempotency_id="x", deadline=calls.Deadline(0.5))
    assert hook.calls == []

    assert run(hook) == EVENT


def test_a_hook_gets_no_more_time_than_the_request_has_left() -> None:
    hook, started = hooked(POST_LOGIN, hangs, timeout_seconds=15), time.monotonic()

    with pytest.raises(Unavailable):
        calls.run(hook.hook, EVENT, taken, idempotency_id="x", deadline=calls.Deadline(1.5))

    assert time.monotonic() - started < 10


def test_events_to_a_url_are_signed_and_keep_their_id_over_repeats() -> None:
    secret, shown = message_signatures.new_secret()
    hook = hooked(POST_LOGIN, failing_first(1, breaks), at_url=True, secret=secret)

    with pytest.raises(Unavailable):
        run(hook)
    run(hook)

    for headers, body in zip(hook.function.headers, hook.function.bodies, strict=True):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = hmac.digest(base64.b64decode(shown.removeprefix("whsec_")), signed, "sha256")
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
        assert headers["content-type"] == "application/json"
        assert abs(int(headers["webhook-timestamp"]) - clock.now()) < 5
    assert [headers["webhook-id"] for headers in hook.function.headers] == ["sign-in-1"] * 2


def test_while_a_secret_is_rotated_both_sign() -> None:
    secret, _ = message_signatures.new_secret()
    both = message_signatures.successor(secret, message_signatures.new_secret()[0], overlap_seconds=3600)
    hook = hooked(POST_LOGIN, passes, at_url=True, secret=both)

    run(hook)
    with later(3601):
        run(hook)

    assert [len(headers["webhook-signature"].split()) for headers in hook.function.headers] == [2, 1]


def test_a_url_without_a_secret_is_not_called() -> None:
    hook = hooked(POST_LOGIN, passes, at_url=True, secret=None)

    with pytest.raises(Unavailable):
        run(hook)
    assert hook.calls == []


def test_an_event_of_a_user_repeats_its_id_in_the_metadata_for_clients() -> None:
    hook = hooked(POST_LOGIN, passes, configuration={"plan": "free"}, secret_arn="")

    made = [
        events.envelope(
            hook.hook, "PostAuthentication_Authentication", user_name="u", client_id="c", idempotency_id="id-1", request={}, response={}
        )
        for _ in range(2)
    ]

    assert made[0] == made[1]
    assert made[0]["request"] == {"clientMetadata": {"hook_id": hook.id, "idempotency_id": "id-1"}, "configuration": {"plan": "free"}}


@pytest.mark.row(92)
def test_a_url_is_judged_again_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUER", "https://id.example.com")
    settings.settings.cache_clear()
    hook = hooked(POST_LOGIN, passes, at_url=True, target="https://hooks.example.com/", fail_mode=CONTINUE)
    inner = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inner)

    tried = calls.attempt(hook.hook, EVENT, taken, idempotency_id="x", deadline=calls.Deadline())

    assert (tried.outcome, tried.reason) == ("failed", "leads to an address that is not public")


@pytest.mark.row(92)
def test_a_redirect_is_not_followed() -> None:
    elsewhere = deployed(passes)
    hook = hooked(POST_LOGIN, sending(Sent(302, b"{}", {"location": elsewhere.url})), at_url=True, fail_mode=CONTINUE)

    assert run(hook) is None
    assert elsewhere.calls == []


def test_a_function_that_does_not_exist_or_may_not_be_called_is_a_failure_whose_line_names_the_hook(capsys: Any) -> None:
    for target, handler in ((arn_of("nobody"), passes), ("", denied)):
        hook = hooked(POST_LOGIN, handler, **({"target": target} if target else {})).hook
        with pytest.raises(Unavailable) as failed:
            calls.run(hook, EVENT, taken, idempotency_id="x", deadline=calls.Deadline())
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(line["message"], line["hook_id"]) for line in lines] == [("hook", hook.id), ("HookFailed", hook.id)]
        assert lines[0]["reason"] == ("ResourceNotFoundException" if target else "AccessDeniedException")
        assert hook.id in failed.value.detail


@pytest.mark.row(91)
def test_a_run_leaves_one_line_with_its_outcome_and_nothing_that_is_secret(capsys: Any) -> None:
    secret, shown = message_signatures.new_secret()
    event = EVENT | {"request": {"password": CANARY, "userAttributes": {"email": CANARY}}}
    hook = hooked(POST_LOGIN, responding({"token": CANARY}), at_url=True, secret=secret, configuration={"key": CANARY}).hook

    def some(answer: Any) -> calls.Accepted[Any]:
        return calls.Accepted(answer, bytes_added=12, left_out=["sub", "iss"])

    calls.run(hook, event, some, idempotency_id="id-1", deadline=calls.Deadline())

    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    expected = {
        "message": "hook",
        "hook_id": hook.id,
        "trigger": "post_login",
        "outcome": "ok",
        "bytes_added": 12,
        "left_out": "sub iss",
        "idempotency_id": "id-1",
    }
    assert {name: told[name] for name in expected} == expected
    assert 0 <= told["ms"] < 5000
    assert CANARY not in line
    assert shown.removeprefix("whsec_") not in line


@pytest.mark.row(91)
@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_repeats_nothing_of_what_was_sent_or_answered(kind: str, capsys: Any) -> None:
    handler, at_url = FAILURES[kind]
    event = EVENT | {"request": {"password": CANARY}}

    calls.run(
        hooked(POST_LOGIN, handler, at_url=at_url, fail_mode=CONTINUE).hook,
        event,
        taken,
        idempotency_id="x",
        deadline=calls.Deadline(),
    )

    written = capsys.readouterr().out
    assert CANARY not in written
    assert json.loads(written.splitlines()[0])["outcome"] == "failed"
