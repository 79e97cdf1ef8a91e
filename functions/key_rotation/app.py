"""Daily, and as a custom resource when the stack is made or its algorithms change: keep the ring of keys filled and swept."""

from typing import Any

from gatehouse import key_rotation


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    request_id = getattr(context, "aws_request_id", "")
    if "ResponseURL" in event:
        return key_rotation.for_cloudformation(event, request_id)
    return key_rotation.rotate(request_id, force=event.get("force") is True)
