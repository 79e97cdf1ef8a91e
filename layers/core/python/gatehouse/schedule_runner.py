"""Runs what is due: calls the function of a schedule, with a token for the Management API that holds the schedule's scopes and no more."""

import calendar
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from gatehouse import audit, clients, clock, lambda_functions, observe, scheduled_runs, scheduler, schedules, table, tokens
from gatehouse.audit import Deed
from gatehouse.errors import Unavailable
from gatehouse.scheduled_runs import Run
from gatehouse.schedules import Schedule
from gatehouse.settings import settings

# Before the second call of a function that failed, and before the third: only if there is time for it to be answered.
PAUSES_SECONDS = (10, 60)
# What is left of the invocation to write down what became of the run.
_RESERVE_SECONDS: Final = 15
# By how much the clock of whoever wakes it may be ahead.
_EARLY_SECONDS: Final = 300
_LARGEST_ANSWER_BYTES: Final = 6 * 1024 * 1024 + 1024
# A token lives a little longer than the call that it is for, and never longer than this.
_TOKEN_SECONDS: Final = 900
_TOKEN_MARGIN_SECONDS: Final = 60


class _Refused(Exception):
    """The function cannot be called; calling again would not help."""


def run(event: Mapping[str, Any], request_id: str, *, milliseconds_left: Callable[[], int]) -> dict[str, Any]:
    """Run the schedule that the event names, as the schedule is now. Leaves one log line, and a security event for a run that failed.

    event: of scheduler.put, or of `started`. request_id: the same when Lambda repeats the invocation. Returns what became of it.

    Raises:
        Unavailable: it may have run; Lambda repeats the invocation, which then goes on with the same run.
    """
    schedule_id, at = str(event.get("schedule_id", "")), _due(event.get("scheduled_time"))
    schedule = schedules.get(schedule_id)
    outcome: dict[str, Any] = {"schedule_id": schedule_id, "scheduled_time": clock.iso(at)}
    if at > clock.now() + _EARLY_SECONDS:
        # Nobody who wakes it in good faith says so, and a run that happened before its time would not happen at it.
        outcome["outcome"] = "not due"
    elif schedule is None:
        # It was removed, and whoever removed it could not say so to Scheduler. Its id never comes again.
        scheduler.delete(schedule_id)
        outcome["outcome"] = "unknown"
    elif not schedule.enabled and event.get("by_hand") is not True:
        outcome["outcome"] = "switched off"
    elif claimed := scheduled_runs.claim(schedule_id, at, request_id, seconds=milliseconds_left() // 1000):
        ended = _ended(schedule, claimed, milliseconds_left)
        outcome |= {"outcome": ended.status, "attempts": ended.attempts, "ms": ended.milliseconds, "reason": ended.reason.partition(":")[0]}
    else:
        outcome["outcome"] = "repeated"
    observe.note("scheduled run", request_id=request_id, **outcome)
    if outcome["outcome"] == scheduled_runs.FAILED:
        observe.event("ScheduleFailed", request_id=request_id, schedule_id=schedule_id)
    return outcome


def started(schedule: Schedule, *, deed: Deed) -> Run:
    """Have the schedule run now, beside its times and even if it is switched off. Two within a second are one. The run as it will be known.

    deed: of whom the audit trail is told, beforehand.

    Raises:
        Unavailable: it may have been started.
    """
    now = clock.now()
    table.transact(audit.write("schedule.started", schedule.id, deed))
    event = {"schedule_id": schedule.id, "scheduled_time": clock.iso(now), "by_hand": True}
    try:
        lambda_functions.start(settings().schedule_runner_arn, json.dumps(event).encode())
    except lambda_functions.Failed as failed:
        raise Unavailable(detail=f"schedule runner: {failed}") from failed
    return Run(schedule.id, now, "", now, now)


def _due(told: object) -> int:
    """When the run was due, in seconds since the epoch; the minute it is for a scheduler that does not say so."""
    try:
        return calendar.timegm(time.strptime(str(told)[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return clock.now() // 60 * 60


def _ended(schedule: Schedule, claimed: Run, milliseconds_left: Callable[[], int]) -> Run:
    """The run after as many calls as it took, or as there was time for."""
    attempts, final, reason, began = 0, False, "", clock.milliseconds()
    for pause in (0, *PAUSES_SECONDS):
        if attempts and (final or milliseconds_left() < (pause + schedule.timeout_seconds + _RESERVE_SECONDS) * 1000):
            break
        time.sleep(pause)
        attempts, began = attempts + 1, clock.milliseconds()
        reason, final = _called(schedule, claimed)
    return scheduled_runs.end(claimed, attempts=attempts, milliseconds=clock.milliseconds() - began, reason=reason)


def _called(schedule: Schedule, claimed: Run) -> tuple[str, bool]:
    """Why the call failed, empty if it did not, and whether it was the last in any case."""
    try:
        event = {
            "schedule": {"id": schedule.id, "name": schedule.name},
            "scheduled_time": clock.iso(claimed.scheduled_at),
            "run_id": claimed.id,
            "issuer": settings().issuer,
            "api": {"base_url": f"{settings().base_url}/api/v2", **_token(schedule)},
            "payload": schedule.payload,
        }
        body = json.dumps(event).encode()
        lambda_functions.invoke(schedule.function, body, seconds=schedule.timeout_seconds, limit=_LARGEST_ANSWER_BYTES)
    except _Refused as refused:
        return str(refused), True
    except lambda_functions.Raised as raised:
        return f"raised {raised.kind}: {raised.message}", False
    except lambda_functions.Failed as failed:
        return str(failed), isinstance(failed, lambda_functions.Uncallable)
    except Unavailable as unavailable:
        return unavailable.detail, False
    return "", True


def _token(schedule: Schedule) -> dict[str, Any]:
    """access_token and expires_in for the schedule's scopes, if it has some.

    Raises:
        _Refused: its client may not have them any more.
        Unavailable: KMS or the table does not give a key.
    """
    if not schedule.scopes:
        return {}
    client, flaw = clients.get(schedule.client_id, no_older_than_seconds=0), schedules.client_flaw(schedule)
    if flaw or client is None:
        raise _Refused(flaw)
    seconds = min(schedule.timeout_seconds + _TOKEN_MARGIN_SECONDS, _TOKEN_SECONDS)
    now = clock.now()
    claims = {
        "sub": client.client_id,
        "aud": settings().management_audience,
        "scope": " ".join(schedule.scopes),
        "iat": now,
        "exp": now + seconds,
        # Whose doing it is what is done under the client's name.
        "schedule_id": schedule.id,
    }
    return {"access_token": tokens.signed_access_token(client, claims), "expires_in": seconds}
