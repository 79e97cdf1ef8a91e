"""What can be counted, and imports: the part that every machine tells alike, in well under a minute."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bench import budgets, report, stack

ROUNDS, STARTS = 3, 3
EMULATOR_PORT = 24_700


def measure(*, emulator_port: int = EMULATOR_PORT, rounds: int = ROUNDS, starts: int = STARTS) -> dict[str, Any]:
    """Every operation, on an emulator of its own and with the layers as they are deployed.

    Raises:
        LocalError: emulator or layers cannot be had, or an operation does not do what it should.
    """
    here = stack.instance(emulator_port)
    with stack.running(here):
        layers = stack.build_layers(here)
        asked = ("--rounds", str(rounds), "--starts", str(starts))
        figures = stack.told_by("bench.measure", *asked, environment=stack.environment(here))
    return figures | {"layers": asdict(layers), "rounds": rounds, "starts": starts}


def tables(figures: Mapping[str, Any]) -> str:
    return report.brief(figures)


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    return budgets.exceeded(figures)
