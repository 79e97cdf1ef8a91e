"""docs/performance.md and its chart are made of figures: the marks are known, and a sample of each part's figures can be shown."""

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from bench import budgets, chart, document, month, parts, report
from bench.chart import Bar
from tests.unit.conftest import ROOT

SVG = "{http://www.w3.org/2000/svg}"
TEXT = document.DOCUMENT.read_text(encoding="utf-8")
PEERS: dict[str, Any] = {
    "operations": {
        "refresh": {
            "floor": {"cpu_ms": 0.30},
            "gatehouse": {"cpu_ms": 0.48},
            "gatehouse RS256": {"cpu_ms": 1.9},
            "gatehouse, in memory": {"cpu_ms": 0.21},
            "oidc-provider JWT": {"cpu_ms": 0.73},
            "oidc-provider JWT RS256": {"cpu_ms": 1.5},
            "django-oauth-toolkit": {"cpu_ms": 14.4},
        },
        "userinfo": {"floor": {"cpu_ms": 0.24}, "gatehouse": {"cpu_ms": 0.39}, "oidc-provider opaque": {"cpu_ms": 0.30}},
        "password sign-in": {"gatehouse": {"cpu_ms": 40}},
        "start": {"gatehouse": {"cpu_ms": 80}, "openauth": {"cpu_ms": 130}},
    },
}


def run(figures: Any, *exceeded: str) -> dict[str, Any]:
    return {"date": "2026-11-21", "machine": "2 processors", "exceeded": list(exceeded), "figures": figures}


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_mark_of_the_document_is_one_that_bench_fills() -> None:
    opened, closed = (re.findall(rf"<!-- {slash}bench:(\w+) -->", TEXT) for slash in ("", "/"))

    assert opened == closed
    assert sorted(opened) == sorted([*document.BLOCKS, document.RUNS, document.OVER])
    assert {part for part, _ in document.BLOCKS.values()} <= set(parts.EVERYTHING)


def test_the_document_names_every_part() -> None:
    assert [part for part in parts.MODULES if f"| `{part}`" not in TEXT] == []


def test_a_block_is_filled_and_what_stands_around_it_stays() -> None:
    text = "before\n<!-- bench:idle -->\nold\n<!-- /bench:idle -->\nafter <!-- bench:load -->\nas it was\n<!-- /bench:load -->\n"
    failed: list[str] = []
    runs = {"cost": run({"idle": month.idle()})}
    filled = document.filled(text, runs, failed)

    assert filled.startswith("before\n<!-- bench:idle -->\n\n| what stands there")
    assert "old" not in filled
    assert filled.endswith("<!-- /bench:idle -->\nafter <!-- bench:load -->\nas it was\n<!-- /bench:load -->\n")
    assert document.filled(filled, runs, failed) == filled
    assert failed == []


@pytest.mark.parametrize("name", ["idle", "nonsense"])
def test_a_block_that_cannot_be_filled_stays_and_is_told(name: str) -> None:
    text = f"<!-- bench:{name} -->\nold\n<!-- /bench:{name} -->"
    failed: list[str] = []

    assert document.filled(text, {"cost": run({})}, failed) == text
    assert failed[0].startswith(f"{name}: ")


def test_the_document_tells_when_each_part_ran_and_what_it_exceeded() -> None:
    text = "<!-- bench:runs -->\n<!-- /bench:runs -->\n<!-- bench:over -->\n<!-- /bench:over -->"
    filled = document.filled(text, {"work": run({}), "cost": run({}, "refresh costs too much")}, [])

    assert "| work | 2026-11-21 | 2 processors | none             |" in filled
    assert "* cost: refresh costs too much." in filled
    assert "every target holds" in document.filled(text, {"work": run({})}, [])


def test_the_chart_shows_every_server_of_the_default_algorithm_with_its_figure() -> None:
    shown = texts(chart.of_peers(PEERS, "2026-11-21"))

    assert {"refresh", "userinfo", "gatehouse", "oidc-provider JWT", "0.48", "0.73", "14"} <= set(shown)
    assert not {"password sign-in", "start", "gatehouse, in memory"} & set(shown)
    assert not any("RS256" in text for text in shown)


def test_the_chart_is_described_for_those_who_do_not_see_it() -> None:
    root = ElementTree.fromstring(chart.of_peers(PEERS, "2026-11-21"))

    assert root.get("aria-labelledby") == "title description"
    assert (root.findtext(f"{SVG}title") or "").startswith("Processor time")
    assert "userinfo: floor 0.24, gatehouse 0.39" in (root.findtext(f"{SVG}desc") or "")


def test_a_bar_is_as_long_as_its_figure_and_cut_off_where_the_axis_ends() -> None:
    bars = [
        Bar("one", "ours", 0.5),
        Bar("two", "peer", 1.0),
        Bar("three", "peer", 0.8),
        Bar("four", "peer", 0.9),
        Bar("slow", "peer", 50.0),
    ]
    root = ElementTree.fromstring(chart.drawn([("refresh", bars)], "<&>"))
    widths = [float(node.get("width", "0")) for node in root.iter(f"{SVG}rect") if node.get("x") == str(chart.LABEL)]

    assert widths[0] * 2 == pytest.approx(widths[3], abs=0.2)
    assert widths[4] == pytest.approx(widths[3])
    assert len(list(root.iter(f"{SVG}path"))) == 2


def test_the_axis_ends_beyond_all_of_ours() -> None:
    bars = [Bar("ours", "ours", 2.1), *(Bar(f"peer {number}", "peer", 0.3) for number in range(9)), Bar("slow", "peer", 50.0)]
    root = ElementTree.fromstring(chart.drawn([("refresh", bars)], ""))

    assert len(list(root.iter(f"{SVG}path"))) == 2
    assert "2.5" in texts(chart.drawn([("refresh", bars)], ""))


def test_a_figure_over_its_budget_is_marked() -> None:
    assert report.told(306, budgets.LOG_BYTES, "", " bytes") == "306 / 350 bytes"
    assert report.told(6.5, budgets.ZIPPED_MIB, ".1f", " MiB") == "6.5 / 6.0 MiB **over**"


def test_ci_measures_what_is_exact_between_the_checks_and_the_tests() -> None:
    steps = re.findall(r"^make .*?(?= \|\|)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)

    assert steps == ["make check", "make bench PART=exact", "make test"]
