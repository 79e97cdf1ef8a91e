"""The measuring process: fills a table for each number of people, asks the same of all of them in turns, prints all figures as JSON."""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

from bench.growth import people
from bench.growth.operations import Crowd, Operation, Stage
from bench.measure import make_table, make_table_and_keys
from bench.recorder import recording
from gatehouse import table
from gatehouse.settings import settings

SESSIONS: Final = (1, 100, 1_000)
# Each is of other people, so that no answer is one that was given before.
_COUNTED: Final = 3
# A step from one person to the next that is no divisor of any number of people in question: nobody is met twice.
_STRIDE: Final = 7919

Figures = dict[str, float]


def main() -> None:
    """Measure everything; log lines of the functions go nowhere."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("sizes", type=int, nargs="+")
    arguments = parser.parse_args()
    output, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115
    sizes = sorted(arguments.sizes)
    _use(sizes[0])
    make_table_and_keys()
    stage, items = Stage(), people.pattern()
    own = list(people.everything())
    filled = {}
    for size in sizes:
        _use(size)
        if size != sizes[0]:
            _make_table(own)
        started = time.monotonic()
        resident = people.fill(items, size)
        filled[str(size)] = {"seconds": time.monotonic() - started, "emulator_mib": resident / 1024}
        print(f"{size} people are there after {time.monotonic() - started:.0f} s", file=sys.stderr)
    found = _People(sizes, arguments.rounds).measured(stage.of_people())
    _use(sizes[0])
    crowds = {str(number): stage.of_sessions(Crowd(stage.world, number)) for number in SESSIONS}
    of_sessions = _of_sessions(crowds, arguments.rounds)
    json.dump({"filled": filled, "rounds": arguments.rounds, "people": found, "sessions": of_sessions}, output)


def _use(size: int) -> None:
    """From now on the table is that with so many people."""
    os.environ["TABLE_NAME"] = f"identity-{size}"
    settings.cache_clear()


def _make_table(own: Sequence[table.Item]) -> None:
    """Another table with the same keys and applications."""
    make_table()
    for item in own:
        table.put({"pk": item["pk"], "sk": item["sk"]}, item)


class _People:
    """One after the other, in each of the tables."""

    def __init__(self, sizes: Sequence[int], rounds: int) -> None:
        self._sizes = sizes
        self._rounds = rounds
        self._met = 0

    def measured(self, operations: Sequence[Operation]) -> dict[str, dict[str, Figures]]:
        found: dict[str, dict[str, Figures]] = {str(size): {} for size in self._sizes}
        for operation in operations:
            counted, timed = self._samples(), self._samples()
            for _, number in self._each():
                _run(operation, number)
            for size, number in (place for _ in range(_COUNTED) for place in self._each()):
                counted[size].append(_counted(operation, number))
            for size, number in (place for _ in range(self._rounds) for place in self._each()):
                timed[size].append(_timed(operation, number))
            for size in self._sizes:
                found[str(size)][operation.name] = _median(counted[size]) | _median(timed[size])
        return found

    def _samples(self) -> dict[int, list[Figures]]:
        return {size: [] for size in self._sizes}

    def _each(self) -> Iterator[tuple[int, int]]:
        """Use each table in turn: its number of people, and somebody of the same place in the order of all samples."""
        self._met += 1
        for size in self._sizes:
            _use(size)
            yield size, self._met * _STRIDE % size


def _of_sessions(crowds: dict[str, list[Operation]], rounds: int) -> dict[str, dict[str, Figures]]:
    found: dict[str, dict[str, Figures]] = {}
    for sessions, operations in crowds.items():
        for operation in operations:
            _run(operation, 0)
            found.setdefault(sessions, {})[operation.name] = _median([_counted(operation, 0) for _ in range(_COUNTED)])
    for at in range(len(crowds["1"])):
        timed: dict[str, list[Figures]] = {sessions: [] for sessions in crowds}
        for _ in range(rounds):
            for sessions, operations in crowds.items():
                timed[sessions].append(_timed(operations[at], 0))
        for sessions, operations in crowds.items():
            found[sessions][operations[at].name] |= _median(timed[sessions])
    return found


def _run(operation: Operation, number: int) -> None:
    operation.run(operation.prepare(number))
    if operation.after:
        operation.after()


def _counted(operation: Operation, number: int) -> Figures:
    if operation.before:
        operation.run(operation.before())
    asked = operation.prepare(number)
    with recording() as work:
        operation.run(asked)
    if operation.after:
        operation.after()
    return {"calls": len(work.operations), "rru": work.rru, "wru": work.wru}


def _timed(operation: Operation, number: int) -> Figures:
    """Milliseconds: of the processor in this process, and elapsed, which is the emulator's, too."""
    asked = operation.prepare(number)
    settings()
    began, started = time.perf_counter_ns(), time.process_time_ns()
    operation.run(asked)
    cpu, elapsed = time.process_time_ns() - started, time.perf_counter_ns() - began
    if operation.after:
        operation.after()
    return {"cpu_ms": cpu / 1e6, "elapsed_ms": elapsed / 1e6}


def _median(samples: Sequence[Figures]) -> Figures:
    return {name: statistics.median(sample[name] for sample in samples) for name in samples[0]}


if __name__ == "__main__":
    main()
