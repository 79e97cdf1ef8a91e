"""Load on a running stack: how long each operation takes, whether any request fails, and whether all is well when it is over.

The stack is local: gateway, Lambda and DynamoDB are emulated on the machine that sends the requests. What it answers wrongly breaks the
run; how long it takes is told.
"""

import contextlib
import io
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from bench import report
from bench.stack import told_by
from local import stack
from local.instance import Instance

EMULATOR_PORT: Final = 24_900
_LOOPS: Final = ("closed", "open", "mixed")


def measure(*, emulator_port: int = EMULATOR_PORT) -> dict[str, Any]:
    """Figures by loop and operation: how many, errors by kind, requests a second, percentiles in ms; and what is left. A minute or two.

    emulator_port: the first of five, beside each other, that the stack listens on.

    Raises:
        LocalError: the stack does not start, or the load could not even begin.
    """
    here = _instance(emulator_port)
    try:
        started = time.monotonic()
        _start(here)
        print(f"the stack runs after {time.monotonic() - started:.0f} s", file=sys.stderr)
        return told_by("bench.load.process", environment=stack.tool_environment(here))
    finally:
        stack.reset(here)


def _instance(first: int) -> Instance:
    return Instance(f"bench-load-{first}", first + 1, orders_port=first + 2, app_port=first + 3, mail_port=first + 4, emulator_port=first)


def _start(here: Instance) -> None:
    """As `make run` does, with the real SAM.

    Raises:
        LocalError: as local.stack.up says.
    """
    # What it prints are secrets of its applications, too, short as they live.
    with contextlib.redirect_stdout(io.StringIO()):
        stack.up(here, {}, fresh=True)


def tables(figures: Mapping[str, Any]) -> str:
    """All figures, as Markdown."""
    connections, rate, seconds = figures["connections"], figures["open_rate"], figures["mixed_seconds"]
    titles = {
        "closed": f"Load: {connections} connections, each with one request after the other",
        "open": f"Load: {rate} requests a second, whatever becomes of those before",
        "mixed": f"Load: {connections} people at once who sign in, refresh 10 times and call userinfo 5 times, {seconds:.0f} s",
    }
    note = (
        "Milliseconds from sending a request until its answer is there, or from when it was due. Gateway, Lambda and DynamoDB are emulated "
        "in two processes on the machine that sends the requests, beside the functions: they make the times, not the service."
    )
    loops = [f"### {title}\n\n{_table(figures[loop])}" for loop, title in titles.items()]
    return "\n\n".join([note, *loops, f"### Load: what is left\n\n{_left(figures['left'])}"])


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    """What went wrong, one sentence each."""
    found = [
        f"{operation}, {loop}: {count} times {kind}"
        for loop in _LOOPS
        for operation, told in figures[loop].items()
        for kind, count in told["errors"].items()
    ]
    return [*found, *figures["left"]["flaws"]]


def _table(found: Mapping[str, Any]) -> str:
    head = ("operation", "requests", "errors", "a second", "p50 ms", "p90", "p99", "max")
    rows = []
    for operation, told in sorted(found.items()):
        errors = ", ".join(f"{count} × {kind}" for kind, count in told["errors"].items()) or "0"
        times = [f"{told[name]:.0f}" for name in ("p50", "p90", "p99", "max")]
        rows.append((operation, str(told["count"]), errors, f"{told['per_second']:.0f}", *times))
    return report.table(head, rows)


def _left(left: Mapping[str, Any]) -> str:
    rows = [
        ("sessions begun / stored", f"{left['begun']} / {left['stored']}"),
        ("refreshes of them", f"{left['refreshes']}"),
        ("that go on / refreshed once more, in the generation that was counted", f"{left['going_on']} / {left['refreshed_again']}"),
        ("that were ended / whose tokens are refused", f"{left['ended']} / {left['refused']}"),
        ("ended as stolen, or astray", ", ".join(left["flaws"]) or "none"),
    ]
    return report.table(("what", "number"), rows)
