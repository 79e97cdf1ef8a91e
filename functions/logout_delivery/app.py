"""The queue of logout notices: hand a logout token to each application (OpenID Connect Back-Channel Logout 1.0)."""

from typing import Any

from gatehouse import backchannel_logout, deliveries
from gatehouse.settings import settings


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    rules = deliveries.Rules(queue_url=settings().logout_queue_url, event="LogoutRefused")
    return deliveries.work_off(event["Records"], backchannel_logout.deliver, rules, context.aws_request_id)
