"""The generated parts of docs/performance.md, each between <!-- bench:NAME --> and <!-- /bench:NAME -->, and its chart."""

import re
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from bench import chart, cost_tables, kept, parts, report
from local.instance import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "performance.svg"

Render = Callable[[Mapping[str, Any]], str]


def _whole(part: str) -> tuple[str, Render]:
    def render(figures: Mapping[str, Any]) -> str:
        return str(parts.module(part).tables(figures))

    return part, render


# Block: the part whose figures it shows, and how.
BLOCKS: Mapping[str, tuple[str, Render]] = {
    "machine": ("work", report.machine),
    "work": ("work", report.work),
    "warm": ("work", report.warm),
    "frame": ("work", report.frame),
    "cold": ("work", report.cold),
    "modules": ("work", report.modules),
    "sizes": ("work", report.sizes),
    "peers": _whole("peers"),
    "load": _whole("load"),
    "growth": _whole("growth"),
    "cost": ("cost", cost_tables.operations),
    "allowances": ("cost", cost_tables.allowances),
    "memory": ("cost", cost_tables.memory),
    "people": ("cost", cost_tables.people),
    "machines": ("cost", cost_tables.machines),
    "idle": ("cost", cost_tables.idle),
    "hot": ("cost", cost_tables.hot),
    "cached": ("cost", cost_tables.cached),
    "prices": ("cost", cost_tables.prices),
}
# These tell of all parts.
RUNS, OVER = "runs", "over"
_BLOCK = re.compile(r"(<!-- bench:(\w+) -->\n).*?(<!-- /bench:\2 -->)", re.DOTALL)


def write() -> int:
    """Fill every block and draw the chart from what was kept; a block without figures stays as it is. 1 if one could not be filled."""
    runs = {part: run for part in parts.EVERYTHING if (run := kept.run(part))}
    failed: list[str] = []
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(filled(text, runs, failed), encoding="utf-8")
    if "peers" in runs:
        run = runs["peers"]
        caption = f"{run['date']}; one process on one processor, ES256 (emulators of Cognito: RS256); {run['machine']}"
        CHART.write_text(chart.of_peers(run["figures"], caption), encoding="utf-8")
    for trouble in failed:
        print(f"error: docs/performance.md: {trouble}", file=sys.stderr)
    return 1 if failed else 0


def filled(text: str, runs: Mapping[str, Mapping[str, Any]], failed: list[str]) -> str:
    """The document with its blocks made anew. runs: what was kept of each part. failed: takes what went wrong, by block."""

    def made(block: re.Match[str]) -> str:
        name = block[2]
        try:
            content = _content(name, runs)
        except Exception as error:  # noqa: BLE001 - the other blocks are written all the same, and the exit code tells
            failed.append(f"{name}: {''.join(traceback.format_exception(error))}")
            return block[0]
        return block[0] if content is None else f"{block[1]}\n{content}\n\n{block[3]}"

    return _BLOCK.sub(made, text)


def _content(name: str, runs: Mapping[str, Mapping[str, Any]]) -> str | None:
    if name == RUNS:
        return _runs(runs) if runs else None
    if name == OVER:
        return _over(runs) if runs else None
    part, render = BLOCKS[name]
    return render(runs[part]["figures"]) if part in runs else None


def _runs(runs: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [(part, run["date"], run["machine"], f"{len(run['exceeded'])}" if run["exceeded"] else "none") for part, run in runs.items()]
    return report.table(("part", "measured", "on", "budgets exceeded"), rows)


def _over(runs: Mapping[str, Mapping[str, Any]]) -> str:
    sentences = [f"* {part}: {sentence}." for part, run in runs.items() for sentence in run["exceeded"]]
    return "\n".join(sentences) or "Nothing: every target holds in the run above."
