"""Claims without code: rules by which the operator takes values from what is known of a person into tokens, and what never goes there."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Self

from gatehouse import audit, claim_rules, claim_sources, clock, table
from gatehouse.audit import Deed
from gatehouse.claim_sources import Facts
from gatehouse.clients import Client, scope_is_wellformed
from gatehouse.configuration import Configuration, Invalid
from gatehouse.dataclasses import asdict, dataclass, replace

ACCESS, ID, USERINFO = "access", "id", "userinfo"
TOKENS: Final = (ACCESS, ID, USERINFO)
MOST_RULES: Final = 100
MOST_SENSITIVE: Final = 100
BUDGET_BYTES: Final = 3000
LARGEST_BUDGET_BYTES: Final = 5000
# No two sources of claims can collide: each has a name of its own, which is a URL or a prefix.
_NAMESPACED: Final = (
    r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?(?:/[A-Za-z0-9_.~-]+)+|[a-z][a-z0-9_-]{0,31}:[A-Za-z][A-Za-z0-9_.:-]{0,127}"
)

# Why a claim is not there.
NO_SCOPE, OTHER_CLIENT, OTHER_ORGANIZATION = "scope not granted", "client does not match", "organization does not match"
NOT_CONSENTED: Final = "not consented"
NO_VALUE, SENSITIVE, UNFIT, RESERVED, OVER_BUDGET = "no value", "sensitive", "no value for a claim", "reserved", "over budget"


@dataclass(frozen=True, slots=True)
class Rule:
    """The claim gets what is found at source: claim_sources. tokens: of TOKENS, where it goes. scope: that must be granted, empty for none.

    clients, organizations: for which it holds; empty for all. For an application of a third party a rule holds by a scope, to which the
    person agreed, or by naming it among its clients.
    """

    claim: str
    source: str
    tokens: tuple[str, ...] = (ACCESS,)
    scope: str = ""
    clients: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        lists = {name: tuple(item.get(name, ())) for name in ("tokens", "clients", "organizations")}
        return cls(item["claim"], item["source"], scope=item.get("scope", ""), **lists)

    def mismatch(self, occasion: "Occasion") -> str:
        """Why it does not hold; empty if it does."""
        if self.clients and occasion.client_id not in self.clients:
            return OTHER_CLIENT
        if self.organizations and occasion.org_id not in self.organizations:
            return OTHER_ORGANIZATION
        if not self.scope and not self.clients and not occasion.first_party:
            return NOT_CONSENTED
        return NO_SCOPE if self.scope and self.scope not in occasion.scope.split() else ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """sensitive: paths of claim_sources whose values stand in no token and no answer of userinfo, with all that lies below them.

    rules: of several for one claim the first that has a value counts. budget_bytes: what all claims that were added to one token may take,
    be it by a rule, a hook or a sign-in.
    """

    version: int = 0
    updated_at: int = 0
    rules: tuple[Rule, ...] = ()
    sensitive: tuple[str, ...] = ()
    budget_bytes: int = BUDGET_BYTES

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        rules = tuple(map(Rule.from_item, item["rules"]))
        return cls(item["version"], item["updated_at"], rules, tuple(item["sensitive"]), item["budget_bytes"])

    def to_item(self) -> dict[str, Any]:
        rules = [{name: list(value) if isinstance(value, tuple) else value for name, value in asdict(rule).items()} for rule in self.rules]
        return asdict(self) | {"rules": rules, "sensitive": list(self.sensitive)}

    @property
    def persons_own(self) -> frozenset[str]:
        """Claims that a person, or somebody else's service, has a say in the size of."""
        return frozenset(rule.claim for rule in self.rules if rule.source.partition(".")[0] in ("user_metadata", "identities"))

    @property
    def barred(self) -> frozenset[str]:
        """Names that no claim may have that somebody else adds."""
        return frozenset(path.rpartition(".")[2] for path in self.sensitive)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a token is made for: the client, the organization in whose name the person signed in (empty for none), and the scope granted.

    first_party: whether the client is the operator's own.
    """

    client_id: str
    org_id: str = ""
    scope: str = ""
    first_party: bool = False

    @classmethod
    def of(cls, client: Client, org_id: str, scope: str) -> Self:
        return cls(client.client_id, org_id, scope, client.first_party)


def settings() -> Mapped:
    """As Configuration.settings."""
    return _CONFIGURATION.settings()


def forget() -> None:
    """Read the mapping anew."""
    _CONFIGURATION.forget()


def current() -> Mapped:
    """The mapping as it is now: 1 RRU per 4 KB."""
    return _CONFIGURATION.current()


def change(edit: Callable[[Mapped], Mapped], *, if_version: int | None = None, deed: Deed | None = None) -> Mapped:
    """As Configuration.change. deed: of whom the audit trail is told, None for nobody."""

    def entries(before: Mapped, after: Mapped) -> Sequence[table.Write]:
        return [audit.write("claims.changed", "claims", deed, {"changed": audit.differing(before, after)})] if deed else ()

    return _CONFIGURATION.change(edit, if_version=if_version, writes=entries)


def needs(mapped: Mapped, occasion: Occasion, tokens: Collection[str]) -> set[str]:
    """What of claim_sources.needs has to be known to evaluate the rules for these tokens. occasion: with the most that may be granted."""
    rules = [rule for rule in mapped.rules if not rule.mismatch(occasion) and not set(tokens).isdisjoint(rule.tokens)]
    return {claim_sources.needs(rule.source) for rule in rules} - {""}


def evaluate(mapped: Mapped, facts: Facts, occasion: Occasion, token: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The claims that the rules give this token, of TOKENS, and those that they do not, each with the reason. Reads nothing.

    Of facts that were not looked up nothing is found.
    """
    claims: dict[str, Any] = {}
    left_out: list[tuple[str, str]] = []
    for rule in mapped.rules:
        if token not in rule.tokens or rule.claim in claims:
            continue
        reason = rule.mismatch(occasion)
        found = None if reason else claim_sources.value(facts, rule.source, mapped.sensitive)
        reason = reason or _flaw(found)
        if reason:
            left_out.append((rule.claim, reason))
        else:
            claims[rule.claim] = found
    return claims, [(claim, reason) for claim, reason in left_out if claim not in claims]


def _flaw(found: Any) -> str:
    if found is None:
        return NO_VALUE
    return "" if claim_rules.fit(found) else UNFIT


def _completed(_before: Mapped, after: Mapped, version: int) -> Mapped:
    completed = replace(after, version=version, updated_at=clock.now())
    if len(completed.rules) > MOST_RULES:
        raise Invalid(f"there are at most {MOST_RULES} rules")
    if not 0 <= completed.budget_bytes <= LARGEST_BUDGET_BYTES:
        raise Invalid(f"budget_bytes must be 0 to {LARGEST_BUDGET_BYTES}")
    _check_sensitive(completed.sensitive)
    for at, rule in enumerate(completed.rules):
        _check(f"rules.{at}", rule, completed.sensitive)
    return completed


def _check_sensitive(paths: Sequence[str]) -> None:
    if len(paths) > MOST_SENSITIVE or len(set(paths)) < len(paths):
        raise Invalid(f"sensitive has at most {MOST_SENSITIVE} paths, each once")
    for at, path in enumerate(paths):
        if not claim_sources.valid(path) or path == claim_sources.ROLES:
            raise Invalid(f"sensitive.{at} is no path to a value")


def _check(place: str, rule: Rule, sensitive: Collection[str]) -> None:
    if not re.fullmatch(_NAMESPACED, rule.claim) or len(rule.claim) > claim_rules.LONGEST_NAME:
        raise Invalid(f"{place}.claim must be an https URL with a path, or a prefix, a colon and a name")
    if not claim_rules.accepted({rule.claim: ""})[0]:
        raise Invalid(f"{place}.claim is a name that no claim may have")
    if not claim_sources.valid(rule.source):
        raise Invalid(f"{place}.source is no path to a value")
    if claim_sources.covered(rule.source, sensitive):
        raise Invalid(f"{place}.source is sensitive, and goes into no token")
    if not rule.tokens or not set(rule.tokens) <= set(TOKENS) or len(set(rule.tokens)) < len(rule.tokens):
        raise Invalid(f"{place}.tokens must be some of {', '.join(TOKENS)}")
    if " " in rule.scope or not scope_is_wellformed(rule.scope) or len(rule.scope) > 128:
        raise Invalid(f"{place}.scope must be one scope")
    _check_ids(f"{place}.clients", rule.clients)
    _check_ids(f"{place}.organizations", rule.organizations)


def _check_ids(place: str, ids: Iterable[str]) -> None:
    if len(list(ids)) > 100 or not all(0 < len(name) <= 128 for name in ids):
        raise Invalid(f"{place} has at most 100 ids")


_CONFIGURATION: Final = Configuration(Mapped, table.claims_key, _completed)
