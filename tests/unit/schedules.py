"""Schedules of an operator: the vocabulary of their tests. Whatever has its function called takes the fixture `lambdas`."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError

from gatehouse import schedules
from gatehouse.schedules import Schedule
from gatehouse.settings import settings
from tests.operator_functions import Handler, arn_of
from tests.unit.conftest import ENVIRONMENT, function
from tests.unit.flows import new_client
from tests.unit.hooks import deployed, passes

GROUP = ENVIRONMENT["SCHEDULE_GROUP"]
DUE = "2026-01-31T03:00:00Z"


def cleaner(*scopes: str, **properties: Any) -> str:
    """The id of a machine that may have these scopes at the Management API."""
    audience = settings().management_audience
    return new_client("machine", **{"scopes": list(scopes), "audience": audience, **properties}).client_id


def scheduled(handler: Handler = passes, *, scopes: tuple[str, ...] = (), **fields: Any) -> Schedule:
    """A schedule for a new function with this handler. fields: of Schedule."""
    rights = {"client_id": cleaner(*scopes), "scopes": scopes} if scopes else {}
    return planned(**{"function": deployed(handler).arn, **rights, **fields})


def planned(**fields: Any) -> Schedule:
    """A schedule of every night whose function nobody calls. fields: of Schedule."""
    usual = {"name": "nightly", "function": arn_of("gatehouse-hook-nightly"), "expression": "cron(0 3 * * ? *)"}
    return schedules.add(Schedule(schedules.new_id(), **usual | fields))


def changed(schedule: Schedule, **fields: Any) -> Schedule:
    return schedules.change(schedule.id, lambda found: replace(found, **fields))


def woken(schedule: Schedule, at: str = DUE, *, request_id: str = "", seconds: int = 900, **more: Any) -> dict[str, Any]:
    """What the runner makes of being woken for the schedule, as Scheduler does it. seconds: how long Lambda lets it run."""
    context = SimpleNamespace(aws_request_id=request_id or "request", get_remaining_time_in_millis=lambda: seconds * 1000)
    return function("schedule_runner")({"schedule_id": schedule.id, "scheduled_time": at, "execution_id": "x", **more}, context)


def known_to_scheduler() -> dict[str, str]:
    """Expression and state of every schedule of the group, by name; without the one that is never switched on."""
    client = boto3.client("scheduler")
    names = [entry["Name"] for entry in client.list_schedules(GroupName=GROUP)["Schedules"]]
    found = {name: client.get_schedule(GroupName=GROUP, Name=name) for name in names}
    assert found.pop("trial", {"State": "DISABLED"})["State"] == "DISABLED"
    return {name: f"{entry['ScheduleExpression']} {entry['State']}" for name, entry in found.items()}


def at_scheduler(schedule: Schedule) -> Any:
    """The schedule as Scheduler has it, None if it has none."""
    try:
        return boto3.client("scheduler").get_schedule(GroupName=GROUP, Name=schedule.id)
    except ClientError:
        return None
