"""/api/v2/schedules: functions that run from time to time over the data of people, and what became of their runs.

Who makes or changes a schedule can have its function do whatever its scopes allow, and so must have all of these.
"""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from gatehouse import clock, configuration, schedule_runner, scheduled_runs, schedules
from gatehouse.dataclasses import asdict, replace
from gatehouse.errors import NotFound
from gatehouse.management import callers
from gatehouse.management.refusals import Conflict, InvalidBody, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Query, Route, sent
from gatehouse.scheduled_runs import Run
from gatehouse.schedules import Schedule
from gatehouse.web import Response


class NoSuchSchedule(NotFound):
    code = "inexistent_schedule"

    def __init__(self) -> None:
        super().__init__("The schedule does not exist.")


class SchedulePatch(Body):
    """client_id: a client that may act for itself, in whose name the function calls this API; scopes: what it may do there."""

    name: str | None = None
    function: str | None = None
    expression: str | None = None
    timezone: str | None = None
    payload: dict[str, Any] | None = None
    client_id: str | None = None
    scopes: list[str] | None = Field(default=None, max_length=100)
    enabled: bool | None = None
    timeout_seconds: int | None = None


class NewSchedule(SchedulePatch):
    name: str
    function: str
    expression: str


class RunsQuery(Query):
    take: int = Field(default=25, ge=1, le=100)


class ScheduleAnswer(Answer):
    id: str
    name: str
    function: str
    expression: str
    timezone: str
    payload: dict[str, Any]
    client_id: str
    scopes: list[str]
    enabled: bool
    timeout_seconds: int
    created_at: str
    updated_at: str


class StartedAnswer(Answer):
    run_id: str
    scheduled_time: str


class RunAnswer(StartedAnswer):
    """status: running, ok, failed, or lost for one that broke off."""

    status: str
    attempts: int
    started_at: str


def listed(_call: Call) -> list[dict[str, Any]]:
    """GET schedules"""
    return [_shown(schedule) for schedule in schedules.listed()]


def get(call: Call) -> Response:
    """GET schedules/{id}"""
    return _sent(_existing(call))


def create(call: Call) -> Response:
    """POST schedules. The same again answers with the schedule that there is."""
    given = _given(call)
    callers.demand_all(call.caller, given.get("scopes", ()))
    return _sent(_saved(lambda: schedules.add(Schedule(schedules.new_id(), **given), deed=call.deed)), status=201)


def patch(call: Call) -> Response:
    """PATCH schedules/{id}: replaces what it names; null leaves it as it is. One that changes nothing tells Scheduler anew."""
    given = _given(call)

    def edit(before: Schedule) -> Schedule:
        # In an emergency whoever sees it first may switch it off.
        if given != {"enabled": False}:
            callers.demand_all(call.caller, {*before.scopes, *given.get("scopes", ())})
        return replace(before, **given)

    return _sent(_saved(lambda: schedules.change(call.path["id"], edit, if_version=call.if_version, deed=call.deed)))


def delete(call: Call) -> None:
    """DELETE schedules/{id}, also done if there is none."""
    schedules.remove(call.path["id"], deed=call.deed)


def runs(call: Call) -> list[dict[str, Any]]:
    """GET schedules/{id}/runs: of the last month, the newest first."""
    now = clock.now()
    return [_shown_run(run, now) for run in scheduled_runs.latest(_existing(call).id, most=call.query.take)]


def start(call: Call) -> dict[str, Any]:
    """POST schedules/{id}/run"""
    started = schedule_runner.started(_existing(call), deed=call.deed)
    return {"run_id": started.id, "scheduled_time": clock.iso(started.scheduled_at)}


def _existing(call: Call) -> Schedule:
    found = schedules.get(call.path["id"])
    if found is None:
        raise NoSuchSchedule
    return found


def _given(call: Call) -> dict[str, Any]:
    given: dict[str, Any] = call.body.model_dump(exclude_none=True)
    return given | ({"scopes": tuple(dict.fromkeys(given["scopes"]))} if "scopes" in given else {})


def _saved(save: Callable[[], Schedule]) -> Schedule:
    try:
        return save()
    except schedules.Unknown as unknown:
        raise NoSuchSchedule from unknown
    except schedules.NameTaken as taken:
        raise Conflict("Another schedule has this name.") from taken
    except configuration.Stale as stale:
        raise PreconditionFailed from stale
    except configuration.Invalid as flaw:
        raise InvalidBody(flaw.reason) from flaw


def _sent(schedule: Schedule, *, status: int = 200) -> Response:
    return sent(_shown(schedule), status=status, version=schedule.version)


def _shown(schedule: Schedule) -> dict[str, Any]:
    told = asdict(schedule) | {"scopes": list(schedule.scopes)}
    del told["version"]
    return told | {name: clock.iso(told[name]) for name in ("created_at", "updated_at")}


def _shown_run(run: Run, now: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "run_id": run.id,
        "scheduled_time": clock.iso(run.scheduled_at),
        "status": run.outcome(now),
        "attempts": run.attempts,
        "started_at": clock.iso(run.started_at),
    }
    if run.ended_at:
        told |= {"ended_at": clock.iso(run.ended_at), "milliseconds": run.milliseconds}
    return told | ({"reason": run.reason} if run.reason else {})


ROUTES = [
    Route(
        method="GET",
        path="/schedules",
        serve=listed,
        summary="List schedules",
        scopes=("read:schedules",),
        answers=list[ScheduleAnswer],
    ),
    Route(
        method="POST",
        path="/schedules",
        serve=create,
        summary="Create a schedule",
        scopes=("create:schedules",),
        body=NewSchedule,
        answers=ScheduleAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/schedules/{id}",
        serve=get,
        summary="Get a schedule",
        scopes=("read:schedules",),
        answers=ScheduleAnswer,
    ),
    Route(
        method="PATCH",
        path="/schedules/{id}",
        serve=patch,
        summary="Change a schedule",
        scopes=("update:schedules",),
        body=SchedulePatch,
        answers=ScheduleAnswer,
    ),
    Route(
        method="DELETE",
        path="/schedules/{id}",
        serve=delete,
        summary="Remove a schedule",
        scopes=("delete:schedules",),
        status=204,
    ),
    Route(
        method="GET",
        path="/schedules/{id}/runs",
        serve=runs,
        summary="List the runs of a schedule in the last month",
        scopes=("read:schedules",),
        query=RunsQuery,
        answers=list[RunAnswer],
    ),
    Route(
        method="POST",
        path="/schedules/{id}/run",
        serve=start,
        summary="Run a schedule now",
        scopes=("update:schedules",),
        answers=StartedAnswer,
        status=202,
    ),
]
