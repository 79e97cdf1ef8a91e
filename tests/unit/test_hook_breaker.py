"""When a hook is left alone for a while: only where it keeps silent, to several people, and never because of what it answers (row F12)."""

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest

from gatehouse.hooks import CONTINUE, POST_LOGIN, calls
from tests.operator_functions import Handler, Sent
from tests.unit.hooks import (
    FAILURES,
    Hooked,
    answering,
    breaks,
    crashes,
    denied,
    failing_first,
    hangs,
    hooked,
    huge,
    no_json,
    passes,
    raw,
    refusing,
    sending,
    throttled,
    times_out,
)

pytestmark = [pytest.mark.usefixtures("lambdas", "laptop"), pytest.mark.row("F12")]
PEOPLE = ("ada", "eve", "joe", "ada", "eve", "joe", "ada", "eve")


def asked(of: Hooked, people: Iterable[str] = PEOPLE, seconds: float = calls.TOTAL_SECONDS) -> list[str]:
    """What came of it for these people, one after the other."""
    return [_attempt(of, person, seconds).outcome for person in people]


def _attempt(of: Hooked, person: str, seconds: float) -> calls.Attempt[Any]:
    return calls.attempt(of.hook, {"userName": person}, calls.Accepted, idempotency_id="x", deadline=calls.Deadline(seconds))


@pytest.mark.parametrize("failing", [throttled, times_out])
def test_a_function_that_kept_silent_five_times_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch, failing: Handler) -> None:
    monkeypatch.setattr(calls, "_PAUSE_SECONDS", 0.2)
    hook, other = hooked(POST_LOGIN, failing_first(6, failing)), hooked(POST_LOGIN, passes)

    assert asked(hook) == ["failed"] * 8
    assert len(hook.calls) == 5
    assert asked(other) == ["ok"] * 8

    time.sleep(0.25)
    # The one that is let through fails once more, and it is left alone again at once.
    assert asked(hook, "ada") == ["failed"] * 3
    assert len(hook.calls) == 6

    time.sleep(0.25)
    assert asked(hook, "ada") == ["ok"] * 3


def test_a_url_where_nobody_is_is_left_alone_for_a_while() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        hook = hooked(POST_LOGIN, passes, at_url=True, target=f"http://127.0.0.1:{nobody.getsockname()[1]}/")

        assert asked(hook, PEOPLE[:5]) == ["failed"] * 5
        assert _attempt(hook, "bob", 20).reason == "left alone after several failures"


@pytest.mark.parametrize("at_url", [False, True])
def test_a_hook_that_hangs_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch, at_url: bool) -> None:
    monkeypatch.setattr(calls, "_FAILURES", 3)
    hook = hooked(POST_LOGIN, hangs, at_url=at_url, timeout_seconds=1)

    asked(hook, PEOPLE[:4])

    assert len(hook.calls) == 3


def test_silence_to_one_or_two_people_may_be_their_doing() -> None:
    hook = hooked(POST_LOGIN, throttled)

    asked(hook, ["mallory", "eve"] * 10)
    assert len(hook.calls) == 20

    asked(hook, ["ada", "bob"])
    assert len(hook.calls) == 21


ANSWERS: dict[str, tuple[Handler, bool]] = {
    "huge": (huge, False),
    "huge from a URL": (huge, True),
    "no JSON": (no_json, False),
    "no JSON from a URL": (no_json, True),
    "null": (answering(None), False),
    "a list": (answering([]), False),
    "crashed": (crashes, False),
    "5xx": (breaks, True),
    "429 from a URL": (raw(b"", 429), True),
    "hung up in the middle": (sending(Sent(200, b"{}", {"content-length": "1000"})), True),
    "denied": (denied, False),
    "larger than Lambda takes": FAILURES["larger than Lambda takes"],
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_has_answered_is_asked_again_however_it_answered(kind: str) -> None:
    handler, at_url = ANSWERS[kind]
    hook = hooked(POST_LOGIN, handler, at_url=at_url)

    assert asked(hook) == ["failed"] * 8

    assert len(hook.calls) == 8


def test_who_has_less_time_than_the_hook_is_to_have_learns_nothing_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_FAILURES", 2)
    monkeypatch.setattr(calls, "_PEOPLE", 2)
    hook = hooked(POST_LOGIN, hangs, timeout_seconds=2)

    asked(hook, PEOPLE[:3], seconds=1.5)

    assert len(hook.calls) == 3


def test_a_hook_that_says_no_or_yes_in_between_is_not_left_alone() -> None:
    answers = [*[throttled] * 4, refusing(), *[throttled] * 4, passes, *[throttled] * 4]
    hook = hooked(POST_LOGIN, lambda event, context: answers[len(hook.calls) - 1](event, context), fail_mode=CONTINUE)

    for number in range(len(answers)):
        with suppress(calls.Vetoed):
            asked(hook, [f"person-{number}"])

    assert len(hook.calls) == len(answers)
