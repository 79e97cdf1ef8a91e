"""The stream of the table: what changed becomes events, and events go to whoever is to be told."""

from typing import Any

from gatehouse import user_events


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return user_events.process(event["Records"], context.aws_request_id)
