"""The figures as tables in Markdown, each beside its budget."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench import budgets
from bench.stack import LayerSize


def tables(figures: Mapping[str, Any], layers: LayerSize) -> str:
    """Everything that one run measured."""
    made = [of(figures) for of in (_calibration, _work, _warm, _cold, _modules)]
    return "\n\n".join([*made, _sizes(figures, layers)])


def _calibration(figures: Mapping[str, Any]) -> str:
    unit = figures["calibration"]
    rows = [
        ("signature RS256 (2048 bits)", f"{unit['rs256_sign']:.3f}"),
        ("signature ES256", f"{unit['es256_sign']:.3f}"),
        ("JSON of a token's claims, there and back", f"{unit['json_round_trip']:.4f}"),
        ("Argon2id, 19 MiB, 2 passes", f"{unit['argon2id']:.1f}"),
        ("start of a bare interpreter", f"{unit['interpreter']:.1f} (elapsed {unit['interpreter_wall']:.1f})"),
    ]
    return _table("This machine", ("yardstick", "CPU ms"), rows)


def _work(figures: Mapping[str, Any]) -> str:
    rows = []
    for name, work in figures["work"].items():
        budget = budgets.BUDGETS.get(name)
        done = [len(work["operations"]), work["wru"], work["rru"], work["kms"], work["hooks"], work["signatures"]]
        cells = [f"{value:g}" for value in done]
        if budget:
            allowed = (budget.calls, budget.wru, budget.rru, budget.kms, budget.hooks, budget.signatures)
            cells = [f"{cell} / {limit:g}" for cell, limit in zip(cells, allowed, strict=True)]
        log = _told(work["log_bytes"], budgets.LOG_BYTES, "")
        rows.append((name, *cells, log, " ".join(work["operations"]) or "none"))
    head = ("operation", "calls", "WRU", "RRU", "KMS", "hooks", "signed", "log bytes", "calls made")
    return _table("Work of a warm invocation: measured / allowed", head, rows)


def _warm(figures: Mapping[str, Any]) -> str:
    unit = figures["calibration"]["rs256_sign"]
    rows = []
    for name, (total, client) in figures["warm_ms"]["ES256"].items():
        budget = budgets.BUDGETS.get(name)
        target = budget.cpu if budget else None
        default, _ = figures["warm_ms"]["RS256"][name]
        multiple = f"{total / unit:.2f}" if target is None else _told(total / unit, target, ".2f")
        rows.append((name, f"{total:.2f}", f"{client:.2f}", f"{total - client:.2f}", multiple, f"{default:.2f}"))
    head = ("operation", "CPU ms", "DynamoDB client", "own", "in RS256 signatures / target", "CPU ms with RS256")
    return _table("Time of a warm invocation, for a client with ES256", head, rows)


def _cold(figures: Mapping[str, Any]) -> str:
    unit = figures["calibration"]["interpreter"]
    rows = []
    for function, start in figures["cold"].items():
        work = figures["work"][start["operation"]]
        multiple = (start["import_cpu"] + start["first_cpu"]) / unit
        rows.append(
            (
                function,
                start["operation"],
                f"{start['import_cpu']:.0f} ({start['import_wall']:.0f})",
                f"{start['first_cpu']:.0f} ({start['first_wall']:.0f})",
                f"{multiple:.1f}" if function in budgets.PAGES else _told(multiple, budgets.COLD_INTERPRETERS, ".1f"),
                _told(start["memory"] / 1024, budgets.MEMORY_MIB, ".0f") if start["memory"] else "",
                f"{len(work['cold_operations'])} + {work['cold_kms']}",
            )
        )
    times = ("import: CPU ms (elapsed)", "request: CPU ms (elapsed)", "both in bare starts / target")
    head = ("function", "first request", *times, "MiB / target", "calls + KMS")
    return _table("Cold start, a process of its own each", head, rows)


def _modules(figures: Mapping[str, Any]) -> str:
    cold = figures["cold"]
    hot = {function: set(start["modules"]) for function, start in cold.items() if function not in budgets.PAGES}
    named = (*budgets.NEVER_LOADED, *budgets.PAGES_NEVER_LOADED, *budgets.HEAVY)
    rows = [(module, _loaders(module, hot)) for module in named]
    head = ("module", "loaded by")
    return _table(f"Modules after the first request of the {len(hot)} functions that show no page", head, rows)


def _loaders(module: str, hot: Mapping[str, set[str]]) -> str:
    found = [function for function, modules in hot.items() if module in modules]
    return "all" if len(found) == len(hot) else ", ".join(found) or "none"


def _sizes(figures: Mapping[str, Any], layers: LayerSize) -> str:
    session = figures["session_bytes"]
    scope = f"{session['scope']} characters of scope, 120 of user agent, IPv6"
    rows = [
        (f"session item, refreshed ({scope})", _told(session["refreshed"], budgets.SESSION_BYTES, "", " bytes")),
        ("the same, revoked", _told(session["revoked"], budgets.SESSION_BYTES, "", " bytes")),
        ("both layers, unzipped", _told(layers.unzipped / 2**20, budgets.UNZIPPED_MIB, ".1f", " MiB")),
        ("both layers, zipped", _told(layers.zipped / 2**20, budgets.ZIPPED_MIB, ".1f", " MiB")),
    ]
    return _table("Sizes", ("what", "measured / target"), rows)


def _told(value: float, target: float, form: str, unit: str = "") -> str:
    return f"{value:{form}} / {target:{form}}{unit}" + (" **over**" if value > target else "")


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join([f"### {title}", "", *(_line(line, widths) for line in lines)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
