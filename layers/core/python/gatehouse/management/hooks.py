"""/api/v2/hooks: functions and URLs of the operator that have a say in sign-ups, sign-ins and tokens.

Whoever configures one sees everybody who passes it, and has a say in what they get; an organization's operators never do.
"""

from collections.abc import Callable
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from gatehouse import clock, configuration, hooks, message_signatures
from gatehouse.dataclasses import replace
from gatehouse.errors import NotFound
from gatehouse.hooks import Hook
from gatehouse.management import paging
from gatehouse.management.fields import FieldsQuery, only
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import Conflict, InvalidBody, PreconditionFailed, SecretsInUse
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.message_signatures import Secret
from gatehouse.web import Response

Trigger = Literal["pre_sign_up", "user_migration", "post_login", "pre_token"]
_LONGEST_OVERLAP_HOURS: Final = message_signatures.LONGEST_OVERLAP_SECONDS // 3600
# In the order in which they are shown.
_SHOWN: Final = (
    "id",
    "name",
    "trigger",
    "target",
    "order",
    "timeout_seconds",
    "fail_mode",
    "event",
    "enabled",
    "clients",
    "organizations",
    "configuration",
    "secret_arn",
)


class NoSuchHook(NotFound):
    code = "inexistent_hook"

    def __init__(self) -> None:
        super().__init__("The hook does not exist.")


class HookPatch(Body):
    """target: ARN of a Lambda function, or an https URL. configuration: goes to it with every event, and is read back here: for no secrets.

    secret_arn: of a secret in Secrets Manager that the function reads itself.
    """

    name: str | None = None
    target: str | None = None
    order: int | None = None
    timeout_seconds: int | None = None
    fail_mode: Literal["deny", "continue"] | None = None
    event: str | None = None
    enabled: bool | None = None
    clients: list[str] | None = None
    organizations: list[str] | None = None
    configuration: dict[str, Any] | None = None
    secret_arn: str | None = None


class NewHook(HookPatch):
    name: str
    trigger: Trigger
    target: str


class ListQuery(PageQuery, FieldsQuery):
    trigger: Trigger | Literal[""] = ""


class Rotation(Body):
    """overlap_hours: how long the secret before counts as well, beside those that still do; 0 ends all of them at once."""

    overlap_hours: int = Field(default=24, ge=0, le=_LONGEST_OVERLAP_HOURS)


class HookAnswer(Answer):
    """signing_secret: only in the answer that made it; it is kept encrypted and never shown again."""

    id: str
    name: str
    trigger: Trigger
    target: str
    order: int
    timeout_seconds: int
    fail_mode: Literal["deny", "continue"]
    event: str
    enabled: bool
    clients: list[str]
    organizations: list[str]
    configuration: dict[str, Any]
    secret_arn: str
    created_at: str
    updated_at: str


class SecretAnswer(Answer):
    """previous_until: until when the secret before counts as well; absent if it does not."""

    signing_secret: str


def listed(call: Call) -> Any:
    """GET hooks, by trigger and in the order in which they run."""
    query: ListQuery = call.query
    found = [only(_shown(hook), query) for hook in hooks.listed() if query.trigger in ("", hook.trigger)]
    return paging.sliced(query, found, "hooks", purpose=f"hooks {query.trigger}")


def get(call: Call) -> Response:
    """GET hooks/{id}"""
    hook = found(call)
    return sent(only(_shown(hook), call.query), version=hook.version)


def create(call: Call) -> Response:
    """POST hooks. A URL gets a secret, which is in the answer and nowhere else. The same again answers with the hook that there is."""
    secret, given = _Secret(), _kept(call.body.model_dump(exclude_none=True))
    hook = secret.given_to(Hook(hooks.new_id(), **given))
    made = _done(lambda: hooks.add(hook, deed=call.deed))
    return sent(_shown(made) | secret.shown(made), status=201, version=made.version)


def patch(call: Call) -> Response:
    """PATCH hooks/{id}: members that are given are changed, null makes one as at first.

    A URL on another host, or in place of a function, gets a secret of its own.
    """
    given, first = call.body.model_dump(exclude_unset=True), Hook("", "", "", "")
    values = _kept({name: getattr(first, name) if value is None else value for name, value in given.items()})
    secret = _Secret()
    changed = _changed(call, lambda before: secret.given_to(_moved(before, replace(before, **values))))
    return sent(_shown(changed) | secret.shown(changed), version=changed.version)


def delete(call: Call) -> None:
    """DELETE hooks/{id}, also done if there is none."""
    try:
        hooks.remove(call.path["id"], deed=call.deed)
    except hooks.Unknown:
        return
    except hooks.InUse as in_use:
        raise Conflict("The hook is enabled; switch it off first.") from in_use


def rotate_secret(call: Call) -> Response:
    """POST hooks/{id}/rotate-secret: repeated within the overlap, no secret ends that somebody may be using."""
    overlap_seconds, (new, shown) = call.body.overlap_hours * 3600, message_signatures.new_secret()

    def rotated(before: Hook) -> Hook:
        if before.secret is None:
            raise InvalidBody("The target of the hook is a function, which has no secret.")
        return replace(before, secret=message_signatures.successor(before.secret, new, overlap_seconds=overlap_seconds))

    changed = _changed(call, rotated)
    until = changed.secret.previous_until if changed.secret else 0
    return sent({"signing_secret": shown} | ({"previous_until": clock.iso(until)} if until else {}), version=changed.version)


def found(call: Call) -> Hook:
    """The hook that the path names.

    Raises:
        NoSuchHook: there is none.
    """
    hook = hooks.get(call.path["id"])
    if hook is None:
        raise NoSuchHook
    return hook


def _moved(before: Hook, after: Hook) -> Hook:
    """The hook without its secret if somebody else is to receive its events, who has no business with the one before."""
    return after if urlsplit(before.target).netloc.lower() == urlsplit(after.target).netloc.lower() else replace(after, secret=None)


class _Secret:
    """Of a hook that is a URL, which needs one, and of no other."""

    def __init__(self) -> None:
        self._made: tuple[Secret, str] | None = None

    def given_to(self, hook: Hook) -> Hook:
        """The hook with what it needs; asked again, the same."""
        if hook.is_function:
            return replace(hook, secret=None)
        if hook.secret:
            return hook
        self._made = self._made or message_signatures.new_secret()
        return replace(hook, secret=self._made[0])

    def shown(self, hook: Hook) -> dict[str, str]:
        """The secret for whoever is to receive the hook's events, if it is the one that was made here."""
        return {"signing_secret": self._made[1]} if self._made and hook.secret == self._made[0] else {}


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _changed(call: Call, edit: Callable[[Hook], Hook]) -> Hook:
    return _done(lambda: hooks.change(call.path["id"], edit, if_version=call.if_version, deed=call.deed))


def _done(change: Callable[[], Hook]) -> Hook:
    try:
        return change()
    except hooks.Unknown as unknown:
        raise NoSuchHook from unknown
    except configuration.Invalid as flaw:
        raise InvalidBody(flaw.reason) from flaw
    except configuration.Stale as stale:
        raise PreconditionFailed from stale
    except hooks.NameTaken as taken:
        raise Conflict("Another hook of this trigger has this name.") from taken
    except message_signatures.TooMany as too_many:
        raise SecretsInUse from too_many


def _shown(hook: Hook) -> dict[str, Any]:
    values = {name: getattr(hook, name) for name in _SHOWN}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return told | {"created_at": clock.iso(hook.created_at), "updated_at": clock.iso(hook.updated_at)}


ROUTES = [
    Route(
        method="GET",
        path="/hooks",
        serve=listed,
        summary="List hooks",
        scopes=("read:hooks",),
        query=ListQuery,
        answers=list[HookAnswer],
    ),
    Route(
        method="POST",
        path="/hooks",
        serve=create,
        summary="Create a hook",
        scopes=("create:hooks",),
        body=NewHook,
        answers=HookAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/hooks/{id}",
        serve=get,
        summary="Get a hook",
        scopes=("read:hooks",),
        query=FieldsQuery,
        answers=HookAnswer,
    ),
    Route(
        method="PATCH",
        path="/hooks/{id}",
        serve=patch,
        summary="Change a hook",
        scopes=("update:hooks",),
        body=HookPatch,
        answers=HookAnswer,
    ),
    Route(
        method="DELETE",
        path="/hooks/{id}",
        serve=delete,
        summary="Remove a hook that is switched off",
        scopes=("delete:hooks",),
        status=204,
    ),
    Route(
        method="POST",
        path="/hooks/{id}/rotate-secret",
        serve=rotate_secret,
        summary="Give a hook at a URL a new secret",
        scopes=("update:hooks",),
        body=Rotation,
        body_optional=True,
        answers=SecretAnswer,
    ),
]
