"""/api/v2/webhooks: URLs and Lambda functions that are told what happens to people.

Whoever configures one is told everything about everybody, so that they need the scopes to read that; an organization's operators never do.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

from pydantic import Field

from gatehouse import clock, configuration, message_signatures, webhooks
from gatehouse.dataclasses import replace
from gatehouse.errors import NotFound
from gatehouse.management import callers, paging
from gatehouse.management.fields import FieldsQuery, only
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import Conflict, InvalidBody, PreconditionFailed, SecretsInUse
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.message_signatures import Secret
from gatehouse.web import Response
from gatehouse.webhooks import Webhook

_LONGEST_OVERLAP_HOURS: Final = message_signatures.LONGEST_OVERLAP_SECONDS // 3600
# What events tell of people: whoever sends them somewhere, or reads them, may read it of everybody.
_TOLD: Final = ("read:users", "read:users_app_metadata", "read:logs_users")
# In the order in which they are shown.
_SHOWN: Final = ("id", "name", "target", "events", "clients", "organizations", "format", "enabled")


class NoSuchWebhook(NotFound):
    code = "inexistent_webhook"

    def __init__(self) -> None:
        super().__init__("The webhook does not exist.")


class WebhookPatch(Body):
    """target: an https URL, or the ARN of a Lambda function; it stays the one or the other. events: kinds, user.* or *.

    clients, organizations: whose events are told; with any, none that is about no client or organization. format: cognito for functions
    that were written as PostConfirmation or PostAuthentication triggers.
    """

    name: str | None = None
    target: str | None = None
    events: list[str] | None = None
    clients: list[str] | None = None
    organizations: list[str] | None = None
    format: Literal["event", "cognito"] | None = None
    enabled: bool | None = None


class NewWebhook(WebhookPatch):
    name: str
    target: str


class ListQuery(PageQuery, FieldsQuery):
    pass


class Rotation(Body):
    """overlap_hours: how long the secret before signs as well, beside those that still do; 0 ends all of them at once."""

    overlap_hours: int = Field(default=24, ge=0, le=_LONGEST_OVERLAP_HOURS)


class WebhookAnswer(Answer):
    """signing_secret: only in the answer that made it. disabled_because: why it was switched off by us, absent if it was not."""

    id: str
    name: str
    target: str
    events: list[str]
    clients: list[str]
    organizations: list[str]
    format: Literal["event", "cognito"]
    enabled: bool
    created_at: str
    updated_at: str


class SecretAnswer(Answer):
    """previous_until: until when the secret before signs as well; absent if it does not."""

    signing_secret: str


class SentAnswer(Answer):
    """id: of the event that was sent."""

    id: str


def listed(call: Call) -> Any:
    """GET webhooks, oldest first."""
    query: ListQuery = call.query
    return paging.sliced(query, [only(_shown(webhook), query) for webhook in webhooks.listed()], "webhooks")


def get(call: Call) -> Response:
    """GET webhooks/{id}"""
    webhook = found(call)
    return sent(only(_shown(webhook), call.query), version=webhook.version)


def create(call: Call) -> Response:
    """POST webhooks. A URL gets a secret, which is in the answer and nowhere else."""
    demand_sight(call)
    given = _kept(call.body.model_dump(exclude_none=True))
    made, secret = _done(lambda: webhooks.add(Webhook(webhooks.new_id(), **given), deed=call.deed))
    return sent(_shown(made) | ({"signing_secret": secret} if secret else {}), status=201, version=made.version)


def patch(call: Call) -> Response:
    """PATCH webhooks/{id}: members that are given are changed, null makes one as at first. A URL on another host gets a new secret."""
    given, first = call.body.model_dump(exclude_unset=True), Webhook("", "", "")
    if given != {"enabled": False}:
        demand_sight(call)
    values = _kept({name: getattr(first, name) if value is None else value for name, value in given.items()})
    made: list[tuple[Secret, str]] = []

    def edited(before: Webhook) -> Webhook:
        after = replace(before, **values)
        if before.secret is None or after.is_function or after.host == before.host:
            return after
        # Who listened there so far could sign for the new host. Asked again after a lost answer, it is the same secret.
        made[:] = made or [message_signatures.new_secret()]
        return replace(after, secret=made[0][0])

    changed = _done(lambda: webhooks.change(call.path["id"], edited, if_version=call.if_version, deed=call.deed))
    shown = {"signing_secret": made[0][1]} if made and changed.secret == made[0][0] else {}
    return sent(_shown(changed) | shown, version=changed.version)


def delete(call: Call) -> None:
    """DELETE webhooks/{id}, also done if there is none. What waits for it is dropped."""
    try:
        webhooks.remove(call.path["id"], deed=call.deed)
    except webhooks.Unknown:
        return


def rotate_secret(call: Call) -> Response:
    """POST webhooks/{id}/rotate-secret"""
    overlap_seconds = call.body.overlap_hours * 3600
    changed, secret = _done(
        lambda: webhooks.rotate_secret(call.path["id"], overlap_seconds=overlap_seconds, if_version=call.if_version, deed=call.deed)
    )
    until = changed.secret.previous_until if changed.secret else 0
    return sent({"signing_secret": secret} | ({"previous_until": clock.iso(until)} if until else {}), version=changed.version)


def send_test(call: Call) -> Response:
    """POST webhooks/{id}/test: an event of the kind webhook.test goes the way of all others."""
    try:
        event_id = webhooks.send_test(found(call))
    except webhooks.SwitchedOff as off:
        raise switched_off() from off
    return sent({"id": event_id}, status=202)


def demand_sight(call: Call) -> None:
    """Accept a caller that may see what events tell.

    Raises:
        NotPermitted: it may not.
    """
    callers.demand_all(call.caller, _TOLD)


def found(call: Call) -> Webhook:
    """The webhook that the path names.

    Raises:
        NoSuchWebhook: there is none.
    """
    webhook = webhooks.get(call.path["id"])
    if webhook is None:
        raise NoSuchWebhook
    return webhook


def switched_off() -> Conflict:
    """What sending something to a webhook that is switched off is refused with."""
    return Conflict("The webhook is not enabled.")


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(dict.fromkeys(value)) if isinstance(value, list) else value for name, value in given.items()}


def _done(change: Callable[[], Any]) -> Any:
    try:
        return change()
    except webhooks.Unknown as unknown:
        raise NoSuchWebhook from unknown
    except webhooks.Unsigned as unsigned:
        raise InvalidBody("The target of the webhook is a function, which has no secret.") from unsigned
    except configuration.Invalid as flaw:
        raise InvalidBody(flaw.reason) from flaw
    except configuration.Stale as stale:
        raise PreconditionFailed from stale
    except message_signatures.TooMany as too_many:
        raise SecretsInUse from too_many


def _shown(webhook: Webhook) -> dict[str, Any]:
    values = {name: getattr(webhook, name) for name in _SHOWN}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    told |= {"disabled_because": webhook.disabled_because} if webhook.disabled_because else {}
    return told | {"created_at": clock.iso(webhook.created_at), "updated_at": clock.iso(webhook.updated_at)}


ROUTES = [
    Route(
        method="GET",
        path="/webhooks",
        serve=listed,
        summary="List webhooks",
        scopes=("read:webhooks",),
        query=ListQuery,
        answers=list[WebhookAnswer],
    ),
    Route(
        method="POST",
        path="/webhooks",
        serve=create,
        summary="Create a webhook",
        scopes=("create:webhooks",),
        body=NewWebhook,
        answers=WebhookAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/webhooks/{id}",
        serve=get,
        summary="Get a webhook",
        scopes=("read:webhooks",),
        query=FieldsQuery,
        answers=WebhookAnswer,
    ),
    Route(
        method="PATCH",
        path="/webhooks/{id}",
        serve=patch,
        summary="Change a webhook",
        scopes=("update:webhooks",),
        body=WebhookPatch,
        answers=WebhookAnswer,
    ),
    Route(
        method="DELETE",
        path="/webhooks/{id}",
        serve=delete,
        summary="Remove a webhook",
        scopes=("delete:webhooks",),
        status=204,
    ),
    Route(
        method="POST",
        path="/webhooks/{id}/rotate-secret",
        serve=rotate_secret,
        summary="Give a webhook at a URL a new secret",
        scopes=("update:webhooks",),
        body=Rotation,
        body_optional=True,
        answers=SecretAnswer,
    ),
    Route(
        method="POST",
        path="/webhooks/{id}/test",
        serve=send_test,
        summary="Send a webhook an event that is about nobody",
        scopes=("update:webhooks",),
        answers=SentAnswer,
        status=202,
    ),
]
