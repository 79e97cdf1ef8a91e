"""The chart of docs/performance.md: processor time per operation, ours beside the floor and every peer, as SVG by hand."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH, LABEL, ROW, BAR = 900, 250, 22, 14
_GROUP_HEAD, _TOP, _BOTTOM, _MARGIN = 34, 96, 40, 24
# Values beyond it are cut off and said in figures, so that one slow peer does not flatten all others.
_SHOWN_SHARE = 0.8
_STYLE = """
  .ground { fill: #ffffff; stroke: #d0d7de } .text { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d8dee4 }
  .ours { fill: #0969da } .floor { fill: #818b98 } .peer { fill: #bc4c00 } .cut { stroke: #ffffff }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d } .text { fill: #f0f6fc } .soft { fill: #9198a1 } .grid { stroke: #2a313c }
    .ours { fill: #4493f8 } .floor { fill: #7d8590 } .peer { fill: #db6d28 } .cut { stroke: #0d1117 }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
  .title { font-size: 18px; font-weight: 600 } .head { font-weight: 600 } .right { text-anchor: end } .middle { text-anchor: middle }
"""
_KINDS = {
    "ours": "Gatehouse, storage in DynamoDB",
    "floor": "the least work, storage in DynamoDB",
    "peer": "others, storage in memory or SQLite",
}
# A start takes tens of milliseconds, a password check by intention, and one way of a peer takes a second: they would flatten the rest.
_NOT_DRAWN = ("password sign-in", "start")
# It would be no bar of the kind that its name says.
_ROWS_NOT_DRAWN = ("gatehouse, in memory",)
_LARGEST_DRAWN_MS = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """kind: ours, floor or peer. milliseconds: of processor time for one operation."""

    name: str
    kind: str
    milliseconds: float


Groups = Sequence[tuple[str, Sequence[Bar]]]


def of_peers(figures: Mapping[str, Any], caption: str) -> str:
    """The chart of the figures of `peers`, without what is measured once more with RS256."""
    groups = []
    for operation, rows in figures["operations"].items():
        bars = [
            Bar(row, _kind(row), told["cpu_ms"])
            for row, told in rows.items()
            if "RS256" not in row and row not in _ROWS_NOT_DRAWN and told["cpu_ms"] <= _LARGEST_DRAWN_MS
        ]
        if bars and operation not in _NOT_DRAWN:
            groups.append((operation, bars))
    return drawn(groups, caption)


def _kind(row: str) -> str:
    return "ours" if row.startswith("gatehouse") else "floor" if row.startswith("floor") else "peer"


def drawn(groups: Groups, caption: str) -> str:
    """The SVG. groups: operations and their bars. caption: one line below the title."""
    limit = _limit([bar for _, bars in groups for bar in bars])
    height = _TOP + sum(_GROUP_HEAD + ROW * len(bars) for _, bars in groups) + _BOTTOM
    description = "; ".join(f"{name}: {', '.join(f'{bar.name} {_told(bar.milliseconds)}' for bar in bars)}" for name, bars in groups)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title description">',
        '<title id="title">Processor time per operation, in milliseconds</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="text title" x="{_MARGIN}" y="34">Processor time per operation, ms; less is better</text>',
        f'<text class="soft" x="{_MARGIN}" y="56">{escape(caption)}</text>',
        *_legend(),
        *_grid(limit, height),
        *_rows(groups, limit),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _legend() -> Iterator[str]:
    x = _MARGIN
    for kind, meaning in _KINDS.items():
        yield f'<rect class="{kind}" x="{x}" y="70" width="{BAR}" height="{BAR}"/>'
        yield f'<text class="text" x="{x + BAR + 6}" y="82">{meaning}</text>'
        x += BAR + 30 + round(7.1 * len(meaning))


def _grid(limit: float, height: int) -> Iterator[str]:
    step = _step(limit)
    for number in range(int(limit / step + 1e-9) + 1):
        x = LABEL + _scale(limit) * step * number
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{height - _BOTTOM}"/>'
        yield f'<text class="soft middle" x="{x:.1f}" y="{height - _BOTTOM + 20}">{step * number:g}</text>'


def _rows(groups: Groups, limit: float) -> Iterator[str]:
    y = _TOP
    for name, bars in groups:
        yield f'<text class="text head" x="{_MARGIN}" y="{y + 24}">{escape(name)}</text>'
        y += _GROUP_HEAD
        for bar in sorted(bars, key=lambda bar: bar.milliseconds):
            yield from _row(bar, y, limit)
            y += ROW


def _row(bar: Bar, y: int, limit: float) -> Iterator[str]:
    middle, cut = y + ROW / 2 + 4.5, bar.milliseconds > limit
    width = max(1, _scale(limit) * min(bar.milliseconds, limit))
    emphasis = " head" if bar.kind == "ours" else ""
    yield f'<text class="text right{emphasis}" x="{LABEL - 10}" y="{middle}">{escape(bar.name)}</text>'
    yield f'<rect class="{bar.kind}" x="{LABEL}" y="{y + (ROW - BAR) / 2}" width="{width:.1f}" height="{BAR}"/>'
    if cut:
        for x in (LABEL + width - 16, LABEL + width - 10):
            yield f'<path class="cut" d="M{x:.1f} {y + ROW - 3} l6 {6 - ROW}" stroke-width="2.5"/>'
    yield f'<text class="text{emphasis}" x="{LABEL + width + 6:.1f}" y="{middle}">{_told(bar.milliseconds)}</text>'


def _limit(bars: Sequence[Bar]) -> float:
    """Where the axis ends: at the next step above what most values stay below, and all of ours."""
    values = sorted(bar.milliseconds for bar in bars)
    most = max(values[max(0, math.ceil(len(values) * _SHOWN_SHARE) - 1)], *(bar.milliseconds for bar in bars if bar.kind == "ours"))
    step = _step(most)
    return math.ceil(most / step - 1e-9) * step


def _step(limit: float) -> float:
    """1, 2 or 5 times a power of ten: four to ten of them make up `limit`."""
    power = 10.0 ** math.floor(math.log10(limit / 4))
    return next(power * factor for factor in (1, 2, 5, 10) if limit / (power * factor) <= 10)


def _scale(limit: float) -> float:
    """Pixels per millisecond, with room for a figure behind the longest bar."""
    return (WIDTH - LABEL - 80) / limit


def _told(milliseconds: float) -> str:
    return f"{milliseconds:.3f}" if milliseconds < 0.1 else f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:.0f}"
