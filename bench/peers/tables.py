"""The figures of the peers as tables in Markdown, one per operation, and what is allowed beside what was measured."""

from collections.abc import Mapping
from typing import Any

from bench.peers import flows, sites, targets
from bench.report import table

Figures = Mapping[str, Any]


def tables(figures: Figures) -> str:
    """Everything that one run measured."""
    heading = (
        f"Each server is one process (or its tree) on one of {figures['processors']} processors, load and storage are on the other; "
        f"{figures['connections']} connections, {figures['repetitions']} repetitions with all servers taking turns. CPU ms: user and "
        "system time of the server per operation, median of the repetitions. ES256 where nothing else is said. Floor and gatehouse keep "
        "everything in DynamoDB, as MiniStack answers it, over TLS, where nothing else is said; the others in memory or SQLite."
    )
    operations = figures["operations"].items()
    groups = [f"### {name}\n\n{_operation(figures, rows)}" for name, rows in operations if rows and name != flows.START]
    groups += [f"### {name}\n\n{_starts(rows)}" for name, rows in operations if rows and name == flows.START]
    parts = [heading, *groups, f"### Against the targets\n\n{_targets(figures)}", f"### Where a peer takes less\n\n{_ahead(figures)}"]
    return "\n\n".join([*parts, f"### What each does otherwise\n\n{_notes(figures)}"])


def _operation(figures: Figures, rows: Mapping[str, Any]) -> str:
    lines = []
    for row, of in rows.items():
        floor = rows.get(sites.FLOOR_RS if "RS256" in row else sites.FLOOR)
        ours = targets.ours_beside(rows, row)
        lines.append(
            (
                f"**{row}**" if row.startswith(sites.GATEHOUSE) else row,
                f"{of['cpu_ms']:.3f}",
                _times(of, floor),
                _times(of, ours),
                f"{of['requests_per_second']:,.0f}" if "requests_per_second" in of else "",
                f"{of['p50_ms']:.1f} / {of['p99_ms']:.1f}" if "p50_ms" in of else "",
                f"{figures['servers'][row]['resident_mib']:.0f}",
                f"{of['count']}",
            )
        )
    return table(("server", "CPU ms", "x floor", "x gatehouse", "requests/s", "p50 / p99 ms", "MiB", "operations"), lines)


def _starts(rows: Mapping[str, Any]) -> str:
    heading = (
        "Fresh processes, which take turns. CPU ms: user and system time above the bare interpreter, median. Gatehouse: its token "
        "endpoint, from import to the first answer of DynamoDB, over TLS. The others: from import until they could listen, on Node without "
        "the keys that they make for themselves; they have called nobody yet."
    )
    ours = targets.ours_beside(rows, sites.OPENAUTH)
    lines = [
        (
            f"**{row}**" if row == sites.GATEHOUSE else row,
            f"{of['cpu_ms']:.1f}",
            f"{of['interpreter_ms']:.1f}",
            _times(of, ours),
            f"{of['count']}",
        )
        for row, of in rows.items()
    ]
    return f"{heading}\n\n{table(('server', 'CPU ms', 'bare interpreter', 'x gatehouse', 'starts'), lines)}"


def _times(of: Mapping[str, Any], unit: Mapping[str, Any] | None) -> str:
    return f"{of['cpu_ms'] / unit['cpu_ms']:.2f}" if unit else ""


def _targets(figures: Figures) -> str:
    lines = []
    for target in targets.all_targets(figures):
        measured = targets.ratio(figures, target)
        if measured is not None:
            over = " **over**" if measured > target.at_most and target.breaks else ""
            lines.append((targets.about(target), target.against, f"{measured:.2f} / {target.at_most:g}{over}", target.why))
    return table(("operation", "gatehouse against", "times: measured / allowed", "why"), lines)


def _ahead(figures: Figures) -> str:
    lines = []
    for operation, row in targets.ahead_of_us(figures):
        rows = figures["operations"][operation]
        ours = targets.ours_beside(rows, row)
        lines.append((operation, row, f"{rows[row]['cpu_ms']:.3f}", f"{ours['cpu_ms']:.3f}" if ours else "", _note(figures, row)))
    return table(("operation", "who", "CPU ms", "gatehouse", "what it does"), lines) if lines else "Nowhere in this run."


def _note(figures: Figures, row: str) -> str:
    return str(figures["notes"].get(row, "the same with RS256"))


def _notes(figures: Figures) -> str:
    lines = []
    for row, of in figures["servers"].items():
        claims = figures["claims"].get(row, {})
        told = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in claims.items())
        lines.append((row, figures["versions"].get(of["server"], ""), told, _note(figures, row)))
    return table(("row", "version", "claims", "what it does"), lines)
