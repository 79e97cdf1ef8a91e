"""Delivering what webhooks are told.

A URL gets a POST that is signed (message_signatures), a Lambda function is called and waited for. Either gets an event at least once, under
the same id and with the same bytes however often, and of one person's events none before the one ahead of it was delivered or given up.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from gatehouse import clock, dead_letters, deliveries, message_signatures, outbound, webhooks
from gatehouse.dataclasses import dataclass
from gatehouse.dead_letters import DeadLetter
from gatehouse.deliveries import Failed, Postponed, Refused
from gatehouse.errors import Unavailable
from gatehouse.settings import settings
from gatehouse.webhooks import Webhook

# When a message is given up, by its age. What waits behind one waits with it. A receiver that says no may be in the middle of a deployment.
FAILED_SECONDS: Final = 20 * 3600
REFUSED_SECONDS: Final = 1800
POSTPONED_SECONDS: Final = 2 * FAILED_SECONDS
PATIENCE_SECONDS: Final = 10
FUNCTION_PATIENCE_SECONDS: Final = 15
# Few deliveries run at a time. A receiver that lets so many in a row wait for nothing is left alone for a while, and then waited for no
# longer than this, so that it does not take the time of all the others.
IMPATIENCE_SECONDS: Final = 3
MOST_WAITS: Final = 3
LEFT_ALONE_SECONDS: Final = 60
# What Lambda lets a function answer. Nobody reads it.
_LARGEST_ANSWER_BYTES: Final = 6_291_556
_GONE: Final = 410


@dataclass(slots=True)
class _Breaker:
    """waits: how many attempts in a row were waited for in vain. left_alone_until: seconds since the epoch."""

    waits: int = 0
    left_alone_until: int = 0


_breakers: dict[str, _Breaker] = {}


def forget() -> None:
    """Every webhook is waited for again, however often that was in vain."""
    _breakers.clear()


def work_off(records: Sequence[Mapping[str, Any]], request_id: str) -> dict[str, Any]:
    """Deliver the messages of a Lambda event from the queue; the answer names those that are to come again."""
    rules = deliveries.Rules(
        queue_url=settings().webhook_queue_url,
        event="WebhookGivenUp",
        about=("id", "webhook_id", "kind"),
        keep=_keep,
        seconds={"refused": REFUSED_SECONDS, "failed": FAILED_SECONDS, "postponed": POSTPONED_SECONDS},
    )
    return deliveries.work_off(records, _deliver, rules, request_id)


def _bytes(document: Mapping[str, Any]) -> bytes:
    """The one way of writing it: repeats are the same to the byte."""
    return json.dumps(document, separators=(",", ":")).encode()


def _deliver(message: Mapping[str, Any]) -> str:
    """Tell the webhook: "delivered", or "dropped" if it is gone.

    Raises:
        Refused: it will not have it, or is switched off. Failed: it did not take it now. Postponed: it is left alone for a while.
        Unavailable: the webhook or its secret cannot be read.
    """
    webhook = webhooks.recent(message["webhook_id"])
    if webhook is None:
        return "dropped"
    if not webhook.enabled:
        raise Refused("is switched off", final=True)
    body, usual = _bytes(message["body"]), FUNCTION_PATIENCE_SECONDS if webhook.is_function else PATIENCE_SECONDS
    with _patience(webhook.id, usual) as seconds:
        if webhook.is_function:
            _call(webhook, body, seconds)
        else:
            _post(webhook, message["id"], body, seconds)
    return "delivered"


@contextmanager
def _patience(webhook_id: str, usual: float) -> Iterator[float]:
    """How many seconds this attempt is waited for.

    Raises:
        Postponed: not at all.
    """
    breaker = _breakers.setdefault(webhook_id, _Breaker())
    left = breaker.left_alone_until - clock.now()
    if left > 0:
        raise Postponed("left alone, as it did not answer", left)
    seconds = usual if breaker.waits < MOST_WAITS else min(usual, IMPATIENCE_SECONDS)
    started = time.monotonic()
    try:
        yield seconds
    except Failed:
        # Whatever it was in the end: it took the time that others are waiting for.
        waited = time.monotonic() - started >= 0.9 * min(seconds, IMPATIENCE_SECONDS)
        breaker.waits = breaker.waits + 1 if waited else 0
        if breaker.waits >= MOST_WAITS:
            breaker.left_alone_until = clock.now() + LEFT_ALONE_SECONDS
        raise
    breaker.waits = 0


def _call(webhook: Webhook, body: bytes, seconds: float) -> None:
    # Imported on first use: most deliveries go to a URL.
    from gatehouse import lambda_functions

    try:
        lambda_functions.invoke(webhook.target, body, seconds=int(seconds), limit=_LARGEST_ANSWER_BYTES)
    except lambda_functions.Raised as raised:
        # What it says may be about the person.
        raise Failed(f"raised {raised.kind}"[:200]) from raised
    except lambda_functions.Failed as failure:
        raise Failed(str(failure)) from failure


def _post(webhook: Webhook, event_id: str, body: bytes, seconds: float) -> None:
    if webhook.secret is None:
        raise Unavailable(detail=f"{webhook.id} has no secret")
    signed = message_signatures.headers(webhook.secret, event_id, body)
    try:
        answer = outbound.post(webhook.target, body, signed, seconds=seconds)
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
