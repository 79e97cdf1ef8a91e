"""Cold starts: each in a process of its own, which knows nothing but one function and the layers."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.operations import Event, Operation
from local.instance import ROOT

FIGURES = ("import_cpu", "import_wall", "first_cpu", "first_wall", "memory")
# A refresh needs all that the token endpoint can need; of the documents only the key set needs the table.
_STANDING = {"token_exchange": "refresh", "discovery": "key set", "authorize": "authorize, signed on"}


def measure(known: list[Operation], starts: int) -> dict[str, Any]:
    """Per function: medians in ms (memory in KiB) over `starts` processes, and what is loaded; they take turns."""
    chosen = [operation for operation in known if _STANDING.get(operation.function, operation.name) == operation.name]
    found: dict[str, list[dict[str, Any]]] = {operation.function: [] for operation in chosen}
    for _ in range(starts):
        for operation in chosen:
            found[operation.function].append(_start(operation.function, operation.prepare()))
    figures: dict[str, Any] = {}
    for operation in chosen:
        runs = found[operation.function]
        figures[operation.function] = {name: statistics.median(run[name] for run in runs) for name in FIGURES}
        figures[operation.function] |= {"operation": operation.name, "modules": runs[0]["modules"]}
    return figures


def _start(function: str, event: Event) -> dict[str, Any]:
    """One process that imports the function and serves the event.

    Raises:
        RuntimeError: it did not serve it.
    """
    layers = [entry for entry in os.environ["PYTHONPATH"].split(os.pathsep) if entry != str(ROOT)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "functions" / function), *layers])}
    command = [sys.executable, "-P", str(Path(__file__).with_name("cold.py"))]
    sent = json.dumps(event)
    ended = subprocess.run(command, env=environment, input=sent, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{function} does not start: {ended.stderr.strip().splitlines()[-1]}")
    run: dict[str, Any] = json.loads(ended.stdout)
    if not (run["allowed"] or run["status"] in (200, 201, 204, 303)):
        raise RuntimeError(f"{function} answered {run['status']} at its first request")
    return run
