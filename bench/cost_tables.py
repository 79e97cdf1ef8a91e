"""The cost model as tables in Markdown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import budgets, month, partitions
from bench.prices import MILLION, PRICES
from bench.report import table, titled

Figures = Mapping[str, Any]


def operations(figures: Figures) -> str:
    rows = []
    for name, bill in figures["operations"].items():
        parts = [bill[part] for part in ("gateway", "requests", "duration", "writes", "reads", "logs", "egress", "cold")]
        milliseconds = " + ".join(f"{each}" for each in figures["duration_ms"][name])
        budget = budgets.COSTS.get(name)
        bare = f"{bill['bare'] * MILLION:.2f}" + (f" / {budget.allowed:.2f}" if budget else "")
        bare += " **over**" if budget and bill["bare"] * MILLION > budget.allowed else ""
        rows.append((name, milliseconds, *map(_dollars, parts), f"**{bill['total'] * MILLION:.2f}**", bare))
    takers = ("gateway", "Lambda requests", "Lambda time", "writes", "reads", "logs", "egress", "starts")
    return table(("operation", "billed ms", *takers, "all, $/M", "without logs, egress, starts / allowed"), rows)


def allowances(figures: Figures) -> str:
    """Why some operations may cost more than the least work would."""
    rows = [(name, f"{cost.least:.2f}", f"{cost.allowed:.2f}", cost.why or "nothing") for name, cost in budgets.COSTS.items()]
    return table(("operation", "least work, $/M", "allowed, $/M", "what we do beside it"), rows)


def memory(figures: Figures) -> str:
    """Elapsed time and price of invocations by the size of their function; the size that it has stands out."""
    rows: list[Sequence[str]] = []
    for name, told in figures["memory"].items():
        marks = ["**" if mb == told["chosen"] else "" for mb, _, _ in told["sizes"]]
        cells = [f"{ms:.1f} ms, ${dollars * MILLION:.3f}" for _, ms, dollars in told["sizes"]]
        rows.append((name, *(f"{mark}{cell}{mark}" for mark, cell in zip(marks, cells, strict=True))))
    sizes = [f"{mb:,} MB" for told in figures["memory"].values() for mb, _, _ in told["sizes"]][: len(rows[0]) - 1]
    return table(("invocation: elapsed, and Lambda time per million", *sizes), rows)


def people(figures: Figures) -> str:
    others = {
        "cognito_lite": "Cognito Lite",
        "cognito_essentials": "Cognito Essentials",
        "cognito_plus": "Cognito Plus",
        "logto_pro": "Logto Cloud Pro, beyond its 50 000 tokens",
        "auth0_essentials": "Auth0 Essentials, at its full 500",
    }
    rows = []
    for name, dollars in figures["people"].items():
        logins, refreshes, asked = month.PROFILES[name]
        who = f"{name}: {logins} logins, {refreshes} refreshes, {asked} userinfo"
        times = [f"{dollars[other]:.4f} ({_times(dollars[other] / dollars['own'])})" for other in others]
        rows.append((who, f"**{dollars['own']:.6f}**", f"{dollars['storage']:.7f}", *times))
    return table(("one person, one month", "Gatehouse, $", "of it storage", *others.values()), rows)


def machines(figures: Figures) -> str:
    of = figures["machines"]
    rows = [
        ("Gatehouse", f"{of['own']:.2f}", ""),
        ("Cognito", f"{of['cognito']:,.0f}", f"{_times(of['cognito'] / of['own'])}, and by the month for each client"),
        ("Logto Cloud Pro", f"{of['logto_pro']:,.0f}", _times(of["logto_pro"] / of["own"])),
        ("Auth0", "not published in what we could read", "an extra of its larger plans"),
    ]
    return table(("a million tokens for machines", "$", "beside ours"), rows)


def idle(figures: Figures) -> str:
    rows = [(entry["what"], f"{entry['number']}", f"{entry['dollars']:.2f}", f"{entry['beyond_free']:.2f}") for entry in figures["idle"]]
    total, beyond = (sum(entry[name] for entry in figures["idle"]) for name in ("dollars", "beyond_free"))
    rows.append(("together", "", f"**{total:.2f}**", f"**{beyond:.2f}**"))
    return table(("what stands there", "number", "$ a month", "beyond what is free for good"), rows)


def hot(figures: Figures) -> str:
    rows = []
    for entry in figures["partitions"]["hot"]:
        where = f"`{entry['partition']}#…`" if entry["partition"] else "none"
        full_at = f"{entry['full_at']:,.0f}" if entry["full_at"] else "never"
        rows.append((entry["operation"], where, f"{entry['wru']:,.0f}", f"{entry['rru']:,.0f}", full_at))
    per_second = f"at {partitions.REQUESTS_PER_SECOND:,} requests/s"
    head = (f"one person or client, {per_second}", "partition", "WRU/s of 1,000", "RRU/s of 3,000", "full at requests/s")
    return table(head, rows)


def cached(figures: Figures) -> str:
    kinds = {"CLIENT": "the client", "CLAIMS": "claims mapping", "HOOKS": "hooks", "TENANT": "tenant settings", "KEYS": "key ring"}
    entries = figures["partitions"]["cached"]
    rows = [(kinds[entry["partition"]], f"{entry['seconds']}", f"{entry['rru']:.1f}") for entry in entries]
    return table(("read by each process", "once in s", f"RRU/s of 3,000, with {partitions.PROCESSES:,} processes"), rows)


def prices(figures: Figures) -> str:
    rows = [
        (
            price.what,
            f"${price.dollars:.10f}".rstrip("0").rstrip(".") + f" per {price.per}",
            price.source,
            price.read,
            "yes" if price.first_hand else "no",
        )
        for price in PRICES.values()
    ]
    return table(("what", "price", "read from", "of", "the seller's words"), rows)


TABLES: Mapping[str, Callable[[Figures], str]] = {
    "Dollars per million operations": operations,
    "What may cost more than the least": allowances,
    "Memory": memory,
    "One person, one month": people,
    "Tokens for machines": machines,
    "A stack that nobody uses": idle,
    "A hot person, a hot client": hot,
    "What processes read again": cached,
    "Prices": prices,
}


def tables(figures: Figures) -> str:
    return titled(TABLES, figures)


def _dollars(amount: float) -> str:
    return f"{amount * MILLION:.3f}"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"
