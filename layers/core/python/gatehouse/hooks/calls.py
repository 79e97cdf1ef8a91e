"""Running one hook: what it is sent, how long it is waited for, what its failure means, and the line that is left in the log."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from gatehouse import clock, foreign_json, message_signatures, observe
from gatehouse.dataclasses import dataclass, field
from gatehouse.errors import Unavailable
from gatehouse.hooks import CONTINUE, Hook

# What all hooks of a request may take together: API Gateway waits 30 s, and there is more to do than that.
TOTAL_SECONDS: Final = 20
LARGEST_ANSWER_BYTES: Final = 262_144
LONGEST_REASON: Final = 200
# A hook that kept silent so often in a row, and to so many people, is left alone for a while, so that nobody waits for what will not come.
_FAILURES: Final = 5
_PEOPLE: Final = 3
_PAUSE_SECONDS: Final = 30
_FORBIDDEN: Final = 403

T = TypeVar("T")


class Vetoed(Exception):
    """A hook refused. reason: for the person, at most LONGEST_REASON characters; empty if it gave none.

    raised: by an exception of its function, whose message may never have been meant for anybody.
    """

    def __init__(self, hook: Hook, reason: str, *, raised: bool = False) -> None:
        super().__init__(hook.id)
        self.hook, self.raised = hook, raised
        self.reason = "".join(character if character.isprintable() else " " for character in reason)[:LONGEST_REASON]

    def told(self, *, first_party: bool) -> str:
        """What an application may be told of the reason. first_party: it is the operator's, as the hook is."""
        return self.reason if first_party or not self.raised else ""


class Malformed(Exception):
    """The answer of a hook is not what its trigger has. The message names the member and never repeats a value."""


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T]):
    """What was made of an answer. bytes_added: how much of it goes on. left_out: names in it that were dropped, and may not be there."""

    value: T
    bytes_added: int = 0
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """One run of a hook. outcome: "ok", "vetoed" or "failed". reason: why it is not ok. answer: as it came, {} without one.

    raised: as Vetoed.
    """

    outcome: str
    ms: int
    accepted: Accepted[T] | None = None
    reason: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    raised: bool = False


# An event, and what takes the answer to it.
Trial = tuple[dict[str, Any], Callable[[Mapping[str, Any]], Accepted[Any]]]


@dataclass(slots=True)
class _Breaker:
    """people: digests of some of those to whom it kept silent."""

    failures: int = 0
    people: set[str] = field(default_factory=set)
    closed_until: float = 0


class Deadline:
    """When the hooks of a request must be done."""

    def __init__(self, seconds: float = TOTAL_SECONDS) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds."""
        return self._ends - time.monotonic()


_breakers: dict[str, _Breaker] = {}


def forget(hook_id: str = "") -> None:
    """The hook, or every one, is called again, whatever it did before."""
    for known in [hook_id] if hook_id else list(_breakers):
        _breakers.pop(known, None)


def run(
    hook: Hook,
    event: Mapping[str, Any],
    accept: Callable[[Mapping[str, Any]], Accepted[T]],
    *,
    idempotency_id: str,
    deadline: Deadline,
    reason_in_log: bool = True,
) -> T | None:
    """Run a hook and return what `accept` made of its answer, or None if it failed and the hook lets things go on without it.

    accept: of the whole answer, the event as the hook returned it; raises Malformed or Vetoed. idempotency_id: the same for every repeat.
    reason_in_log: not of a refusal whose words may repeat a secret of the event.

    Raises:
        Vetoed: it refused.
        Unavailable: it failed, and the hook lets nothing go on without it; whatever was asked for can be asked for again.
    """
    attempted = attempt(hook, event, accept, idempotency_id=idempotency_id, deadline=deadline)
    done = attempted.accepted
    observe.note(
        "hook",
        hook_id=hook.id,
        trigger=hook.trigger,
        outcome=attempted.outcome,
        ms=attempted.ms,
        bytes_added=done.bytes_added if done else 0,
        left_out=" ".join(done.left_out)[:500] if done else "",
        reason=attempted.reason if reason_in_log or attempted.outcome != "vetoed" else "",
        idempotency_id=idempotency_id,
    )
    if attempted.outcome == "vetoed":
        raise Vetoed(hook, attempted.reason, raised=attempted.raised)
    if done:
        return done.value
    observe.event("HookFailed", hook_id=hook.id, trigger=hook.trigger)
    if hook.fail_mode == CONTINUE:
        return None
    raise Unavailable(detail=f"hook {hook.id}: {attempted.reason}")


def attempt(
    hook: Hook, event: Mapping[str, Any], accept: Callable[[Mapping[str, Any]], Accepted[T]], *, idempotency_id: str, deadline: Deadline
) -> Attempt[T]:
    """Run a hook and tell what came of it, whatever that is. As `run`."""
    started = clock.milliseconds()
    breaker = _breakers.setdefault(hook.id, _Breaker())
    if time.monotonic() < breaker.closed_until:
        return Attempt("failed", 0, reason="left alone after several failures")
    seconds = int(min(hook.timeout_seconds, deadline.left()))
    if seconds < 1:
        # No fault of its own.
        return Attempt("failed", 0, reason="no time was left for it")
    answer: dict[str, Any] = {}
    try:
        answer = _answer(hook, event, idempotency_id, seconds)
        accepted = accept(answer)
    except Vetoed as veto:
        _note_answer(breaker)
        return Attempt("vetoed", clock.milliseconds() - started, reason=veto.reason, answer=answer, raised=veto.raised)
    except (_Failed, Malformed) as failure:
        # An answer that cannot be taken, or a crash, may be one person's doing, whose data it is made of; and whoever has less time than
        # the hook is to have learns nothing about it.
        if isinstance(failure, _Silent) and seconds >= hook.timeout_seconds:
            _note_silence(breaker, event)
        return Attempt("failed", clock.milliseconds() - started, reason=str(failure), answer=answer)
    _note_answer(breaker)
    return Attempt("ok", clock.milliseconds() - started, accepted, answer=answer)


def judge_denial(hook: Hook, answer: Mapping[str, Any]) -> None:
    """What every trigger begins with when it takes an answer: response.deny, {"reason": "..."}, or whatever else is neither null nor false.

    Raises:
        Vetoed: it is there.
    """
    response = answer.get("response")
    denial = response.get("deny") if isinstance(response, Mapping) else None
    if denial is None or denial is False:
        return
    reason = denial.get("reason") if isinstance(denial, Mapping) else ""
    raise Vetoed(hook, reason if isinstance(reason, str) else "")


class _Failed(Exception):
    pass


class _Silent(_Failed):
    """It did not answer at all."""


def _note_answer(breaker: _Breaker) -> None:
    breaker.failures = 0
    breaker.people.clear()


def _note_silence(breaker: _Breaker, event: Mapping[str, Any]) -> None:
    breaker.failures += 1
    if len(breaker.people) < _PEOPLE:
        breaker.people.add(hashlib.sha256(str(event.get("userName")).encode(errors="surrogatepass")).hexdigest())
    if breaker.failures >= _FAILURES and len(breaker.people) >= _PEOPLE:
        # One more failure closes it again at once.
        breaker.failures, breaker.closed_until = _FAILURES - 1, time.monotonic() + _PAUSE_SECONDS


def _answer(hook: Hook, event: Mapping[str, Any], idempotency_id: str, seconds: int) -> dict[str, Any]:
    """The answer, which is an object. seconds: it is waited for.

    Raises:
        Vetoed, _Failed: as they say.
    """
    body = json.dumps(event, separators=(",", ":")).encode()
    raw = _of_function(hook, body, seconds) if hook.is_function else _of_url(hook, body, seconds, idempotency_id)
    try:
        answer = foreign_json.parsed(raw)
    except ValueError:
        raise _Failed("answers with something else than JSON") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("response", {}), dict):
        raise _Failed("answers with something else than its event")
    return answer


def _of_function(hook: Hook, body: bytes, seconds: int) -> bytes:
    # Imported on first use: most stacks have no hook.
    from gatehouse import lambda_functions

    try:
        return lambda_functions.invoke(hook.target, body, seconds=seconds, limit=LARGEST_ANSWER_BYTES)
    except lambda_functions.Raised as raised:
        # How a function for Cognito says no.
        raise Vetoed(hook, raised.message, raised=True) from raised
    except lambda_functions.Silent as silence:
        raise _Silent(str(silence)) from silence
    except lambda_functions.Failed as failure:
        raise _Failed(str(failure)) from failure


def _of_url(hook: Hook, body: bytes, seconds: int, idempotency_id: str) -> bytes:
    if hook.secret is None:
        raise _Failed("has no secret to sign with")
    # Imported on first use, as above: TLS and HTTP take their time.
    from gatehouse import outbound

    try:
        signed = message_signatures.headers(hook.secret, idempotency_id, body)
        answer = outbound.post(hook.target, body, signed, limit=LARGEST_ANSWER_BYTES, seconds=seconds)
    except outbound.Silent as silence:
        raise _Silent(str(silence)) from silence
    except outbound.Refused as refused:
        raise _Failed(str(refused)) from refused
    except Unavailable as trouble:
        raise _Failed(trouble.detail) from trouble
    if answer.status == _FORBIDDEN:
        raise Vetoed(hook, _message(answer.body))
    if answer.status != 200:
        raise _Failed(f"answers {answer.status}")
    return answer.body


def _message(body: bytes) -> str:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(told.get("message", "")) if isinstance(told, dict) else ""
