"""Custom resource: an update of the stack fails that takes away a function which something that is configured still calls."""

from typing import Any

from gatehouse import hook_guard


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return hook_guard.for_cloudformation(event, getattr(context, "aws_request_id", ""))
