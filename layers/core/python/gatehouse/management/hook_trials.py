"""/api/v2/hooks/{id}/test: what a hook answers to an event, and what would be made of that. Nothing is written."""

from typing import Any, Final, Literal

from gatehouse import claim_mapping, clients, identifiers, permissions, users
from gatehouse.clients import Client
from gatehouse.grants import hooked
from gatehouse.hooks import Hook, calls, trials
from gatehouse.hooks.trials import Setting
from gatehouse.management import callers, hooks
from gatehouse.management.refusals import InvalidBody, NoSuchUser
from gatehouse.management.routes import Answer, Body, Call, Route
from gatehouse.users import User

READ_USERS: Final = "read:users"
# What the event of a person tells of them.
_ABOUT_PEOPLE: Final = (READ_USERS, "read:users_app_metadata")


class Trial(Body):
    """event: one that was recorded. Or user_id: of whom to make one as if they signed up, signed in or got tokens now.

    client_id, org_id, scope: of that sign-in; of an event, client_id says which scopes may be added.
    """

    event: dict[str, Any] | None = None
    user_id: str = ""
    client_id: str = ""
    org_id: str = ""
    scope: str = "openid"


class TraceAnswer(Answer):
    """event: as it was sent. answer: as it came. accepted: what would be made of it. left_out: names in it that count for nothing.

    A test is no way to read what somebody typed: a password in the event is not repeated.
    """

    outcome: Literal["ok", "vetoed", "failed"]
    ms: int
    reason: str
    event: dict[str, Any]
    answer: dict[str, Any]
    accepted: dict[str, Any]
    left_out: list[str]
    bytes_added: int


def try_out(call: Call) -> dict[str, Any]:
    """POST hooks/{id}/test"""
    asked: Trial = call.body
    hook = hooks.found(call)
    if (asked.event is None) == (not asked.user_id):
        raise InvalidBody("either event or user_id must be given")
    event, accept = _trial(call, hook, asked)
    # However often it failed before.
    calls.forget(hook.id)
    tried = calls.attempt(hook, event, accept, idempotency_id=trials.id_of(event), deadline=calls.Deadline())
    call.request.outcome.update(hook_id=hook.id, hook_outcome=tried.outcome)
    done = tried.accepted
    return {
        "outcome": tried.outcome,
        "ms": tried.ms,
        "reason": tried.reason,
        "event": trials.without_secrets(event),
        "answer": trials.without_secrets(tried.answer),
        "accepted": done.value if done else {},
        "left_out": list(done.left_out) if done else [],
        "bytes_added": done.bytes_added if done else 0,
    }


def _trial(call: Call, hook: Hook, asked: Trial) -> calls.Trial:
    client = _client(asked.client_id)
    try:
        if asked.event is not None:
            # Whomever it names: the function may look them up, or ask others of them with a token of its own.
            callers.demand_for_tenant(call.caller, READ_USERS)
            return trials.of_event(hook, asked.event, _setting(client, asked))
        for scope in _ABOUT_PEOPLE:
            callers.demand_for_tenant(call.caller, scope)
        user = users.get(asked.user_id) if identifiers.valid_user_id(asked.user_id) else None
        if user is None:
            raise NoSuchUser
        return trials.of_user(hook, user, _setting(client, asked, user))
    except trials.Unusable as flaw:
        raise InvalidBody(str(flaw)) from flaw


def _client(client_id: str) -> Client | None:
    if not client_id:
        return None
    client = clients.get(client_id) if identifiers.valid_segment(client_id) else None
    if client is None:
        raise InvalidBody("client_id is none of a client")
    return client


def _setting(client: Client | None, asked: Trial, user: User | None = None) -> Setting:
    if asked.org_id and not identifiers.valid_segment(asked.org_id):
        raise InvalidBody("org_id is none of an organization")
    roles = permissions.roles_of(user, asked.org_id) if user else []
    return Setting(
        client or trials.stand_in(""),
        asked.org_id,
        asked.scope,
        [role.name for role in roles],
        hooked.addable(client) if client else (),
        claim_mapping.settings().barred,
    )


ROUTES = [
    Route(
        method="POST",
        path="/hooks/{id}/test",
        serve=try_out,
        summary="Try a hook",
        scopes=("update:hooks",),
        body=Trial,
        answers=TraceAnswer,
    ),
]
