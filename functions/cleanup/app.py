"""Daily: sweep dead sessions, unfinished sign-ins and whatever else is over, before TTL gets to it."""

from typing import Any

from gatehouse import cleanup


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return cleanup.sweep(context.aws_request_id, milliseconds_left=context.get_remaining_time_in_millis)
