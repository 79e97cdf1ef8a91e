"""What tokens will say: put together of what is known, without reading or writing anything, so that nothing can fail any more."""

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from gatehouse import claim_mapping, claim_rules, userinfo
from gatehouse.claim_mapping import ACCESS, ID, Occasion
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, field
from gatehouse.grants import known as knowledge
from gatehouse.grants.known import Known
from gatehouse.sessions import Session
from gatehouse.tokens import Added

if TYPE_CHECKING:
    from gatehouse.entitlements import Rights

LeftOut = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """scope: as it counts. resources: the APIs that were asked for. rights: claims beside the scope. seconds: that the APIs let tokens live
    at most, 0 for any time. access_token, id_token: what is added to them. about: claims about the person for the ID token.
    left_out: by token, claims of the mapping that it does not have, each with the reason.
    """

    scope: str
    resources: str
    rights: Mapping[str, Any]
    seconds: int
    access_token: Added
    id_token: Added
    about: Mapping[str, Any]
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)


def of_session(client: Client, session: Session, known: Known, scope: str, requested: str = "") -> Draft:
    """The draft of a session's tokens for `scope` and the APIs requested, by default the session's."""
    # What was taken from the client since counts for its next tokens.
    scope, named = client.granted_scope(scope), knowledge.aimed(client, session, requested)
    scope, rights, seconds = granted(client, known, scope, named)
    access, id_token, left_out = claims(client, session.org_id, known, scope, session.claims)
    return Draft(scope, named, rights, seconds, access, id_token, _about(client, session, known, scope), left_out)


def granted(client: Client, known: Known, scope: str, named: str) -> tuple[str, dict[str, Any], int]:
    """What hooks and rights make of a scope at the APIs that are named: as `entitled`."""
    scope = known.changes.scope(scope) if known.changes else scope
    scope, rights, seconds = entitled(known.rights, scope, knowledge.targets(client, scope, named))
    if "roles" in rights:
        rights["roles"] = list(known.role_names)
    return scope, rights, seconds


def entitled(rights: "Rights | None", scope: str, targets: Collection[str]) -> tuple[str, dict[str, Any], int]:
    """What the rights leave of a scope at these APIs, the claims beside it, and how long the APIs let a token live, 0 for any time."""
    if rights is None:
        return scope, {}, 0
    left = rights.scope(scope, targets)
    return left, rights.claims(left, targets), rights.seconds(targets)


def claims(client: Client, org_id: str, known: Known, scope: str, login: str = "") -> tuple[Added, Added, dict[str, LeftOut]]:
    """What is added to access token and ID token, and what the mapping leaves out. The later counts: sign-in, mapping, hooks.

    login: as Session.claims.
    """
    mapped, changes = known.plan.mapped, known.changes
    if not mapped.rules and not login and not changes:
        return Added(), Added(), {}
    facts, occasion = known.holder.facts(known.role_names), Occasion.of(client, org_id, scope)
    access, access_left_out = claim_mapping.evaluate(mapped, facts, occasion, ACCESS)
    id_token, id_left_out = claim_mapping.evaluate(mapped, facts, occasion, ID)
    access, id_token = _of_login(login, "access_token", mapped.barred) | access, _of_login(login, "id_token", mapped.barred) | id_token
    if changes:
        access, id_token = changes.access_token.applied(access), changes.id_token.applied(id_token)
    budget, own = mapped.budget_bytes, mapped.persons_own
    return Added(access, budget, own), Added(id_token, budget, own), {ACCESS: access_left_out, ID: id_left_out}


def _of_login(login: str, token: str, barred: Collection[str]) -> dict[str, Any]:
    if not login:
        return {}
    try:
        given = json.loads(login).get(token) or {}
        # Judged again: what is sensitive may have been made so since.
        return claim_rules.accepted(given, sensitive=barred)[0]
    except (ValueError, AttributeError):
        return {}


def _about(client: Client, session: Session, known: Known, scope: str) -> Mapping[str, Any]:
    opened = scope if client.claims_in_id_token else ""
    # Nothing is put together where nothing was asked for, which is the rule.
    if "openid" not in scope.split() or not (opened or session.id_token_claims):
        return {}
    found = userinfo.claims(
        known.holder.user,
        opened,
        session.id_token_claims,
        role_names=known.role_names,
        document=known.holder.document,
        sensitive=known.plan.mapped.sensitive,
    )
    suppressed = known.changes.id_token.suppressed if known.changes else ()
    return {name: value for name, value in found.items() if name not in suppressed}
