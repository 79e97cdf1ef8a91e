"""The same as `exact` with enough rounds for times: warm and cold, beside a calibration of the same run."""

from collections.abc import Mapping
from typing import Any

from bench import budgets, exact, report

ROUNDS, STARTS = 40, 7
TABLES = {
    "This machine": report.machine,
    "Work of a warm invocation: measured / allowed": report.work,
    "Time of a warm invocation, for a client with ES256": report.warm,
    "What surrounds it": report.frame,
    "Cold start, a process of its own each": report.cold,
    "Modules after the first request of the functions that show no page": report.modules,
    "Sizes": report.sizes,
}


def measure(*, emulator_port: int = exact.EMULATOR_PORT, rounds: int = ROUNDS, starts: int = STARTS) -> dict[str, Any]:
    """Every operation, as exact.measure has it.

    Raises:
        LocalError: as there.
    """
    return exact.measure(emulator_port=emulator_port, rounds=rounds, starts=starts)


def tables(figures: Mapping[str, Any]) -> str:
    return report.titled(TABLES, figures)


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    return budgets.exceeded_in_time(figures)
