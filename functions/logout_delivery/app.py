"""The queue of logout notices: hand a logout token to each application (OpenID Connect Back-Channel Logout 1.0)."""

from typing import Any

from gatehouse import backchannel_logout, deliveries
from gatehouse.settings import settings


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return deliveries.work_off(
        event["Records"],
        backchannel_logout.deliver,
        queue_url=settings().logout_queue_url,
        refused="LogoutRefused",
        request_id=context.aws_request_id,
    )
