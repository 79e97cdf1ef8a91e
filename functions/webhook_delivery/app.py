"""The queue of webhook deliveries: tell each webhook what happened."""

from typing import Any

from gatehouse import webhook_deliveries


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return webhook_deliveries.work_off(event["Records"], context.aws_request_id)
