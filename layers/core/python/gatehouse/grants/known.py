"""What has to be known before tokens can be made. All of it is read, and every hook has had its say, before anything is written."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from gatehouse import claim_mapping, hooks, resources, tokens
from gatehouse.claim_mapping import ACCESS, ID, Mapped, Occasion
from gatehouse.claim_sources import CUSTOM_DATA, MEMBERSHIP, ORGANIZATION, ROLES
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, replace
from gatehouse.holders import Holder
from gatehouse.hooks import Hook
from gatehouse.sessions import Session
from gatehouse.settings import settings
from gatehouse.userinfo import CUSTOM_DATA_SCOPE
from gatehouse.users import ROLES_SCOPE

if TYPE_CHECKING:
    from gatehouse.entitlements import Rights
    from gatehouse.hooks.pre_token import Changes


@dataclass(frozen=True, slots=True)
class Plan:
    """What tokens take. hooks: that run. needed: as holders.read, and ROLES. targets: the APIs that they may be for."""

    mapped: Mapped
    hooks: Sequence[Hook]
    needed: frozenset[str]
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Known:
    """What was read about a person for their tokens, and what hooks made of it. rights: as rights_of."""

    plan: Plan
    holder: Holder
    rights: "Rights | None" = None
    changes: "Changes | None" = None

    @property
    def role_names(self) -> Sequence[str]:
        """The person's roles, or what hooks put in their place."""
        if self.changes and self.changes.role_names is not None:
            return self.changes.role_names
        return self.rights.role_names if self.rights else ()


def plan(client: Client, org_id: str, scope: str, targets: Collection[str]) -> Plan:
    """What a person's tokens of at most this scope, for at most these APIs, take. Reads nothing for a minute at a time."""
    mapped, found = claim_mapping.settings(), running(client, org_id)
    # A hook may add what the client has.
    most = " ".join((scope, *client.scopes)) if found else scope
    needed = claim_mapping.needs(mapped, Occasion.of(client, org_id, most), (ACCESS, ID))
    if found:
        # Of which hooks are told the name.
        needed.add(ORGANIZATION)
    if found or ROLES_SCOPE in most.split():
        needed.add(ROLES)
    if ROLES in needed or _others(targets):
        needed.add(MEMBERSHIP)
    if client.claims_in_id_token and CUSTOM_DATA_SCOPE in most.split():
        needed.add(CUSTOM_DATA)
    return Plan(mapped, found, frozenset(needed), frozenset(targets))


def running(client: Client, org_id: str = "", *, machine: bool = False) -> list[Hook]:
    """The hooks that run before tokens are made. machine: of a client for itself. As hooks.of."""
    if not hooks.of(hooks.PRE_TOKEN, client.client_id, org_id):
        return []
    # Imported on first use: most clients have no hook.
    from gatehouse.hooks import pre_token

    return pre_token.of(client.client_id, org_id, machine=machine)


def aimed(client: Client, session: Session, requested: str = "") -> str:
    """The APIs asked for, of those that the client may still have tokens for; empty for the client's own."""
    named = requested or session.resources
    return " ".join([resource for resource in named.split() if resource in resources.allowed(client)]) if named else ""


def targets(client: Client, scope: str, named: str) -> list[str]:
    """The APIs that a token of this scope is for."""
    return tokens.audiences({"aud": tokens.audience(client, scope, named)})


def look_up(planned: Plan, holder: Holder, org_id: str) -> Known:
    """All that is known of the person: what rights_of costs."""
    with_roles = ROLES in planned.needed
    return Known(planned, holder, rights_of(holder, org_id, planned.targets, with_roles=with_roles))


def rights_of(holder: Holder | None, org_id: str, targets: Collection[str], *, with_roles: bool = False) -> "Rights | None":
    """What a person may do at those of these APIs that are registered, or a machine, which is nobody.

    None where there is nothing to say of it, and then nothing is read. with_roles: their roles count, whatever the APIs are.
    """
    others = _others(targets)
    if not others and not with_roles:
        return None
    # Imported on first use: most clients have no API but userinfo.
    from gatehouse import entitlements

    if holder is None:
        return entitlements.of_machine(others)
    return entitlements.of_person(holder.user, holder.role_ids(org_id), org_id, others, with_roles=with_roles)


def _others(targets: Collection[str]) -> list[str]:
    return [target for target in targets if target != settings().issuer]


def changed(known: Known, changes: "Changes") -> Known:
    return replace(known, changes=changes)
