"""Command line of the measurements: python -m bench."""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime

from bench import budgets, report, stack
from local.instance import ROOT, Instance, LocalError


def main() -> int:
    """Measure, print the tables, and answer 1 if anything exceeds a budget that is exact."""
    arguments = _arguments()
    here = stack.instance(arguments.emulator_port)
    if arguments.growth is not None:
        return _growth(here, arguments.growth)
    print(f"{arguments.rounds} rounds, {arguments.starts} cold starts of each function; a minute or two", file=sys.stderr)
    try:
        with stack.running(here):
            layers = stack.build_layers(here)
            size = ["--rounds", str(arguments.rounds), "--starts", str(arguments.starts)]
            command = [sys.executable, "-m", "bench.measure", *size]
            environment = stack.environment(here)
            measured = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if measured.returncode:
        return 2
    figures = json.loads(measured.stdout)
    machine = f"{os.cpu_count()} processors {platform.machine()}, CPython {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}\n")
    print(report.tables(figures, layers))
    exceeded = budgets.exceeded(figures)
    print("\n" + ("\n".join(f"OVER BUDGET: {sentence}" for sentence in exceeded) or "No exact budget is exceeded."))
    return 1 if exceeded else 0


def _growth(here: Instance, sizes: list[int]) -> int:
    """Measure operations on people among few and many of them, and answer 1 if any costs more among more."""
    print("some minutes, most of them for filling the table", file=sys.stderr)
    try:
        with stack.running(here):
            command = [sys.executable, "-m", "bench.growth", *map(str, sizes)]
            return subprocess.run(command, env=stack.plain_environment(here), cwd=ROOT, check=False).returncode
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="how often each operation runs warm")
    parser.add_argument("--starts", type=int, default=7, help="how often each function starts cold")
    parser.add_argument("--growth", nargs="*", type=int, metavar="PEOPLE", help="what operations cost among so many people, and so many")
    parser.add_argument("--emulator-port", type=int, default=24_700)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
