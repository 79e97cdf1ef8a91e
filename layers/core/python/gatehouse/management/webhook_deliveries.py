"""/api/v2/webhooks/{id}/dead-letters: what a webhook could not be told, and telling it once more."""

import json
from itertools import islice
from typing import Any, Final

from pydantic import Field

from gatehouse import clock, dead_letters, listing, webhooks
from gatehouse.dead_letters import DeadLetter
from gatehouse.errors import NotFound
from gatehouse.management import paging, refusals
from gatehouse.management.routes import Answer, Body, Call, Query, Route
from gatehouse.management.webhooks import demand_sight, found, switched_off

# As many as a request has time for.
MOST_AT_ONCE: Final = 500


class NoSuchDeadLetter(NotFound):
    code = "inexistent_dead_letter"

    def __init__(self) -> None:
        super().__init__("The dead letter does not exist.")


class LettersQuery(Query):
    from_: str = Field(default="", alias="from", max_length=2000)
    take: int = Field(default=50, ge=1, le=100)


class Redelivery(Body):
    """ids: of dead letters. all: the oldest MOST_AT_ONCE of them. One or the other."""

    ids: list[str] | None = Field(default=None, min_length=1, max_length=100)
    all: bool = False


class LetterAnswer(Answer):
    """body: the event, as it was sent. attempts: how often it came up. reason: of the last failure. given_up_at, kept_until: ISO 8601."""

    id: str
    event_id: str
    type: str
    user_id: str
    attempts: int
    reason: str
    sent_at: str
    given_up_at: str
    kept_until: str
    body: dict[str, Any]


class LettersAnswer(Answer):
    """next: what `from` takes for those behind these; absent at the end."""

    dead_letters: list[LetterAnswer]


class RedeliveryAnswer(Answer):
    """redelivered: how many went back into the queue; those of people who are gone do not. more: there are others."""

    redelivered: int
    more: bool


def listed(call: Call) -> Any:
    """GET webhooks/{id}/dead-letters, the newest first."""
    demand_sight(call)
    webhook, query = found(call), call.query
    purpose = f"dead letters {webhook.id}"
    try:
        letters, following = dead_letters.page(webhook.id, limit=query.take, after=listing.opened(purpose, query.from_))
    except listing.BadCursor as bad:
        raise paging.bad_cursor() from bad
    return paging.checkpointed([_shown(letter) for letter in letters], following and listing.sealed(purpose, following), "dead_letters")


def redeliver(call: Call) -> Any:
    """POST webhooks/{id}/redeliver: back into the queue; a letter is removed once the queue has it, or if the person is gone since."""
    demand_sight(call)
    webhook, body = found(call), call.body
    if bool(body.ids) == body.all:
        raise refusals.InvalidBody("either ids or all must be given")
    if not webhook.enabled:
        raise switched_off()
    letters = _named(webhook.id, body.ids) if body.ids else list(islice(dead_letters.oldest(webhook.id), MOST_AT_ONCE + 1))
    try:
        count = webhooks.redeliver(webhook, letters[:MOST_AT_ONCE])
    except webhooks.SwitchedOff as off:
        raise switched_off() from off
    return {"redelivered": count, "more": len(letters) > MOST_AT_ONCE}


def delete(call: Call) -> None:
    """DELETE webhooks/{id}/dead-letters/{letter_id}, also done if there is none."""
    if letter := dead_letters.get(call.path["id"], call.path["letter_id"]):
        dead_letters.remove(letter)


def _named(webhook_id: str, ids: list[str]) -> list[DeadLetter]:
    letters = [dead_letters.get(webhook_id, letter_id) for letter_id in dict.fromkeys(ids)]
    there = [letter for letter in letters if letter]
    if len(there) != len(letters):
        raise NoSuchDeadLetter
    return sorted(there, key=lambda letter: letter.sent_at_ms)


def _shown(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "event_id": letter.event_id,
        "type": letter.kind,
        "user_id": letter.user_id,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "sent_at": clock.iso(letter.sent_at_ms // 1000),
        "given_up_at": clock.iso(letter.given_up_at),
        "kept_until": clock.iso(letter.given_up_at + dead_letters.KEPT_SECONDS),
        "body": json.loads(letter.body),
    }


ROUTES = [
    Route(
        method="GET",
        path="/webhooks/{id}/dead-letters",
        serve=listed,
        summary="List what a webhook could not be told",
        scopes=("read:webhooks",),
        query=LettersQuery,
        answers=LettersAnswer,
    ),
    Route(
        method="POST",
        path="/webhooks/{id}/redeliver",
        serve=redeliver,
        summary="Tell a webhook once more what it could not be told",
        scopes=("update:webhooks",),
        body=Redelivery,
        answers=RedeliveryAnswer,
    ),
    Route(
        method="DELETE",
        path="/webhooks/{id}/dead-letters/{letter_id}",
        serve=delete,
        summary="Remove one of them",
        scopes=("update:webhooks",),
        status=204,
    ),
]
