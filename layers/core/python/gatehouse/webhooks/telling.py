"""What webhooks are told: one message for each event and webhook, into a queue that keeps each person's in order."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gatehouse import clock, dead_letters, queues, table, users
from gatehouse.dead_letters import DeadLetter
from gatehouse.events import Event
from gatehouse.hooks import POST_LOGIN, Hook
from gatehouse.hooks import events as trigger_events
from gatehouse.settings import settings
from gatehouse.webhooks.configured import switched_on
from gatehouse.webhooks.webhook import COGNITO, COGNITO_SOURCES, Webhook

# Sent on demand, to see whether deliveries arrive. No pattern fits it.
TEST: Final = "webhook.test"


class SwitchedOff(Exception):
    """The webhook is disabled, so that nothing is sent to it."""


def announce(events: Iterable[Event]) -> int:
    """Put into the queue what each webhook is to be told of these events, in their order; how many messages those are.

    Said again, it is dropped within five minutes, and later the receiver knows it by its id.

    Raises:
        Unavailable: the webhooks or a person cannot be read, or the queue did not take all.
    """
    told = list(events)
    subscribed = switched_on() if told else []
    wanted = [(webhook, event) for event in told for webhook in subscribed if webhook.wants(event)]
    messages = [
        _ordered(webhook, event.id, event.user_id, document) for webhook, event in wanted if (document := _document(webhook, event))
    ]
    queues.send_in_order(settings().webhook_queue_url, messages)
    return len(messages)


def send_test(webhook: Webhook) -> str:
    """Send an event of the kind TEST, which is about nobody, and return its id.

    Raises:
        SwitchedOff: as it says. Unavailable: the queue did not take it.
    """
    if not webhook.enabled:
        raise SwitchedOff
    event = Event(secrets.token_urlsafe(18), TEST, clock.now(), "", {"webhook_id": webhook.id})
    queues.send_in_order(settings().webhook_queue_url, [_ordered(webhook, event.id, "", event.document())])
    return event.id


def redeliver(webhook: Webhook, letters: Sequence[DeadLetter]) -> int:
    """Put dead letters back into the queue, behind what waits there, and remove each once the queue has it. How many those are.

    Of people who are gone since, only that they are is told: the other letters of theirs are removed. 1 RRU for each letter.

    Raises:
        SwitchedOff: as it says. Unavailable: not all were taken; those that were not are still there.
    """
    if not webhook.enabled:
        raise SwitchedOff
    told = 0
    for letter in letters:
        if _is_over(letter):
            dead_letters.remove(letter)
            continue
        # Under another name than before, or within five minutes of the last attempt SQS would drop it.
        message = _ordered(webhook, letter.event_id, letter.user_id, json.loads(letter.body), again=letter.id)
        queues.send_in_order(settings().webhook_queue_url, [message])
        dead_letters.remove(letter)
        told += 1
    return told


def _is_over(letter: DeadLetter) -> bool:
    # A receiver that was told of a deletion would make somebody of them again.
    gone = letter.user_id and letter.kind != "user.deleted" and table.get(table.gone_key(letter.user_id))
    return bool(gone)


def _ordered(webhook: Webhook, event_id: str, user_id: str, document: Mapping[str, Any], *, again: str = "") -> queues.Ordered:
    message = {
        "id": event_id,
        "webhook_id": webhook.id,
        "user_id": user_id,
        "kind": document.get("type") or document.get("triggerSource", ""),
        "body": document,
    }
    # What is about nobody in particular waits for nothing.
    return queues.Ordered(message, group=_digest(webhook.id, user_id or event_id), once=_digest(webhook.id, event_id, again))


def _digest(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _document(webhook: Webhook, event: Event) -> dict[str, Any] | None:
    """What the webhook is told of an event, None for nothing: in Cognito's words there is none for somebody who is gone by then. 1 RRU."""
    if webhook.format != COGNITO:
        return event.document()
    user = users.get(event.user_id)
    if user is None:
        return None
    source = COGNITO_SOURCES[event.kind]
    request: dict[str, Any] = {"userAttributes": trigger_events.user_attributes(user)}
    if source.startswith("PostAuthentication"):
        request["newDeviceUsed"] = False
    return trigger_events.envelope(
        # Its events are those of hooks, as far as they are Cognito's.
        Hook(webhook.id, webhook.name, POST_LOGIN, webhook.target),
        source,
        user_name=event.user_id,
        client_id=event.data.get("client_id", ""),
        idempotency_id=event.id,
        request=request,
        response={},
    )
