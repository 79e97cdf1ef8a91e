"""Delivering what webhooks are told.

A URL gets a POST that is signed (message_signatures), a Lambda function is called and waited for. Either gets an event at least once, under
the same id and with the same bytes however often, and of one person's events none before the one ahead of it was delivered or given up.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatehouse import clock, dead_letters, deliveries, message_signatures, outbound, webhooks
from gatehouse.dead_letters import DeadLetter
from gatehouse.deliveries import Failed, Refused
from gatehouse.errors import Unavailable
from gatehouse.settings import settings
from gatehouse.webhooks import Webhook

# After the first attempt, after the second, and so on: nearly twenty hours. What waits behind one waits with it.
RETRY_SECONDS: Final = (5, 30, 120, 600, 1800, 3600, 7200, *[14_400] * 4)
LONGEST_SECONDS: Final = 86_400
PATIENCE_SECONDS: Final = 10
FUNCTION_PATIENCE_SECONDS: Final = 15
# What Lambda lets a function answer. Nobody reads it.
_LARGEST_ANSWER_BYTES: Final = 6_291_556
_GONE: Final = 410


def work_off(records: Sequence[Mapping[str, Any]], request_id: str) -> dict[str, Any]:
    """Deliver the messages of a Lambda event from the queue; the answer names those that are to come again."""
    rules = deliveries.Rules(
        queue_url=settings().webhook_queue_url,
        event="WebhookGivenUp",
        about=("id", "webhook_id", "kind"),
        retry_seconds=RETRY_SECONDS,
        keep=_keep,
        longest_seconds=LONGEST_SECONDS,
    )
    return deliveries.work_off(records, _deliver, rules, request_id)


def _bytes(document: Mapping[str, Any]) -> bytes:
    """The one way of writing it: repeats are the same to the byte."""
    return json.dumps(document, separators=(",", ":")).encode()


def _deliver(message: Mapping[str, Any]) -> str:
    """Tell the webhook: "delivered", or "dropped" if it is gone or switched off.

    Raises:
        Refused: it will not have it. Failed: it did not take it now.
        Unavailable: the webhook or its secret cannot be read.
    """
    webhook = webhooks.get(message["webhook_id"])
    if webhook is None or not webhook.enabled:
        return "dropped"
    body = _bytes(message["body"])
    if webhook.is_function:
        _call(webhook, body)
    else:
        _post(webhook, message["id"], body)
    return "delivered"


def _call(webhook: Webhook, body: bytes) -> None:
    # Imported on first use: this loads the model of another AWS service.
    from gatehouse import lambda_functions

    try:
        lambda_functions.invoke(webhook.target, body, seconds=FUNCTION_PATIENCE_SECONDS, limit=_LARGEST_ANSWER_BYTES)
    except lambda_functions.Raised as raised:
        # What it says may be about the person.
        raise Failed(f"raised {raised.kind}"[:200]) from raised
    except lambda_functions.Failed as failure:
        raise Failed(str(failure)) from failure


def _post(webhook: Webhook, event_id: str, body: bytes) -> None:
    if webhook.secret is None:
        raise Unavailable(detail=f"{webhook.id} has no secret")
    signed = message_signatures.headers(webhook.secret, event_id, body)
    try:
        answer = outbound.post(webhook.target, body, signed, seconds=PATIENCE_SECONDS)
    except outbound.Refused as trouble:
        raise Failed(str(trouble)) from trouble
    if answer.status == _GONE:
        webhooks.disable(webhook.id, "answers 410: it wants no more events")
        raise Refused("answers 410", final=True)
    deliveries.check(answer.status, answer.retry_after)


def _keep(given_up: deliveries.GivenUp) -> None:
    message = given_up.message
    dead_letters.keep(
        DeadLetter(
            webhook_id=message["webhook_id"],
            sent_at_ms=given_up.sent_at_ms,
            event_id=message["id"],
            user_id=message["user_id"],
            kind=message["kind"],
            body=_bytes(message["body"]).decode(),
            attempts=given_up.attempts,
            reason=given_up.reason,
            given_up_at=clock.now(),
        )
    )
