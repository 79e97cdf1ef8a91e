"""What the operations cost at published prices: dollars per million of each, per active user and month, and of a stack that nobody uses.

Nothing is measured here: counts and times are those that `work` kept, or else `exact`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import budgets, cost_tables, kept, month, partitions
from bench.prices import MILLION, each
from local import template
from local.instance import LocalError

# Of Lambda: as many MB come with one processor.
PROCESSOR_MB = 1769
# Assumed, since no DynamoDB and no Lambda were within reach: one answer after the other, and how many invocations are a process's first.
ROUND_TRIP_MS = 4
COLD_SHARE = 0.01
# A hook is a function of its own: so long at 512 MB, which the operation waits for.
HOOK_MS, HOOK_MB = 10, 512
# What Lambda and API Gateway write themselves for each request, in the formats that template.yaml sets.
LAMBDA_LINES = (
    '{"time":"2026-11-21T18:56:24.046Z","type":"platform.start","record":{"requestId":"8476a536-e9f4-11e8-9739-2dfe598c3fcd",'
    '"version":"$LATEST"}}',
    '{"time":"2026-11-21T18:56:24.046Z","type":"platform.report","record":{"requestId":"8476a536-e9f4-11e8-9739-2dfe598c3fcd",'
    '"metrics":{"durationMs":9.112,"billedDurationMs":10,"memorySizeMB":512,"maxMemoryUsedMB":61},"status":"success"}}',
)
ACCESS_LINE = (
    '{"time":"21/Nov/2026:21:40:53 +0000","request_id":"Zx1aBcDeFgHiJkL=","route":"POST /oauth/token","status":"200",'
    '"source_ip":"192.0.2.7","function_request_id":"8476a536-e9f4-11e8-9739-2dfe598c3fcd","ms":"14","bytes":"1532","error":"-"}'
)
GATEWAYS = {"HTTP API": "http_api", "REST API": "rest_api", "Function URL": ""}

# Row: the requests that it is made of, and what stands before the functions.
ROWS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "login with password": (("authorize, not signed on", "sign-in page", "password sign-in", "code exchange"), "HTTP API"),
    "authorize (signed on) + exchange": (("authorize, signed on", "code exchange"), "HTTP API"),
    "refresh": (("refresh",), "HTTP API"),
    "refresh, Lambda hook": (("refresh, Lambda hook",), "HTTP API"),
    "refresh, Function URL": (("refresh",), "Function URL"),
    "refresh, REST API": (("refresh",), "REST API"),
    "userinfo": (("userinfo",), "HTTP API"),
    "introspect": (("introspect",), "HTTP API"),
    "client credentials": (("client credentials",), "HTTP API"),
    "sign out everywhere": (("sign out everywhere",), "HTTP API"),
    "authorizer, beside your own API's request": (("authorizer",), "Function URL"),
    "discovery, not from a cache": (("discovery",), "HTTP API"),
    "key set, not from a cache": (("key set",), "HTTP API"),
}

# Shown in functions of several sizes: warm, and as the first of a process.
MEMORY_SIZES = (256, 512, 1024, PROCESSOR_MB)
SIZED_STEPS = ("refresh", "userinfo", "client credentials", "password sign-in")
SIZED_STARTS = ("refresh", "password sign-in")
# Assumed, as nothing invokes these here: milliseconds of a processor, and of waiting, and a function that they are invocations of.
ASSUMED: dict[str, tuple[float, float, str]] = {
    "an answer of the Management API (assumed)": (5, 10 * ROUND_TRIP_MS, "organizations_api"),
    "the same, the first of a process (assumed)": (250, 5 * ROUND_TRIP_MS, "organizations_api"),
    "a webhook that answers in 200 ms (assumed)": (1, 200 + 2 * ROUND_TRIP_MS, "webhook_delivery"),
}


@dataclass(frozen=True, slots=True)
class Bill:
    """Dollars for one operation, by who takes them; `cold` is the share of starts."""

    gateway: float = 0
    requests: float = 0
    duration: float = 0
    writes: float = 0
    reads: float = 0
    kms: float = 0
    logs: float = 0
    egress: float = 0
    cold: float = 0

    @property
    def bare(self) -> float:
        """Without logs, egress and starts, as other projects are usually reckoned."""
        return self.gateway + self.requests + self.duration + self.writes + self.reads + self.kms

    @property
    def total(self) -> float:
        return self.bare + self.logs + self.egress + self.cold


def measure() -> dict[str, Any]:
    """Bills from the figures that were kept.

    Raises:
        LocalError: there are none yet.
    """
    source = "work" if kept.run("work") else "exact"
    figures = kept.figures(source)
    if figures is None:
        raise LocalError("there are no figures to reckon with yet: make bench PART=work")
    memory = {name: properties["MemorySize"] for name, properties in template.functions().items()}
    bills = {name: row(figures, memory, steps, gateway) for name, (steps, gateway) in ROWS.items()}
    return {
        "source": source,
        "operations": {name: asdict(bill) | {"bare": bill.bare, "total": bill.total} for name, bill in bills.items()},
        "duration_ms": {name: [warm_ms(figures, memory, step) for step in steps] for name, (steps, _) in ROWS.items()},
        "memory": by_memory(figures, memory),
        "people": month.people({name: bill.total for name, bill in bills.items()}, figures["stored_bytes"]),
        "machines": month.machines(bills["client credentials"].total),
        "idle": month.idle(),
        "partitions": partitions.measure(figures),
    }


def tables(figures: Mapping[str, Any]) -> str:
    return cost_tables.tables(figures)


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    found = []
    for name, budget in budgets.COSTS.items():
        bare = figures["operations"][name]["bare"] * MILLION
        if bare > budget.allowed:
            found.append(f"{name} costs ${bare:.2f} per million, ${budget.allowed:.2f} allowed")
    return found


def row(figures: Mapping[str, Any], memory: Mapping[str, int], steps: Sequence[str], gateway: str) -> Bill:
    """The bill of requests that follow each other."""
    bills = [_bill(figures, memory, step, gateway) for step in steps]
    return Bill(*(sum(parts) for parts in zip(*(asdict(bill).values() for bill in bills), strict=True)))


def warm_ms(figures: Mapping[str, Any], memory: Mapping[str, int], step: str) -> int:
    """How long a warm invocation is billed: its processor time at the share that the memory brings, and waiting for each call."""
    return math.ceil(_elapsed(*_warm(figures, step), memory[figures["work"][step]["function"]]))


def by_memory(figures: Mapping[str, Any], memory: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What invocations take in functions of several sizes: of each size [MB, ms, dollars], and the size that the template gives them."""
    found: dict[str, tuple[float, float, str]] = {}
    for step in SIZED_STEPS:
        found[step] = (*_warm(figures, step), figures["work"][step]["function"])
    for step in SIZED_STARTS:
        found[f"{step}, the first of a process"] = (*_first(figures, step), figures["work"][step]["function"])
    return {
        name: {
            "chosen": memory[function],
            "sizes": [[mb, ms := _elapsed(cpu, waiting, mb), _lambda(math.ceil(ms), mb)] for mb in MEMORY_SIZES],
        }
        for name, (cpu, waiting, function) in (found | ASSUMED).items()
    }


def _warm(figures: Mapping[str, Any], step: str) -> tuple[float, float]:
    """Milliseconds of a processor, and of waiting for answers."""
    done = figures["work"][step]
    waiting = (len(done["operations"]) + done["kms"]) * ROUND_TRIP_MS + done["hooks"] * (ROUND_TRIP_MS + HOOK_MS)
    return figures["warm_ms"]["ES256"][step][0], waiting


def _first(figures: Mapping[str, Any], step: str) -> tuple[float, float]:
    """The same of the first invocation of a process, with all that comes before."""
    done = figures["work"][step]
    start = figures["cold"][done["function"]]
    cpu_ms = figures["calibration"]["interpreter"] + start["import_cpu"] + start["first_cpu"]
    return cpu_ms, (len(done["cold_operations"]) + done["cold_kms"]) * ROUND_TRIP_MS


def _elapsed(cpu_ms: float, waiting_ms: float, memory_mb: int) -> float:
    return cpu_ms * max(1, PROCESSOR_MB / memory_mb) + waiting_ms


def _bill(figures: Mapping[str, Any], memory: Mapping[str, int], step: str, gateway: str) -> Bill:
    done = figures["work"][step]
    answered_by_gateway = bool(GATEWAYS[gateway])
    hooks = done["hooks"]
    lines = [*done["log_lines"], *map(len, LAMBDA_LINES * (1 + hooks)), *([len(ACCESS_LINE)] if answered_by_gateway else [])]
    return Bill(
        gateway=each(GATEWAYS[gateway]) if answered_by_gateway else 0,
        requests=each("lambda_requests") * (1 + hooks),
        duration=_lambda(warm_ms(figures, memory, step), memory[done["function"]]) + hooks * _lambda(HOOK_MS, HOOK_MB),
        writes=done["wru"] * each("wru"),
        reads=done["rru"] * each("rru"),
        kms=done["kms"] * each("kms_requests"),
        logs=sum(lines) / 1e9 * each("logs"),
        egress=done["answer_bytes"] / 1e9 * each("egress"),
        cold=COLD_SHARE * _start(figures, memory, step),
    )


def _start(figures: Mapping[str, Any], memory: Mapping[str, int], step: str) -> float:
    """What the first invocation of a process costs beside a warm one: the interpreter, the import, a slower request, and what it reads."""
    done = figures["work"][step]
    start, mb = figures["cold"][done["function"]], memory[done["function"]]
    calls = len(done["cold_operations"]) - len(done["operations"]) + done["cold_kms"] - done["kms"]
    slower = max(0, start["first_cpu"] - figures["warm_ms"]["ES256"][step][0])
    began: float = figures["calibration"]["interpreter"] + start["import_cpu"]
    read: float = sum(units[1] for units in done["cold_partitions"].values()) - done["rru"]
    unwrapped: float = done["cold_kms"] * each("kms_requests")
    milliseconds = math.ceil(_elapsed(began + slower, calls * ROUND_TRIP_MS, mb))
    return _lambda(milliseconds, mb) + max(0.0, read) * each("rru") + unwrapped


def _lambda(milliseconds: float, memory_mb: int) -> float:
    return milliseconds / 1000 * memory_mb / 1024 * each("lambda_gb_seconds")
