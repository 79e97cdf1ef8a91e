"""Figures as tables in Markdown, each beside its budget."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import budgets

Figures = Mapping[str, Any]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(_line(line, widths) for line in lines)


def told(value: float, target: float, form: str, unit: str = "") -> str:
    """measured / allowed, marked where it is over."""
    return f"{value:{form}} / {target:{form}}{unit}" + (" **over**" if value > target else "")


def titled(blocks: Mapping[str, Callable[[Figures], str]], figures: Figures) -> str:
    """Each table below its title."""
    return "\n\n".join(f"### {title}\n\n{render(figures)}" for title, render in blocks.items())


def machine(figures: Figures) -> str:
    unit = figures["calibration"]
    rows = [
        ("signature RS256 (2048 bits)", f"{unit['rs256_sign']:.3f}"),
        ("signature ES256", f"{unit['es256_sign']:.3f}"),
        ("JSON of a token's claims, there and back", f"{unit['json_round_trip']:.4f}"),
        ("Argon2id, 19 MiB, 2 passes", f"{unit['argon2id']:.1f}"),
        ("start of a bare interpreter", f"{unit['interpreter']:.1f} (elapsed {unit['interpreter_wall']:.1f})"),
    ]
    return table(("yardstick", "CPU ms"), rows)


def work(figures: Figures) -> str:
    rows = []
    for name, done in figures["work"].items():
        counted = [len(done["operations"]), done["wru"], done["rru"], done["kms"], done["hooks"], done["signatures"]]
        cells = [f"{value:g}" for value in counted]
        if budget := budgets.BUDGETS.get(name):
            allowed = (budget.calls, budget.wru, budget.rru, budget.kms, budget.hooks, budget.signatures)
            cells = [told(value, limit, "g") for value, limit in zip(counted, allowed, strict=True)]
        log = told(max(done["log_lines"], default=0), budgets.LOG_BYTES, "")
        lines = f" ({len(done['log_lines'])} lines)" if len(done["log_lines"]) > 1 else ""
        rows.append((name, *cells, log + lines, f"{done['answer_bytes']}", " ".join(done["operations"]) or "none"))
    head = ("operation", "calls", "WRU", "RRU", "KMS", "hooks", "signed", "longest log line", "answer, bytes", "calls made")
    return table(head, rows)


def warm(figures: Figures) -> str:
    unit = figures["calibration"]["interpreter"]
    rows = []
    for name, (total, client) in figures["warm_ms"]["ES256"].items():
        default, _ = figures["warm_ms"]["RS256"][name]
        rows.append((name, f"{total:.2f}", f"{client:.2f}", f"{total - client:.2f}", f"{total / unit:.3f}", f"{default:.2f}"))
    head = ("operation", "CPU ms", "DynamoDB client", "own", "in starts of an interpreter", "CPU ms with RS256")
    return table(head, rows)


def frame(figures: Figures) -> str:
    """What has a target in time without a peer beside it; targets are scaled to how fast an interpreter starts here."""
    unit, of = figures["calibration"]["interpreter"], figures["frame"]
    rows = [(what, told(of[what], starts * unit, ".3f", " ms")) for what, starts in budgets.FRAME_INTERPRETERS.items()]
    rows.append(("password check / bare Argon2id", told(of["password"] / of["argon2id"], budgets.PASSWORD_RATIO, ".2f")))
    typical = figures["typical_start"]
    ratio = told(budgets.first_answer(figures["cold"]["token_exchange"]) / typical, budgets.TYPICAL_RATIO, ".2f")
    rows.append((f"token_exchange to its first answer / a usual stack until it could call ({typical:.0f} ms)", ratio))
    return table(("what", "CPU, measured / target"), rows)


def cold(figures: Figures) -> str:
    unit = figures["calibration"]["interpreter"]
    rows = []
    for function, start in figures["cold"].items():
        done = figures["work"][start["operation"]]
        answer, whole = budgets.first_answer(start) / unit, (start["import_cpu"] + start["first_cpu"]) / unit
        memory = budgets.PAGES_MEMORY_MIB if function in budgets.PAGES else budgets.MEMORY_MIB
        rows.append(
            (
                function,
                start["operation"],
                f"{start['import_cpu']:.0f} ({start['import_wall']:.0f})",
                f"{start['first_cpu']:.0f} ({start['first_wall']:.0f})",
                told(answer, budgets.COLD_INTERPRETERS, ".1f") if function in budgets.STARTING else f"{answer:.1f}",
                f"{whole:.1f}",
                told(start["memory"] / 1024, memory, ".0f") if start["memory"] else "",
                f"{len(done['cold_operations'])} + {done['cold_kms']}",
            )
        )
    times = ("import: CPU ms (elapsed)", "request: CPU ms (elapsed)", "to the first answer of DynamoDB, in bare starts", "to the end")
    return table(("function", "first request", *times, "MiB", "calls + KMS"), rows)


def modules(figures: Figures) -> str:
    hot = {function: set(start["modules"]) for function, start in figures["cold"].items() if function not in budgets.PAGES}
    refused = (*budgets.NEVER_LOADED, *budgets.PAGES_NEVER_LOADED, *budgets.SDK_NEVER_LOADED)
    rows = [(module, "no", _loaders(module, hot)) for module in refused]
    rows += [(module, "where needed", _loaders(module, hot)) for module in budgets.HEAVY]
    return table(("module", "allowed", "loaded by"), rows)


def sizes(figures: Figures) -> str:
    session, layers = figures["session_bytes"], figures["layers"]
    scope = f"{session['scope']} characters of scope, 120 of user agent, IPv6"
    rows = [
        (f"session item, refreshed ({scope})", told(session["refreshed"], budgets.SESSION_BYTES, "", " bytes")),
        ("the same, revoked", told(session["revoked"], budgets.SESSION_BYTES, "", " bytes")),
        ("both layers, unzipped", told(layers["unzipped"] / 2**20, budgets.UNZIPPED_MIB, ".1f", " MiB")),
        ("both layers, zipped", told(layers["zipped"] / 2**20, budgets.ZIPPED_MIB, ".1f", " MiB")),
    ]
    return table(("what", "measured / allowed"), rows)


def brief(figures: Figures) -> str:
    """The same in a few lines; what is over is said beside it, one by one."""
    unit, layers = figures["calibration"]["interpreter"], figures["layers"]
    longest = max(line for done in figures["work"].values() for line in done["log_lines"])
    session = max(figures["session_bytes"]["refreshed"], figures["session_bytes"]["revoked"])
    rows = [
        (f"operations whose calls, units, signatures, hooks are counted: {len(figures['work'])}", ""),
        ("longest log line", told(longest, budgets.LOG_BYTES, "", " bytes")),
        ("largest session item", told(session, budgets.SESSION_BYTES, "", " bytes")),
        ("both layers, unzipped", told(layers["unzipped"] / 2**20, budgets.UNZIPPED_MIB, ".1f", " MiB")),
        ("both layers, zipped", told(layers["zipped"] / 2**20, budgets.ZIPPED_MIB, ".1f", " MiB")),
    ]
    for function in budgets.STARTING:
        starts = budgets.first_answer(figures["cold"][function]) / unit
        rows.append(
            (
                f"{function} to its first answer, in starts of an interpreter",
                told(starts, budgets.COLD_INTERPRETERS * budgets.MARGIN, ".1f"),
            )
        )
    return table(("what", "measured / allowed"), rows)


def _loaders(module: str, hot: Mapping[str, set[str]]) -> str:
    found = [function for function, loaded in hot.items() if module in loaded]
    return "all" if len(found) == len(hot) else ", ".join(found) or "none"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
