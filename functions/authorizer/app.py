"""Lambda authorizer for HTTP APIs (payload format 2.0, simple response): lets a request through while its session lives."""

from typing import Any

from gatehouse import api_authorizer


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api_authorizer.decide(event, getattr(context, "aws_request_id", ""))
