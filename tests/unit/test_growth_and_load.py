"""What breaks the measurements of growth and of load, and what they only tell."""

import copy
from typing import Any

import pytest

from bench import growth, load

_FLAT: dict[str, float] = {"calls": 2, "rru": 1, "wru": 1, "cpu_ms": 1.0, "elapsed_ms": 9.0}


@pytest.fixture
def grown() -> dict[str, Any]:
    """Figures of a service where nothing costs more among more."""
    of_people = {size: {"refresh": dict(_FLAT)} for size in ("1000", "100000", "1000000")}
    names = ("refresh", "list of sessions, a page", "RP logout")
    of_sessions = {size: {name: dict(_FLAT) for name in names} for size in ("1", "100", "1000")}
    filled = {size: {"seconds": 1, "emulator_mib": 2048} for size in of_people}
    return {"filled": filled, "rounds": 3, "people": of_people, "sessions": of_sessions}


@pytest.fixture
def loaded() -> dict[str, Any]:
    """Figures of a load under which nothing went wrong."""
    told = {"count": 9, "errors": {}, "per_second": 3.0, "p50": 1.0, "p90": 2.0, "p99": 3.0, "max": 4.0}
    left = {"begun": 2, "stored": 2, "refreshes": 1, "going_on": 1, "refreshed_again": 1, "ended": 1, "refused": 1, "flaws": []}
    loops = {loop: {"refresh": copy.deepcopy(told)} for loop in ("closed", "open", "mixed")}
    return {"connections": 8, "open_rate": 10, "mixed_seconds": 8.0, "left": left, **loops}


def test_what_stays_the_same_breaks_nothing(grown: dict[str, Any], loaded: dict[str, Any]) -> None:
    assert growth.exceeded(grown) == []
    assert load.exceeded(loaded) == []
    assert "| refresh" in growth.tables(grown)
    assert "| refresh" in load.tables(loaded)


@pytest.mark.parametrize("figure", ["calls", "rru", "wru"])
def test_one_unit_more_among_more_people_breaks_the_run(grown: dict[str, Any], figure: str) -> None:
    grown["people"]["1000000"]["refresh"][figure] += 1

    assert len(growth.exceeded(grown)) == 1


@pytest.mark.parametrize(("cpu_ms", "sentences"), [(1.9, 0), (2.5, 1)])
def test_processor_time_breaks_the_run_far_beyond_noise_only(grown: dict[str, Any], cpu_ms: float, sentences: int) -> None:
    grown["people"]["1000000"]["refresh"]["cpu_ms"] = cpu_ms

    assert len(growth.exceeded(grown)) == sentences
    assert f"**{cpu_ms:.2f}**" in growth.tables(grown)


def test_a_page_is_held_against_full_pages_only(grown: dict[str, Any]) -> None:
    page = "list of sessions, a page"
    for size in ("100", "1000"):
        grown["sessions"][size][page]["rru"] = 10
    assert growth.exceeded(grown) == []

    grown["sessions"]["1000"][page]["rru"] = 11
    assert len(growth.exceeded(grown)) == 1


def test_a_logout_that_costs_more_of_a_person_with_more_sessions_breaks_the_run(grown: dict[str, Any]) -> None:
    grown["sessions"]["1000"]["RP logout"]["rru"] = 163

    assert len(growth.exceeded(grown)) == 1
    assert "| **no**" in growth.tables(grown)


def test_a_request_that_failed_or_a_session_astray_breaks_the_run(loaded: dict[str, Any]) -> None:
    loaded["open"]["refresh"]["errors"] = {"503 temporarily_unavailable": 2}
    loaded["left"]["flaws"] = ["1 sessions are not where their application believes them to be"]

    assert load.exceeded(loaded) == ["refresh, open: 2 times 503 temporarily_unavailable", *loaded["left"]["flaws"]]
