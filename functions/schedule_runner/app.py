"""From EventBridge Scheduler, or by hand: run the function of a schedule, and write down what became of it."""

from typing import Any

from gatehouse import schedule_runner


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return schedule_runner.run(event, context.aws_request_id, milliseconds_left=context.get_remaining_time_in_millis)
