"""What each operation may cost. Work is exact and breaks the run; times are told, since every machine has its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SESSION_BYTES = 1024
LOG_BYTES = 350
UNZIPPED_MIB = 20
ZIPPED_MIB = 6
MEMORY_MIB = 64
# Processor time of import and first request, in starts of a bare interpreter.
COLD_INTERPRETERS = 7.7

# What takes long to import and has no place where people wait; a function that serves no page renders none.
NEVER_LOADED = ("argon2", "asyncio", "aws_lambda_powertools", "jinja2", "jwt", "pydantic", "requests")
PAGES_NEVER_LOADED = ("gatehouse.blocklist", "gatehouse.hosted.routes", "gatehouse.mail", "gatehouse.passwords")
HEAVY = ("boto3", "botocore", "s3transfer", "urllib3", "multiprocessing", "email.parser", "ssl", "decimal", "xml.etree")
PAGES = ("hosted_pages",)


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one warm invocation. cpu: for an ES256 client, in signatures by RS256; None where nothing is decided."""

    calls: int
    wru: float
    rru: float
    signatures: int
    cpu: float | None
    kms: int = 0
    hooks: int = 0


BUDGETS: Mapping[str, Budget] = {
    "authorize, signed on": Budget(1, 0, 2, 0, 0.58),
    "authorize, not signed on": Budget(1, 1, 0, 0, None),
    "code exchange": Budget(2, 1, 1, 2, 0.88),
    "refresh": Budget(2, 1, 1, 2, 0.71),
    "refresh by cookie": Budget(2, 1, 1, 2, 0.71),
    # Tokens bound to a key cost no call; a pushed request one write when it comes and one when it is used.
    "push, bound": Budget(1, 1, 0, 0, None),
    "authorize, bound": Budget(3, 1, 3, 0, None),
    "code exchange, bound": Budget(2, 1, 1, 2, None),
    "refresh, bound": Budget(2, 1, 1, 2, None),
    # And one more write per request that authenticates by an assertion: it is used up (RFC 7523 section 3, jti).
    "push, FAPI": Budget(2, 2, 0, 0, None),
    "authorize, FAPI": Budget(3, 1, 3, 0, None),
    "code exchange, FAPI": Budget(3, 2, 1, 2, None),
    "refresh, FAPI": Budget(3, 2, 1, 2, None),
    # What a mapping of claims needs is read with the person; a hook is one call of its function, and takes the session, too.
    "code exchange, mapped": Budget(2, 1, 1, 2, None),
    "refresh, mapped": Budget(2, 1, 1, 2, None),
    "code exchange, mapped data": Budget(2, 1, 2, 2, None),
    "refresh, mapped data": Budget(2, 1, 2, 2, None),
    "code exchange, Lambda hook": Budget(2, 1, 2, 2, None, hooks=1),
    "refresh, Lambda hook": Budget(2, 1, 2, 2, None, hooks=1),
    "client credentials": Budget(0, 0, 0, 1, 0.31),
    "userinfo": Budget(1, 0, 2, 0, 0.58),
    # The person's document, where the scope opens it and it is switched on.
    "userinfo, custom data": Budget(1, 0, 3, 0, None),
    "introspect": Budget(1, 0, 2, 0, 0.62),
    "authorizer": Budget(1, 0, 2, 0, 0.58),
    "revoke": Budget(1, 1, 0, 0, None),
    "sign out everywhere": Budget(1, 1, 0, 0, 0.59),
    "RP logout": Budget(3, 2, 1, 0, None),
    # Two counters and one given back, the sign-on, the pending sign-in, the counter cleared; and since logins are kept, two writes more:
    # the record of the person, whose size it costs, and the entry of the history.
    "password sign-in": Budget(11, 8, 3, 0, None),
    "discovery": Budget(0, 0, 0, 0, 0.08),
    "key set": Budget(0, 0, 0, 0, 0.08),
}


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    """What breaks the run, one sentence each."""
    found = []
    for name, work in figures["work"].items():
        found += [f"{name}: {disagreement}" for disagreement in work["disagreements"]]
        if name in BUDGETS:
            found += _over(name, work, BUDGETS[name])
    largest = max(figures["session_bytes"]["refreshed"], figures["session_bytes"]["revoked"])
    if largest >= SESSION_BYTES:
        found.append(f"a session item has {largest} bytes, over one write unit")
    for function, start in figures["cold"].items():
        if function not in PAGES:
            refused = sorted({*NEVER_LOADED, *PAGES_NEVER_LOADED} & set(start["modules"]))
            found += [f"{function} loads {module}" for module in refused]
    return found


def _over(name: str, work: Mapping[str, Any], budget: Budget) -> list[str]:
    done = {"calls": len(work["operations"])} | {figure: work[figure] for figure in ("wru", "rru", "signatures", "kms", "hooks")}
    limits = {figure: getattr(budget, figure) for figure in done}
    over = [figure for figure in done if done[figure] > limits[figure]]
    return [f"{name}: {done[figure]:g} {figure}, {limits[figure]:g} allowed" for figure in over]
