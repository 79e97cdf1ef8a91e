"""/api/v2/claims: which values of a person go into which tokens, and what they would make of a token."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from gatehouse import claim_mapping, clients, clock, configuration, identifiers
from gatehouse.claim_mapping import Mapped, Rule
from gatehouse.dataclasses import asdict, replace
from gatehouse.grants import rehearsal
from gatehouse.grants.rehearsal import Rehearsed, Said
from gatehouse.hooks import Hook
from gatehouse.hooks.calls import Attempt
from gatehouse.management import callers
from gatehouse.management.clients import NoSuchClient
from gatehouse.management.refusals import InvalidBody, NoSuchUser, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.web import Response

READ_USERS = "read:users"
Token = Literal["access", "id", "userinfo"]
_USUAL: Final[list[Token]] = ["access"]


class RuleBody(Body):
    """source: where the value comes from. scope: that must be granted, empty for none. clients, organizations: empty for all."""

    claim: str
    source: str
    tokens: list[Token] = Field(default_factory=lambda: list(_USUAL))
    scope: str = ""
    clients: list[str] = Field(default_factory=list)
    organizations: list[str] = Field(default_factory=list)


class MappingPatch(Body):
    """sensitive: sources that go into no token and no answer of userinfo. budget_bytes: of all claims that are added to one token."""

    rules: list[RuleBody] | None = None
    sensitive: list[str] | None = None
    budget_bytes: int | None = None


class MappingAnswer(Answer):
    rules: list[RuleBody]
    sensitive: list[str]
    budget_bytes: int
    updated_at: str | None = None


class DryRun(Body):
    """organization: id of one whose member the person is, empty for none. scope: by default all that the client may have.

    hooks: ask the hooks of pre_token too, which are called for it.
    """

    user_id: str
    client_id: str
    organization: str = ""
    scope: str | None = None
    hooks: bool = False


class LeftOut(Answer):
    claim: str
    reason: str


class SaidAnswer(Answer):
    """bytes: of each claim. total_bytes: of all of them. token_bytes: of the whole token, at most; absent of userinfo."""

    claims: dict[str, Any]
    bytes: dict[str, int]
    total_bytes: int
    left_out: list[LeftOut]
    token_bytes: int | None = None


class HookRun(Answer):
    """left_out: what it answered with and is not allowed to say."""

    id: str
    name: str
    outcome: Literal["ok", "vetoed", "failed"]
    reason: str
    ms: int
    bytes_added: int
    left_out: list[str]


class DryRunAnswer(Answer):
    """outcome: whether tokens would be issued, or a hook denies them or keeps them from being made; then nothing else is told."""

    outcome: Literal["issued", "denied", "unavailable"]
    scope: str
    budget_bytes: int
    access_token: SaidAnswer | None = None
    id_token: SaidAnswer | None = None
    userinfo: SaidAnswer | None = None
    hooks: list[HookRun]


def get(_call: Call) -> Response:
    """GET claims"""
    return _sent(claim_mapping.current())


def patch(call: Call) -> Response:
    """PATCH claims: members that are given replace what was there, null makes one as it was at first."""
    # As a whole, with what its rules leave out.
    given = {name: value for name, value in call.body.model_dump().items() if name in call.body.model_fields_set}
    try:
        return _sent(claim_mapping.change(lambda before: _changed(before, given), if_version=call.if_version, deed=call.deed))
    except configuration.Stale as stale:
        raise PreconditionFailed from stale
    except configuration.Invalid as flaw:
        raise InvalidBody(flaw.reason) from flaw


def _changed(before: Mapped, given: Mapping[str, Any]) -> Mapped:
    first, values = Mapped(), dict(given)
    for name, value in given.items():
        if value is None:
            values[name] = getattr(first, name)
        elif name == "rules":
            values[name] = tuple(Rule.from_item(rule) for rule in value)
        elif name == "sensitive":
            values[name] = tuple(value)
    return replace(before, **values)


def _sent(mapped: Mapped) -> Response:
    told = {"rules": [asdict(rule) for rule in mapped.rules], "sensitive": list(mapped.sensitive), "budget_bytes": mapped.budget_bytes}
    if mapped.version:
        told["updated_at"] = clock.iso(mapped.updated_at)
    return sent(told, version=mapped.version)


def dry_run(call: Call) -> dict[str, Any]:
    """POST claims/dry-run: what a person's tokens would say for a client, as the mapping and the hooks were at most a minute ago."""
    callers.demand_for_tenant(call.caller, READ_USERS)
    asked: DryRun = call.body
    client = clients.get(asked.client_id)
    if client is None:
        raise NoSuchClient
    if not identifiers.valid_user_id(asked.user_id):
        raise NoSuchUser
    if asked.organization and not identifiers.valid_segment(asked.organization):
        raise InvalidBody("organization cannot be an id")
    scope = " ".join(client.scopes) if asked.scope is None else asked.scope
    run_id = f"dry-run-{call.request.id}"
    try:
        made = rehearsal.of_person(
            client, asked.user_id, asked.organization, scope, with_hooks=asked.hooks, idempotency_id=run_id.replace(".", "-")[:64]
        )
    except rehearsal.NoPerson as unknown:
        raise NoSuchUser from unknown
    except rehearsal.NoMember as outsider:
        raise InvalidBody("the person is no member of the organization") from outsider
    return _told(made)


def _told(made: Rehearsed) -> dict[str, Any]:
    said = {name: getattr(made, name) for name in ("access_token", "id_token", "userinfo")}
    return {
        "outcome": made.outcome,
        "scope": made.scope,
        "budget_bytes": made.budget_bytes,
        **{name: _of_token(token) if token else None for name, token in said.items()},
        "hooks": [_of_hook(hook, attempt) for hook, attempt in made.trace],
    }


def _of_token(said: Said) -> dict[str, Any]:
    left_out = [{"claim": claim, "reason": reason} for claim, reason in said.left_out]
    told = {"claims": said.claims, "bytes": said.sizes, "total_bytes": sum(said.sizes.values()), "left_out": left_out}
    return told | ({"token_bytes": said.token_bytes} if said.token_bytes else {})


def _of_hook(hook: Hook, attempt: Attempt[Any]) -> dict[str, Any]:
    done = attempt.accepted
    return {
        "id": hook.id,
        "name": hook.name,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "ms": attempt.ms,
        "bytes_added": done.bytes_added if done else 0,
        "left_out": list(done.left_out) if done else [],
    }


ROUTES = [
    Route(
        method="GET",
        path="/claims",
        serve=get,
        summary="Get the mapping of claims",
        scopes=("read:claims",),
        answers=MappingAnswer,
    ),
    Route(
        method="PATCH",
        path="/claims",
        serve=patch,
        summary="Change the mapping of claims",
        scopes=("update:claims",),
        body=MappingPatch,
        answers=MappingAnswer,
    ),
    Route(
        method="POST",
        path="/claims/dry-run",
        serve=dry_run,
        summary="Tell which claims a person's tokens would have, without making any",
        scopes=("read:claims",),
        body=DryRun,
        answers=DryRunAnswer,
    ),
]
