"""What each operation may cost. What can be counted breaks every run; of times only those that hardly depend on the machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SESSION_BYTES = 1024
# Of one line: a hook has one of its own.
LOG_BYTES = 350
UNZIPPED_MIB = 20
ZIPPED_MIB = 6
MEMORY_MIB = 64
# Argon2id works on 19 MiB beside all else.
PAGES_MEMORY_MIB = 64 + 19
# Processor time of import and first answer, in starts of a bare interpreter: 100 ms where that takes 13. `exact` runs on any machine,
# and among other work.
COLD_INTERPRETERS = 7.7
MARGIN = 1.5
# Of the same, against a function of the usual kind, which by then has not even called.
TYPICAL_RATIO = 0.2
# Processor time of an endpoint that decides nothing but reads a form, and of the documents, in starts, too: 0.06 and 0.05 ms.
FRAME_INTERPRETERS = {"framing": 0.06 / 13, "discovery": 0.05 / 13, "key set": 0.05 / 13}
# A password must cost what its hash costs, and nothing to speak of beside.
PASSWORD_RATIO = 1.05

# What takes long to import and has no place where people wait; a function that serves no page renders none.
NEVER_LOADED = ("argon2", "asyncio", "aws_lambda_powertools", "jinja2", "jwt", "pydantic", "requests")
PAGES_NEVER_LOADED = ("gatehouse.blocklist", "gatehouse.hosted.routes", "gatehouse.mail", "gatehouse.passwords")
# What the SDK brings: the functions that are started here go without it. Others may load it, since nobody waits for them.
SDK_NEVER_LOADED = ("boto3", "botocore", "s3transfer", "urllib3", "multiprocessing", "email.parser", "xml.etree")
HEAVY = ("http.client", "ssl", "decimal")
PAGES = ("hosted_pages",)
# The functions whose start has a target of its own.
STARTING = ("token_exchange", "discovery")


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one warm invocation."""

    calls: int
    wru: float
    rru: float
    signatures: int
    kms: int = 0
    hooks: int = 0


BUDGETS: Mapping[str, Budget] = {
    "authorize, signed on": Budget(1, 0, 2, 0),
    "authorize, not signed on": Budget(1, 1, 0, 0),
    "code exchange": Budget(2, 1, 1, 2),
    "refresh": Budget(2, 1, 1, 2),
    "refresh by cookie": Budget(2, 1, 1, 2),
    # Tokens bound to a key cost no call; a pushed request one write when it comes and one when it is used.
    "push, bound": Budget(1, 1, 0, 0),
    "authorize, bound": Budget(3, 1, 3, 0),
    "code exchange, bound": Budget(2, 1, 1, 2),
    "refresh, bound": Budget(2, 1, 1, 2),
    # And one more write per request that authenticates by an assertion: it is used up (RFC 7523 section 3, jti).
    "push, FAPI": Budget(2, 2, 0, 0),
    "authorize, FAPI": Budget(3, 1, 3, 0),
    "code exchange, FAPI": Budget(3, 2, 1, 2),
    "refresh, FAPI": Budget(3, 2, 1, 2),
    # What a mapping of claims needs is read with the person; a hook is one call of its function, and takes the session, too.
    "code exchange, mapped": Budget(2, 1, 1, 2),
    "refresh, mapped": Budget(2, 1, 1, 2),
    "code exchange, mapped data": Budget(2, 1, 2, 2),
    "refresh, mapped data": Budget(2, 1, 2, 2),
    "code exchange, Lambda hook": Budget(2, 1, 2, 2, hooks=1),
    "refresh, Lambda hook": Budget(2, 1, 2, 2, hooks=1),
    "client credentials": Budget(0, 0, 0, 1),
    "userinfo": Budget(1, 0, 2, 0),
    # The person's document, where the scope opens it and it is switched on.
    "userinfo, custom data": Budget(1, 0, 3, 0),
    "introspect": Budget(1, 0, 2, 0),
    "authorizer": Budget(1, 0, 2, 0),
    "revoke": Budget(1, 1, 0, 0),
    "sign out everywhere": Budget(1, 1, 0, 0),
    # What else the sign-on began is asked for under two epochs, as it may have had a grace after signing out everywhere.
    "RP logout": Budget(4, 2, 2, 0),
    "sign-in page": Budget(1, 0, 1, 0),
    # Two counters and one given back, the sign-on, the pending sign-in, the counter cleared; and since logins are kept, two writes more:
    # the record of the person, whose size it costs, and the entry of the history.
    "password sign-in": Budget(11, 8, 3, 0),
    "discovery": Budget(0, 0, 0, 0),
    "key set": Budget(0, 0, 0, 0),
}


@dataclass(frozen=True, slots=True)
class CostBudget:
    """Dollars per million, without logs, egress and starts. least: what the least work would cost. why: what we do beside it."""

    least: float
    allowed: float
    why: str = ""


# Half a unit more to read is $0.06 per million, one more answer to wait for $0.03.
COSTS: Mapping[str, CostBudget] = {
    "refresh": CostBudget(1.95, 2.05, "the person is read strongly consistent and before the write, so that a block counts at once"),
    "authorize (signed on) + exchange": CostBudget(
        3.20, 3.60, "sign-on and person, and the person again at the exchange, strongly consistent"
    ),
    "userinfo": CostBudget(1.35, 1.55, "session and person, strongly consistent: what is revoked now is refused now"),
    "introspect": CostBudget(1.35, 1.55, "the same"),
    "client credentials": CostBudget(1.25, 1.25),
    "sign out everywhere": CostBudget(1.95, 1.95),
}


def exceeded(figures: Mapping[str, Any], margin: float = MARGIN) -> list[str]:
    """What breaks a run of `exact`, one sentence each. margin: by how much a start may exceed its target."""
    found = []
    for name, work in figures["work"].items():
        found += [f"{name}: {disagreement}" for disagreement in work["disagreements"]]
        found += _over(name, work)
    return [*found, *_sizes(figures), *_modules(figures), *_starts(figures, margin)]


def exceeded_in_time(figures: Mapping[str, Any]) -> list[str]:
    """What breaks a run of `work` beside that."""
    unit, found = figures["calibration"]["interpreter"], []
    for function, start in figures["cold"].items():
        limit = PAGES_MEMORY_MIB if function in PAGES else MEMORY_MIB
        if start["memory"] / 1024 > limit:
            found.append(f"{function} takes {start['memory'] / 1024:.0f} MiB of memory, {limit} allowed")
    ratio = first_answer(figures["cold"]["token_exchange"]) / figures["typical_start"]
    if ratio > TYPICAL_RATIO:
        found.append(f"token_exchange takes {ratio:.2f} of what a function of the usual kind takes to start, {TYPICAL_RATIO} allowed")
    return exceeded(figures, margin=1) + found + _frame(figures["frame"], unit)


def _frame(measured: Mapping[str, float], unit: float) -> list[str]:
    allowed = {what: starts * unit for what, starts in FRAME_INTERPRETERS.items()}
    over = [what for what in allowed if measured[what] > allowed[what]]
    found = [f"{what} takes {measured[what]:.3f} ms, {allowed[what]:.3f} allowed on this machine" for what in over]
    checked = measured["password"] / measured["argon2id"]
    if checked > PASSWORD_RATIO:
        found.append(f"a password check takes {checked:.2f} times the bare library, {PASSWORD_RATIO:g} allowed")
    return found


def first_answer(start: Mapping[str, Any]) -> float:
    """Processor milliseconds from the bare interpreter to the first answer of DynamoDB; where that was not timed, to the function's own."""
    return float(start["import_cpu"] + start.get("first_answer_cpu", start["first_cpu"]))


def _over(name: str, work: Mapping[str, Any]) -> list[str]:
    found = [f"{name}: a log line of {size} bytes, {LOG_BYTES} allowed" for size in work["log_lines"] if size > LOG_BYTES]
    budget = BUDGETS.get(name)
    if budget is None:
        return [*found, f"{name}: has no budget"]
    done = {"calls": len(work["operations"])} | {figure: work[figure] for figure in ("wru", "rru", "signatures", "kms", "hooks")}
    limits = {figure: getattr(budget, figure) for figure in done}
    over = [figure for figure in done if done[figure] > limits[figure]]
    return found + [f"{name}: {done[figure]:g} {figure}, {limits[figure]:g} allowed" for figure in over]


def _sizes(figures: Mapping[str, Any]) -> list[str]:
    found = []
    largest = max(figures["session_bytes"]["refreshed"], figures["session_bytes"]["revoked"])
    if largest >= SESSION_BYTES:
        found.append(f"a session item has {largest} bytes, over one write unit")
    for name, limit in {"unzipped": UNZIPPED_MIB, "zipped": ZIPPED_MIB}.items():
        if figures["layers"][name] > limit * 2**20:
            found.append(f"both layers have {figures['layers'][name] / 2**20:.1f} MiB {name}, {limit} allowed")
    return found


def _modules(figures: Mapping[str, Any]) -> list[str]:
    refused = {*NEVER_LOADED, *PAGES_NEVER_LOADED, *SDK_NEVER_LOADED}
    hot = {function: start for function, start in figures["cold"].items() if function not in PAGES}
    return [f"{function} loads {module}" for function, start in hot.items() for module in sorted(refused & set(start["modules"]))]


def _starts(figures: Mapping[str, Any], margin: float) -> list[str]:
    unit, limit = figures["calibration"]["interpreter"], COLD_INTERPRETERS * margin
    taken = {function: first_answer(figures["cold"][function]) / unit for function in STARTING}
    return [
        f"{function} takes {starts:.1f} starts of an interpreter to the first answer, {limit:.1f} allowed"
        for function, starts in taken.items()
        if starts > limit
    ]
