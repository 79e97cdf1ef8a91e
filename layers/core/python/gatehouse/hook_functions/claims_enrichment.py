"""A pre_token hook: claims and roles by what an API outside tells of a person when a token is made. Cognito's event PreTokenGeneration V2.

Its configuration: url, https, where {user_id} stands for the person's id; audience or client_id, whom the token for the API is for; claims,
of name to field of the answer, "stats.plays"; roles, each {role, field, at_least}; secret_header, in which the hook's secret goes along;
cache_seconds, stale_seconds, timeout_seconds, token_seconds; on_error, "continue" or "deny", for when nothing is known of the person.

A role: {"role": "playlist_editor", "field": "plays", "at_least": 100}. Who reaches that gets it, and who does not loses it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from gatehouse import service_tokens
from gatehouse.dataclasses import dataclass
from gatehouse.hook_functions import outside_api
from gatehouse.hook_functions.options import Misconfigured, Options

LONGEST_CACHE_SECONDS: Final = 3600
LONGEST_STALE_SECONDS: Final = 86_400
LONGEST_TIMEOUT_SECONDS: Final = 15
CONTINUE, DENY = "continue", "deny"
_SOURCE: Final = ("url", "audience", "client_id", "secret_header", "cache_seconds", "stale_seconds", "timeout_seconds", "token_seconds")
_MEMBERS: Final = (*_SOURCE, "claims", "roles", "on_error")


@dataclass(frozen=True, slots=True)
class _Role:
    role: str
    field: str
    at_least: float

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        options = Options(given, ("role", "field", "at_least"))
        return cls(options.text("role"), options.text("field"), options.number("at_least"))


@dataclass(frozen=True, slots=True)
class _Rules:
    source: outside_api.Source
    claims: Mapping[str, str]
    roles: Sequence[_Role]
    on_error: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        request = event["request"]
        options = Options(request.get("configuration"), _MEMBERS)
        rules = cls(
            source=_source(options, event["callerContext"]["clientId"], request.get("secretArn", "")),
            claims=options.document("claims"),
            roles=[_Role.of(role) for role in options.documents("roles")],
            on_error=options.one_of("on_error", (CONTINUE, DENY), CONTINUE),
        )
        if not all(isinstance(field, str) and field for field in rules.claims.values()):
            raise Misconfigured("configuration: claims must name a field for each claim")
        rules.source.check()
        return rules


def run(event: dict[str, Any]) -> dict[str, Any] | None:
    """Answer a PreTokenGeneration event of version 2 or 3: the event, with claims and changed roles in its response.

    None where nothing is known of the person and the configuration denies that: no answer, by which the hook fails instead of refusing
    for good, so that the token can be asked for again.

    Raises:
        Misconfigured: nobody gets a token until the configuration is put right.
    """
    rules, request = _Rules.of(event), event["request"]
    if event["version"] == "1":
        raise Misconfigured('the hook must have event "2" or "3"')
    if not request.get("user"):
        # A client's own token is about nobody.
        return event
    told = outside_api.told(rules.source, request["user"])
    if told is None:
        return event if rules.on_error == CONTINUE else None
    if details := _details(rules, request.get("groupConfiguration") or {}, told):
        event["response"] = {**(event.get("response") or {}), "claimsAndScopeOverrideDetails": details}
    return event


def _source(options: Options, client_id: str, secret_arn: str) -> outside_api.Source:
    return outside_api.Source(
        url=options.text("url"),
        audience=options.text("audience", "") or options.text("client_id", "") or client_id,
        secret_header=options.text("secret_header", ""),
        secret_arn=secret_arn,
        cache_seconds=options.whole("cache_seconds", 60, lowest=0, highest=LONGEST_CACHE_SECONDS),
        stale_seconds=options.whole("stale_seconds", 3600, lowest=0, highest=LONGEST_STALE_SECONDS),
        timeout_seconds=options.whole("timeout_seconds", 3, lowest=1, highest=LONGEST_TIMEOUT_SECONDS),
        token_seconds=options.whole("token_seconds", service_tokens.USUAL_SECONDS, lowest=60, highest=service_tokens.LONGEST_SECONDS),
    )


def _details(rules: _Rules, groups: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """claimsAndScopeOverrideDetails, of which a member is only there where it changes something: groups that are there are overridden."""
    details: dict[str, Any] = {}
    if claims := {name: value for name, field in rules.claims.items() if (value := _field(told, field)) is not None}:
        details = {token: {"claimsToAddOrOverride": claims} for token in ("idTokenGeneration", "accessTokenGeneration")}
    before = list(groups.get("groupsToOverride") or [])
    after = _judged(rules.roles, before, told)
    return details if after == before else details | {"groupOverrideDetails": {**groups, "groupsToOverride": after}}


def _judged(rules: Sequence[_Role], before: Sequence[str], told: Mapping[str, Any]) -> list[str]:
    """The roles as the rules have them. A field that is no number says nothing, and its role stays as it is."""
    after = list(before)
    for rule in rules:
        value = _field(told, rule.field)
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if value >= rule.at_least and rule.role not in after:
            after.append(rule.role)
        elif value < rule.at_least and rule.role in after:
            after.remove(rule.role)
    return after


def _field(told: Mapping[str, Any], path: str) -> Any:
    """What the answer has at "stats.plays"; None if nothing is there."""
    found: Any = told
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found
