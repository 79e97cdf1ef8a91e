"""Hooks that have a say in tokens before they are made: Cognito's trigger PreTokenGeneration, in its versions 1, 2 and 3.

Version 1 speaks of the ID token only, and of texts. 2 and 3 speak of both tokens, any JSON and scopes; 3 is also asked about machines.
What an answer leaves out, or has as null, stays as it is; but groupOverrideDetails that are null or empty take all roles away, as there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from gatehouse import claim_rules, hooks
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, field, replace
from gatehouse.hooks import Hook, calls, events
from gatehouse.hooks.calls import Accepted, Malformed, Trial
from gatehouse.users import User

LONGEST_ROLE_NAME: Final = 100
_MACHINES: Final = "3"
_V1: Final = "1"
# Who has them has them by other rules than a hook's.
_KEPT_SCOPES: Final = frozenset(("openid", "offline_access"))
# What a hook may leave out although it may not say what it is: facts about the person.
_ABOUT_PERSON: Final = frozenset(("email", "email_verified", "phone_number", "phone_number_verified"))
_NEVER_SUPPRESSED: Final = claim_rules.RESERVED - _ABOUT_PERSON


@dataclass(frozen=True, slots=True)
class Edits:
    """What becomes of a set of names: some are taken away, then some are added with a value, in place of what they had."""

    added: Mapping[str, Any] = field(default_factory=dict)
    suppressed: frozenset[str] = frozenset()

    def applied(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in claims.items() if name not in self.suppressed} | dict(self.added)

    def then(self, later: "Edits") -> "Edits":
        """Both, one after the other."""
        return Edits(later.applied(self.added), self.suppressed | later.suppressed)


@dataclass(frozen=True, slots=True)
class Changes:
    """What hooks make of tokens. role_names: instead of the person's own; None for no change."""

    access_token: Edits = field(default_factory=Edits)
    id_token: Edits = field(default_factory=Edits)
    scopes: Edits = field(default_factory=Edits)
    role_names: Sequence[str] | None = None

    def scope(self, scope: str) -> str:
        """The scope as the hooks would have it."""
        return " ".join(self.scopes.applied(dict.fromkeys(scope.split())))

    def then(self, later: "Changes") -> "Changes":
        names = self.role_names if later.role_names is None else later.role_names
        edits = (self.access_token.then(later.access_token), self.id_token.then(later.id_token), self.scopes.then(later.scopes))
        return Changes(*edits, role_names=names)


@dataclass(frozen=True, slots=True)
class Subject:
    """For whom tokens are made, and what they would be without hooks. user: None for a machine. org_id: empty for none.

    org_name: of that organization. sub: the machine, if that is another than the client.
    addable: scopes that may be added. barred: further names that no claim may have. access_token, id_token: claims so far.
    """

    client: Client
    user: User | None = None
    org_id: str = ""
    scope: str = ""
    role_names: Sequence[str] = ()
    addable: Collection[str] = ()
    barred: Collection[str] = ()
    access_token: Mapping[str, Any] = field(default_factory=dict)
    id_token: Mapping[str, Any] = field(default_factory=dict)
    sub: str = ""
    org_name: str = ""

    def after(self, changes: Changes) -> "Subject":
        """The same, as a later hook sees it."""
        return replace(
            self,
            scope=changes.scope(self.scope),
            role_names=self.role_names if changes.role_names is None else changes.role_names,
            access_token=changes.access_token.applied(self.access_token),
            id_token=changes.id_token.applied(self.id_token),
        )


# How one hook is run, and what comes of it; None if it failed and things go on without it.
Runner = Callable[[Hook, Mapping[str, Any], Callable[[Mapping[str, Any]], Accepted[Changes]]], Changes | None]


def of(client_id: str, org_id: str, *, machine: bool = False) -> list[Hook]:
    """The hooks that would run. As hooks.of."""
    return [hook for hook in hooks.of(hooks.PRE_TOKEN, client_id, org_id) if not machine or hook.event == _MACHINES]


def run(found: Sequence[Hook], subject: Subject, *, source: str, idempotency_id: str) -> Changes:
    """Run these hooks one after the other, each seeing what the ones before made of it. source: one of Cognito's trigger sources.

    Raises:
        calls.Vetoed: one refused. Unavailable: one failed that must not.
    """
    deadline = calls.Deadline()

    def running(hook: Hook, event: Mapping[str, Any], accept: Callable[[Mapping[str, Any]], Accepted[Changes]]) -> Changes | None:
        return calls.run(hook, event, accept, idempotency_id=idempotency_id, deadline=deadline)

    return through(found, subject, running, source=source, idempotency_id=idempotency_id)


def through(found: Sequence[Hook], subject: Subject, runner: Runner, *, source: str, idempotency_id: str) -> Changes:
    """As `run`, with the hooks run by `runner`, whose exceptions go through."""
    changes = Changes()
    for hook in found:
        seen = subject.after(changes)
        made = runner(hook, _event(hook, seen, source, idempotency_id), _acceptance(hook, seen))
        changes = changes.then(made) if made else changes
    return changes


def trial(hook: Hook, subject: Subject, source: str, idempotency_id: str) -> Trial:
    """The event of one hook, and what takes its answer; nothing of that is kept."""
    return _event(hook, subject, source, idempotency_id), _acceptance(hook, subject)


def _event(hook: Hook, subject: Subject, source: str, idempotency_id: str) -> dict[str, Any]:
    user, client = subject.user, subject.client
    groups = {"groupsToOverride": list(subject.role_names), "iamRolesToOverride": [], "preferredRole": None}
    request: dict[str, Any] = {"userAttributes": events.user_attributes(user) if user else {}, "groupConfiguration": groups}
    if hook.event != _V1:
        request["scopes"] = subject.scope.split()
    if user:
        request["user"] = events.user_document(user)
    request["context"] = {
        "client_id": client.client_id,
        "client_name": client.name,
        "first_party": client.first_party,
        "scope": subject.scope,
        "claims": {"accessToken": dict(subject.access_token), "idToken": dict(subject.id_token)},
    }
    if subject.org_id:
        request["context"]["organization"] = {"id": subject.org_id, "name": subject.org_name}
    return events.envelope(
        hook,
        source,
        user_name=user.user_id if user else subject.sub or client.client_id,
        client_id=client.client_id,
        idempotency_id=idempotency_id,
        request=request,
        response={"claimsOverrideDetails" if hook.event == _V1 else "claimsAndScopeOverrideDetails": None},
    )


def _acceptance(hook: Hook, subject: Subject) -> Callable[[Mapping[str, Any]], Accepted[Changes]]:
    def accept(answer: Mapping[str, Any]) -> Accepted[Changes]:
        calls.judge_denial(hook, answer)
        response = _object(answer.get("response"), "response")
        left_out: list[str] = []
        changes = _of_v1(response, subject, left_out) if hook.event == _V1 else _of_v2(response, subject, left_out)
        bytes_added = sum(claim_rules.size(*claim) for edits in (changes.access_token, changes.id_token) for claim in edits.added.items())
        return Accepted(changes, bytes_added, left_out)

    return accept


def _of_v1(response: Mapping[str, Any], subject: Subject, left_out: list[str]) -> Changes:
    details = _object(response.get("claimsOverrideDetails"), "claimsOverrideDetails")
    given = _object(details.get("claimsToAddOrOverride"), "claimsToAddOrOverride")
    if not all(value is None or isinstance(value, str) for value in given.values()):
        raise Malformed("claimsToAddOrOverride has a value that is no text")
    return Changes(id_token=_edits(details, subject, left_out), role_names=_groups(details, left_out))


def _of_v2(response: Mapping[str, Any], subject: Subject, left_out: list[str]) -> Changes:
    details = _object(response.get("claimsAndScopeOverrideDetails"), "claimsAndScopeOverrideDetails")
    access = _object(details.get("accessTokenGeneration"), "accessTokenGeneration")
    return Changes(
        access_token=_edits(access, subject, left_out),
        id_token=_edits(_object(details.get("idTokenGeneration"), "idTokenGeneration"), subject, left_out),
        scopes=_scopes(access, subject, left_out),
        role_names=_groups(details, left_out),
    )


def _edits(generation: Mapping[str, Any], subject: Subject, left_out: list[str]) -> Edits:
    given = _object(generation.get("claimsToAddOrOverride"), "claimsToAddOrOverride")
    kept, dropped = claim_rules.accepted({name: value for name, value in given.items() if value is not None}, sensitive=subject.barred)
    suppressed = frozenset(_texts(generation, "claimsToSuppress"))
    left_out += [*dropped, *sorted(suppressed & _NEVER_SUPPRESSED)]
    # Whoever both adds and suppresses a claim suppresses it, as there.
    suppressed -= _NEVER_SUPPRESSED
    return Edits({name: value for name, value in kept.items() if name not in suppressed}, suppressed)


def _scopes(generation: Mapping[str, Any], subject: Subject, left_out: list[str]) -> Edits:
    asked, suppressed = _texts(generation, "scopesToAdd"), frozenset(_texts(generation, "scopesToSuppress"))
    there = subject.scope.split()
    added = [scope for scope in asked if scope in subject.addable and scope not in _KEPT_SCOPES]
    left_out += [f"scope {scope}"[: claim_rules.LONGEST_NAME] for scope in asked if scope not in added and scope not in there]
    if "openid" in suppressed:
        left_out.append("scope openid")
    suppressed -= {"openid"}
    return Edits(dict.fromkeys(scope for scope in added if scope not in suppressed and scope not in there), suppressed)


def _groups(details: Mapping[str, Any], left_out: list[str]) -> Sequence[str] | None:
    if "groupOverrideDetails" not in details:
        return None
    names = _texts(_object(details["groupOverrideDetails"], "groupOverrideDetails"), "groupsToOverride")
    kept = [name for name in names if 0 < len(name) <= LONGEST_ROLE_NAME and name.isprintable()]
    left_out += [f"role {name}"[: claim_rules.LONGEST_NAME] for name in names if name not in kept]
    return kept


def _object(value: Any, member: str) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise Malformed(f"{member} is no object")
    return value or {}


def _texts(holder: Mapping[str, Any], member: str) -> list[str]:
    values = holder.get(member)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Malformed(f"{member} is no list of texts")
    return list(dict.fromkeys(values))
