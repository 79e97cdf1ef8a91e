"""Other identity servers beside this one, and beside the least that could be done: processor time per operation, all in one run."""

from typing import Any

from bench.peers import run
from bench.peers.measuring import Effort
from bench.peers.tables import tables
from bench.peers.targets import exceeded

__all__ = ["exceeded", "measure", "tables"]

_EFFORT = Effort(cpu_seconds=0.35, elapsed_seconds=1.5)


def measure(*, repetitions: int = 3, starts: int = 7, emulator_port: int = 25_100) -> dict[str, Any]:
    """All figures of one run, as JSON has them: operations by name and row, servers, claims, versions, notes; some six minutes.

    Raises:
        LocalError: something cannot be installed or started, or this is no Linux. Wrong: a server answered wrongly.
    """
    return run.measured(repetitions, _EFFORT, emulator_port, starts)
