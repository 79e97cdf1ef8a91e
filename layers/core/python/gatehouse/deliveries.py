"""Working off a queue of messages to others: each is delivered, given up, or tried again later and later, and none holds up another.

But for those of one group in a FIFO queue: they come one after the other, so that one that fails holds up those behind it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gatehouse import clock, observe, queues
from gatehouse.dataclasses import dataclass, field
from gatehouse.errors import Unavailable

# After the first attempt, after the second, and so on; after the last one the queue puts the message aside (its maxReceiveCount).
RETRY_SECONDS: Final = (10, 30, 60, 120, 300, 600, 1200, 1800, *[3600] * 8)
ATTEMPTS: Final = len(RETRY_SECONDS) + 1
# A receiver that says no may be in the middle of a deployment; after that it is taken at its word.
REFUSALS: Final = 3
# Between two attempts, where the age of a message decides: as long as it has waited already. No receiver may ask for more than the longest.
SHORTEST_WAIT_SECONDS: Final = 5
LONGEST_WAIT_SECONDS: Final = 4 * 3600
# Client errors that may well pass: Request Timeout, Too Early, Too Many Requests.
_PASSING: Final = (408, 425, 429)
# What is not the receiver's doing holds up those behind it no longer than this.
_OURS_SECONDS: Final = 900
# What nobody can read comes again so soon that the queue puts it aside within half an hour, by its count.
_BROKEN_SECONDS: Final = 4

Message = Mapping[str, Any]


class Failed(Exception):
    """The receiver did not take the message. The message of the error is a reason without a secret. after: seconds it asks us to wait."""

    def __init__(self, reason: str, after: int = 0) -> None:
        super().__init__(reason)
        self.after = after


class Postponed(Failed):
    """The receiver was not asked, because it has just let others wait."""


class Refused(Failed):
    """The receiver will not take the message however often it is sent. final: nor need it be asked again to be sure."""

    def __init__(self, reason: str, after: int = 0, *, final: bool = False) -> None:
        super().__init__(reason, after)
        self.final = final


@dataclass(frozen=True, slots=True)
class GivenUp:
    """attempts: how often it was received. reason: of the last one. sent_at_ms: when the message came into the queue."""

    message: Message
    attempts: int
    reason: str
    sent_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """about: members of a message that the log is told. event: the security event that is recorded when a message is given up.

    keep: where it then goes; without, one that was refused goes nowhere, and any other the queue puts aside by its own count.
    seconds: by outcome ("refused", "failed", "postponed"), from which age on a message is given up that has somewhere to go. With `keep`,
    pauses follow its age too: how often a message was received says little where some are not attempted.
    """

    queue_url: str
    event: str
    about: Sequence[str] = ("id", "client_id")
    keep: Callable[[GivenUp], None] | None = None
    seconds: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Outcome:
    word: str
    fields: dict[str, str]
    message: Message = field(default_factory=dict)
    final: bool = False
    after: int = 0


def check(status: int, retry_after: int = 0) -> None:
    """Whether a receiver took what was posted to it.

    Raises:
        Refused, Failed: as they say. A redirect is a failure: nothing is posted to where nobody registered.
    """
    if 200 <= status < 300:
        return
    kind = Refused if 400 <= status < 500 and status not in _PASSING else Failed
    raise kind(f"answers {status}", retry_after)


def work_off(records: Sequence[Mapping[str, Any]], deliver: Callable[[Message], str], rules: Rules, request_id: str) -> dict[str, Any]:
    """Deliver each message of a Lambda event from SQS; the answer names those that are to come again.

    deliver: gives the outcome in a word.
    """
    again: list[dict[str, str]] = []
    held: set[str] = set()
    for record in records:
        group = record["attributes"].get("MessageGroupId", "")
        if group in held or not _settled(record, deliver, rules, request_id):
            again.append({"itemIdentifier": record["messageId"]})
            held |= {group} - {""}
    return {"batchItemFailures": again}


def _settled(record: Mapping[str, Any], deliver: Callable[[Message], str], rules: Rules, request_id: str) -> bool:
    started_at = clock.milliseconds()
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    outcome = _attempted(record, deliver, rules, request_id)
    age = (started_at - _sent_at(record)) // 1000
    if _hopeless(outcome, attempt, age, rules):
        if trouble := _kept(outcome, attempt, record, rules):
            outcome.word, outcome.fields["detail"] = "unavailable", trouble
        else:
            observe.event(rules.event, request_id=request_id, attempt=attempt, **outcome.fields)
            return True
    status = 503 if outcome.word == "unavailable" else 200
    observe.request_finished(
        request_id=request_id, message=outcome.word, status=status, started_at_ms=started_at, attempt=attempt, **outcome.fields
    )
    if outcome.word not in ("refused", "failed", "postponed", "broken", "unavailable"):
        return True
    pause = pause_after(age, outcome.word) if rules.keep else _pause(attempt)
    _postpone(rules.queue_url, record["receiptHandle"], max(pause, min(outcome.after, LONGEST_WAIT_SECONDS)), request_id)
    return False


def _attempted(record: Mapping[str, Any], deliver: Callable[[Message], str], rules: Rules, request_id: str) -> _Outcome:
    outcome = _Outcome("", {"message_id": record["messageId"]})
    try:
        outcome.message = json.loads(record["body"])
        outcome.fields |= {name: outcome.message[name] for name in rules.about}
        outcome.word = deliver(outcome.message)
    except Refused as refusal:
        outcome.word, outcome.final, outcome.after = "refused", refusal.final, refusal.after
        outcome.fields["reason"] = str(refusal)
    except Failed as failure:
        outcome.word, outcome.after = "postponed" if isinstance(failure, Postponed) else "failed", failure.after
        outcome.fields["reason"] = str(failure)
    except Unavailable as trouble:
        outcome.word = "unavailable"
        outcome.fields["detail"] = trouble.detail
    except Exception as defect:  # noqa: BLE001 - whatever is wrong with this one, the others are delivered and it is put aside in the end
        observe.failed(request_id, defect)
        outcome.word = "broken"
    return outcome


def _hopeless(outcome: _Outcome, attempt: int, age: int, rules: Rules) -> bool:
    if rules.keep is None:
        return outcome.word == "refused" and attempt >= REFUSALS
    return outcome.final or (outcome.word in rules.seconds and age >= rules.seconds[outcome.word])


def _kept(outcome: _Outcome, attempt: int, record: Mapping[str, Any], rules: Rules) -> str:
    """Put a message where those go that are given up; what hindered it, if anything did."""
    if rules.keep is None:
        return ""
    try:
        rules.keep(GivenUp(outcome.message, attempt, outcome.fields["reason"], _sent_at(record)))
    except Unavailable as trouble:
        return trouble.detail or "unavailable"
    return ""


def _sent_at(record: Mapping[str, Any]) -> int:
    return int(record["attributes"]["SentTimestamp"])


def _pause(attempt: int) -> int:
    """Seconds until the next attempt, where their number decides."""
    return RETRY_SECONDS[attempt - 1] if attempt <= len(RETRY_SECONDS) else 0


def pause_after(age: int, outcome: str = "failed") -> int:
    """Seconds until the next attempt, where the age of a message decides, in seconds. outcome: of this one."""
    if outcome == "broken":
        return _BROKEN_SECONDS
    return max(SHORTEST_WAIT_SECONDS, min(age, LONGEST_WAIT_SECONDS if outcome in ("refused", "failed") else _OURS_SECONDS))


def _postpone(queue_url: str, receipt_handle: str, seconds: int, request_id: str) -> None:
    try:
        queues.postpone(queue_url, receipt_handle, seconds)
    except Unavailable as trouble:
        observe.note("not postponed", request_id=request_id, detail=trouble.detail)
