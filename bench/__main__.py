"""Command line of the measurements: python -m bench [part]."""

import argparse
import inspect
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from bench import document, kept, parts
from local.instance import LocalError

_WITHIN = "within budget"


def main() -> int:
    """Measure, print tables, keep figures. 0: all budgets hold. 1: one is exceeded, or a part of `all` failed. 2: nothing was measured."""
    arguments = _arguments()
    # As an exception, so that nothing that was started stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    if arguments.part == "document":
        return document.write()
    if arguments.part == "all":
        return _everything(arguments)
    try:
        return 1 if _run(arguments.part, arguments) else 0
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _everything(arguments: argparse.Namespace) -> int:
    """Every part, whatever becomes of the others, and then the document from what there is."""
    became = {}
    for part in parts.EVERYTHING:
        try:
            exceeded = _run(part, arguments)
            became[part] = f"{len(exceeded)} over budget" if exceeded else _WITHIN
        except Exception as error:  # noqa: BLE001 - the other parts are measured all the same, and the exit code tells
            trouble = str(error) if isinstance(error, LocalError) else "".join(traceback.format_exception(error))
            print(f"error: {part}: {trouble}", file=sys.stderr)
            became[part] = "could not be measured"
    written = document.write()
    print("\n".join(f"{part}: {outcome}" for part, outcome in became.items()), file=sys.stderr)
    return max(written, 0 if set(became.values()) == {_WITHIN} else 1)


def _run(part: str, arguments: argparse.Namespace) -> list[str]:
    """Measure one part; what it exceeds, one sentence each."""
    module = parts.module(part)
    started = time.monotonic()
    print(f"{part}: …", file=sys.stderr, flush=True)
    figures = module.measure(**_wanted(module.measure, arguments))
    exceeded: list[str] = module.exceeded(figures)
    kept.keep(part, figures, exceeded)
    print(f"{part}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(f"## {part}\n\n{module.tables(figures)}\n")
    print(("\n".join(f"OVER BUDGET: {sentence}" for sentence in exceeded) or "No budget is exceeded.") + "\n", flush=True)
    return exceeded


def _wanted(measure: Callable[..., Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Of what was said on the command line, what this part takes."""
    taken = inspect.signature(measure).parameters
    return {name: value for name, value in vars(arguments).items() if name in taken and value is not None}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "part", nargs="?", default="work", choices=(*parts.MODULES, "all", "document"), help="what to measure; document: write it anew"
    )
    parser.add_argument("--rounds", type=int, help="how often each operation runs warm")
    parser.add_argument("--starts", type=int, help="how often each function starts cold")
    parser.add_argument("--repetitions", type=int, help="for peers: how often each server has its turn")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="PEOPLE", help="for growth: among how many people")
    parser.add_argument("--emulator-port", type=int, help="where another run has the usual one")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
