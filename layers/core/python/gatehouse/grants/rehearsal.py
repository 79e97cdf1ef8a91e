"""What tokens would say, without making any: the same way as a grant's, up to where something would be signed or written."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gatehouse import claim_mapping, claim_rules, clock, holders, session_ids, tokens, userinfo
from gatehouse.claim_mapping import ACCESS, ID, OVER_BUDGET, USERINFO, Occasion
from gatehouse.claim_sources import MEMBERSHIP
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, field
from gatehouse.grants import drafts, hooked, known
from gatehouse.grants.drafts import LeftOut
from gatehouse.grants.known import Known
from gatehouse.hooks import CONTINUE, Hook, calls, pre_token
from gatehouse.hooks.calls import Accepted, Attempt
from gatehouse.hooks.pre_token import Changes
from gatehouse.sessions import Session
from gatehouse.tokens import Added

ISSUED, DENIED, UNAVAILABLE = "issued", "denied", "unavailable"
_FIRST_EPOCH: Final = 0


class NoPerson(Exception):
    """There is no such user."""


class NoMember(Exception):
    """The person is no member of the organization."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is added to one token, and what is not, each with the reason. token_bytes: what the whole token takes at most, 0 of userinfo."""

    claims: Mapping[str, Any]
    left_out: LeftOut
    token_bytes: int = 0

    @property
    def sizes(self) -> dict[str, int]:
        """Of each claim, in bytes."""
        return {name: claim_rules.size(name, value) for name, value in self.claims.items()}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """outcome: ISSUED, or DENIED or UNAVAILABLE because of a hook; then nothing is said. id_token: None without openid."""

    outcome: str
    scope: str
    budget_bytes: int
    trace: Sequence[tuple[Hook, Attempt[Changes]]]
    access_token: Said | None = None
    id_token: Said | None = None
    userinfo: Said | None = None


@dataclass(slots=True)
class _Trace:
    """Runs hooks and remembers what came of each."""

    idempotency_id: str
    deadline: calls.Deadline = field(default_factory=calls.Deadline)
    attempts: list[tuple[Hook, Attempt[Changes]]] = field(default_factory=list)

    def run(self, hook: Hook, event: Mapping[str, Any], accept: Callable[[Mapping[str, Any]], Accepted[Changes]]) -> Changes | None:
        attempt = calls.attempt(hook, event, accept, idempotency_id=self.idempotency_id, deadline=self.deadline)
        self.attempts.append((hook, attempt))
        if attempt.accepted:
            return attempt.accepted.value
        if attempt.outcome == "failed" and hook.fail_mode == CONTINUE:
            return None
        raise _Stopped(DENIED if attempt.outcome == "vetoed" else UNAVAILABLE)


class _Stopped(Exception):
    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def of_person(client: Client, user_id: str, org_id: str, scope: str, *, with_hooks: bool, idempotency_id: str) -> Rehearsed:
    """What the person's tokens would say if they signed in now: one read, and what hooks cost where they are asked.

    Claims that hooks after a sign-in would give are not in it.

    Raises:
        NoPerson, NoMember: as they say.
    """
    scope = client.granted_scope(scope)
    session = _session(client, user_id, org_id, scope)
    planned = known.plan(client, org_id, scope, known.targets(client, scope, ""))
    for_userinfo = userinfo.needed(planned.mapped, _as_of_token(client, org_id, " ".join(client.scopes)))
    holder = holders.read(user_id, org_id, {*planned.needed, *for_userinfo, MEMBERSHIP})
    if holder is None:
        raise NoPerson
    if org_id and holder.membership is None:
        raise NoMember
    found, trace = known.look_up(planned, holder, org_id), _Trace(idempotency_id)
    if with_hooks and planned.hooks:
        subject = hooked.subject_of(client, found, scope, org_id=org_id, login="", addable=hooked.addable(client))
        try:
            made = pre_token.through(planned.hooks, subject, trace.run, source=hooked.HOSTED, idempotency_id=idempotency_id)
        except _Stopped as stopped:
            return Rehearsed(stopped.outcome, scope, planned.mapped.budget_bytes, trace.attempts)
        found = known.changed(found, made)
    return _said(client, session, found, trace)


def _said(client: Client, session: Session, found: Known, trace: _Trace) -> Rehearsed:
    draft, mapped = drafts.of_session(client, session, found, session.scope), found.plan.mapped
    own = tokens.access_claims(client, draft.scope, session, resources=draft.resources, rights=draft.rights, longest_seconds=draft.seconds)
    access = _token(tokens.issued(client, own), draft.access_token, {}, draft.left_out.get(ACCESS, []))
    id_token = None
    if "openid" in draft.scope.split():
        id_token = _token(tokens.id_claims(client, session, ""), draft.id_token, draft.about, draft.left_out.get(ID, []))
    names = userinfo.role_names(found.holder, session.org_id)
    occasion = Occasion.of(client, session.org_id, draft.scope)
    told = claim_mapping.evaluate(mapped, found.holder.facts(names), occasion, USERINFO)
    return Rehearsed(ISSUED, draft.scope, mapped.budget_bytes, trace.attempts, access, id_token, Said(*told))


def _token(own: Mapping[str, Any], added: Added, about: Mapping[str, Any], left_out: LeftOut) -> Said:
    claims, left = tokens.composed(own, added, about)
    there = {name: claims[name] for name in added.claims if name in claims and name not in own}
    return Said(there, [*left_out, *((name, OVER_BUDGET) for name, _ in left)], tokens.longest_length(claims))


def _session(client: Client, user_id: str, org_id: str, scope: str) -> Session:
    now = clock.now()
    return Session(
        user_id,
        session_ids.new(_FIRST_EPOCH),
        client.client_id,
        scope,
        org_id,
        auth_time=now,
        amr=["pwd"],
        created_at=now,
        expires_at=now + client.session_seconds,
    )


def _as_of_token(client: Client, org_id: str, scope: str) -> dict[str, str]:
    return {"client_id": client.client_id, "org_id": org_id, "scope": scope}
