"""A run ends with 1 when something is over its budget, and says what; a part that fails does not keep the others from being measured."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import __main__ as command
from bench import budgets, chart, document, kept, parts
from local.instance import LocalError

ROOMY = 2**20


def figures() -> dict[str, Any]:
    """All within budget."""
    counted = {"wru": 1, "rru": 1, "signatures": 2, "kms": 0, "hooks": 0, "disagreements": []}
    start = {"import_cpu": 40.0, "first_cpu": 20.0, "first_answer_cpu": 15.0, "memory": 40 * 1024, "modules": ["json"]}
    return {
        "work": {"refresh": {**counted, "operations": ["GetItem", "UpdateItem"], "log_lines": [301]}},
        "session_bytes": {"refreshed": 728, "revoked": 780},
        "layers": {"unzipped": 16 * ROOMY, "zipped": 5 * ROOMY},
        "cold": {name: dict(start) for name in ("token_exchange", "discovery", "hosted_pages")},
        "calibration": {"interpreter": 10.0},
        "typical_start": 400.0,
        "frame": {"framing": 0.02, "discovery": 0.03, "key set": 0.03, "password": 17.0, "argon2id": 17.0},
    }


def test_nothing_is_said_when_all_is_within_budget() -> None:
    assert budgets.exceeded(figures()) == budgets.exceeded_in_time(figures()) == []


@pytest.mark.parametrize(
    ("figure", "value", "sentence"),
    [
        ("operations", ["GetItem"] * 3, "refresh: 3 calls, 2 allowed"),
        ("wru", 2, "refresh: 2 wru, 1 allowed"),
        ("rru", 1.5, "refresh: 1.5 rru, 1 allowed"),
        ("kms", 1, "refresh: 1 kms, 0 allowed"),
        ("signatures", 3, "refresh: 3 signatures, 2 allowed"),
        ("hooks", 1, "refresh: 1 hooks, 0 allowed"),
        ("log_lines", [349, 351], "refresh: a log line of 351 bytes, 350 allowed"),
        ("disagreements", ["UpdateItem: 1 by size, 2 reported"], "refresh: UpdateItem: 1 by size, 2 reported"),
    ],
)
def test_an_operation_that_does_more_than_it_may_is_named(figure: str, value: Any, sentence: str) -> None:
    measured = figures()
    measured["work"]["refresh"][figure] = value

    assert budgets.exceeded(measured) == [sentence]


def test_lines_are_held_against_the_budget_one_by_one() -> None:
    measured = figures()
    measured["work"]["refresh"]["log_lines"] = [303, 302]

    assert budgets.exceeded(measured) == []


def test_an_operation_without_a_budget_is_none_that_may_cost_what_it_likes() -> None:
    measured = figures()
    measured["work"]["something new"] = measured["work"]["refresh"]

    assert budgets.exceeded(measured) == ["something new: has no budget"]


def test_sizes_and_modules_are_held_against_their_budgets() -> None:
    measured = figures()
    measured["session_bytes"]["revoked"] = 1024
    measured["layers"]["zipped"] = 6 * ROOMY + 1
    measured["cold"]["discovery"]["modules"] = ["botocore", "json"]
    measured["cold"]["hosted_pages"]["modules"] = ["argon2", "boto3"]

    assert budgets.exceeded(measured) == [
        "a session item has 1024 bytes, over one write unit",
        "both layers have 6.0 MiB zipped, 6 allowed",
        "discovery loads botocore",
    ]


def test_a_start_may_take_half_as_long_again_where_anything_may_run_beside_it() -> None:
    measured = figures()
    measured["cold"]["token_exchange"]["import_cpu"] = 75.0
    measured["typical_start"] = 600.0

    assert budgets.exceeded(measured) == []
    assert budgets.exceeded_in_time(measured) == ["token_exchange takes 9.0 starts of an interpreter to the first answer, 7.7 allowed"]
    measured["cold"]["token_exchange"]["import_cpu"] = 105.0
    assert len(budgets.exceeded(measured)) == 1


def test_memory_frame_and_the_usual_stack_break_the_part_that_takes_its_time() -> None:
    measured = figures()
    measured["cold"]["discovery"]["memory"] = 70 * 1024
    measured["cold"]["hosted_pages"]["memory"] = 70 * 1024
    measured["frame"] = {"framing": 0.05, "discovery": 0.04, "key set": 0.03, "password": 19.0, "argon2id": 17.0}
    measured["typical_start"] = 250.0

    assert budgets.exceeded_in_time(measured) == [
        "discovery takes 70 MiB of memory, 64 allowed",
        "token_exchange takes 0.22 of what a function of the usual kind takes to start, 0.2 allowed",
        "framing takes 0.050 ms, 0.046 allowed on this machine",
        "discovery takes 0.040 ms, 0.038 allowed on this machine",
        "a password check takes 1.12 times the bare library, 1.05 allowed",
    ]


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What each part exceeds, or how it fails; figures and the document go elsewhere."""
    told: dict[str, Any] = {part: [] for part in parts.MODULES}

    def module(part: str) -> Any:
        def measure(rounds: int = 1) -> dict[str, int]:
            if isinstance(told[part], Exception):
                raise told[part]
            return {"rounds": rounds}

        return SimpleNamespace(measure=measure, exceeded=lambda figures: told[part], tables=lambda figures: f"figures of {part}")

    (tmp_path / "performance.md").write_text("<!-- bench:runs -->\n<!-- /bench:runs -->\n")
    monkeypatch.setattr(parts, "module", module)
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(document, "DOCUMENT", tmp_path / "performance.md")
    monkeypatch.setattr(document, "CHART", tmp_path / "performance.svg")
    return told


def bench(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    return command.main()


def test_figures_of_a_part_are_kept_and_its_tables_printed(
    measuring: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(monkeypatch, "exact", "--rounds", "4", "--starts", "2") == 0

    assert kept.figures("exact") == {"rounds": 4}
    assert "figures of exact\n\nNo budget is exceeded." in capsys.readouterr().out


def test_what_is_exceeded_is_said_and_ends_with_1(
    measuring: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring["work"] = ["refresh: 3 calls, 2 allowed"]

    assert bench(monkeypatch) == 1
    assert "OVER BUDGET: refresh: 3 calls, 2 allowed" in capsys.readouterr().out


def test_what_cannot_be_measured_ends_with_2(measuring: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    measuring["work"] = LocalError("port 24700 is taken")

    assert bench(monkeypatch, "work") == 2


def test_the_other_parts_are_measured_when_one_fails_and_the_document_is_written(
    measuring: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring["load"] = ValueError("the stack does not answer")
    monkeypatch.setattr(chart, "of_peers", lambda figures, caption: "<svg/>")

    assert bench(monkeypatch, "all") == 1
    assert [part for part in parts.EVERYTHING if kept.run(part)] == ["work", "peers", "growth", "cost"]
    assert "the stack does not answer" in capsys.readouterr().err
    assert "| growth |" in document.DOCUMENT.read_text()
    measuring["load"] = []
    assert bench(monkeypatch, "all") == 0
