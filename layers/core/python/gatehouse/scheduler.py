"""EventBridge Scheduler, which wakes the runner of schedules. The only module that knows it.

All of ours are in one group, which the stack owns: they end with it.
"""

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatehouse.errors import Unavailable
from gatehouse.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

# How long Scheduler goes on trying to hand a run to Lambda. Later the next one is near, and a run that failed is the runner's matter.
_PATIENCE_SECONDS: Final = 3600
_PATIENCE_ATTEMPTS: Final = 20
_ABSENT, _THERE, _INVALID = "ResourceNotFoundException", "ConflictException", "ValidationException"


class Refused(Exception):
    """Scheduler does not take it. reason: in its words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@cache
def client() -> "EventBridgeSchedulerClient":
    return boto3.client(
        "scheduler", config=Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    )


def put(name: str, expression: str, timezone: str, *, enabled: bool) -> None:
    """Have the runner woken for the schedule of this name at these times, whatever was under the name before.

    Raises:
        Refused: as it says; nothing was changed.
        Unavailable: it may have been done.
    """
    event = {
        "schedule_id": name,
        "scheduled_time": "<aws.scheduler.scheduled-time>",
        "execution_id": "<aws.scheduler.execution-id>",
    }
    wanted: dict[str, Any] = {
        "Name": name,
        "GroupName": settings().schedule_group,
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": timezone,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED" if enabled else "DISABLED",
        "Target": {
            "Arn": settings().schedule_runner_arn,
            "RoleArn": settings().schedule_role_arn,
            "Input": json.dumps(event),
            "RetryPolicy": {"MaximumEventAgeInSeconds": _PATIENCE_SECONDS, "MaximumRetryAttempts": _PATIENCE_ATTEMPTS},
        },
    }
    # The second update is for whoever made it at the same moment.
    for call in (client().update_schedule, client().create_schedule, client().update_schedule):
        code = _done(call, wanted)
        if not code:
            return
    raise Unavailable(detail=f"scheduler put: {code}")


def delete(name: str) -> None:
    """Wake the runner for this name no more, if it was.

    Raises:
        Unavailable: it may have been done.
    """
    code = _done(client().delete_schedule, {"Name": name, "GroupName": settings().schedule_group})
    if code not in ("", _ABSENT):
        raise Unavailable(detail=f"scheduler delete: {code}")


def _done(call: Any, wanted: dict[str, Any]) -> str:
    """Empty if it was done, else why it could not be: there is none, or one already."""
    try:
        call(**wanted)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == _INVALID:
            raise Refused(error.response["Error"].get("Message", "")[:300]) from error
        if code not in (_ABSENT, _THERE):
            raise Unavailable(detail=f"scheduler: {code}") from error
        return code
    except BotoCoreError as error:
        raise Unavailable(detail=f"scheduler: {type(error).__name__}") from error
    return ""
