"""Cold starts: each in a process of its own, which knows nothing but one function and the layers."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import tls
from local.instance import ROOT

# Starting itself needs nothing of gatehouse, which is on the path of measuring processes alone.
if TYPE_CHECKING:
    from bench.operations import Event, Operation

FIGURES = ("import_cpu", "import_wall", "first_answer_cpu", "first_cpu", "first_wall", "memory")
# A refresh needs all that the token endpoint can need; of the documents only the key set needs the table.
_STANDING = {"token_exchange": "refresh", "discovery": "key set", "authorize": "authorize, signed on", "hosted_pages": "password sign-in"}


def measure(known: "list[Operation]", starts: int) -> dict[str, Any]:
    """Per function: medians in ms (memory in KiB) over `starts` processes, and what is loaded; they take turns.

    import_cpu and first_answer_cpu together are what lies between the bare interpreter and the first answer of DynamoDB, over TLS.
    """
    chosen = [operation for operation in known if _STANDING.get(operation.function, operation.name) == operation.name]
    found: dict[str, list[dict[str, Any]]] = {operation.function: [] for operation in chosen}
    with tls.before(os.environ["AWS_ENDPOINT_URL"]) as secured:
        for operation in (operation for _ in range(starts) for operation in chosen):
            found[operation.function].append(start(operation.function, operation.prepare(), {**os.environ, **secured}))
    figures: dict[str, Any] = {}
    for operation in chosen:
        runs = found[operation.function]
        figures[operation.function] = {name: statistics.median(run[name] for run in runs) for name in FIGURES}
        figures[operation.function] |= {"operation": operation.name, "modules": runs[0]["modules"]}
    return figures


def start(function: str, event: "Event", environment: Mapping[str, str], *options: str) -> dict[str, Any]:
    """One process that imports the function and serves the event: what bench/cold.py tells. options: of the interpreter.

    environment: of which PYTHONPATH names the layers.

    Raises:
        RuntimeError: it did not serve it.
    """
    layers = [entry for entry in environment["PYTHONPATH"].split(os.pathsep) if entry != str(ROOT)]
    environment = {**environment, "PYTHONPATH": os.pathsep.join([str(ROOT / "functions" / function), *layers])}
    command = [sys.executable, "-P", *options, str(Path(__file__).with_name("cold.py"))]
    sent = json.dumps(event)
    ended = subprocess.run(command, env=environment, input=sent, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{function} does not start: {ended.stderr.strip().splitlines()[-1]}")
    run: dict[str, Any] = json.loads(ended.stdout)
    if not (run["allowed"] or run["status"] in (200, 201, 204, 303)):
        raise RuntimeError(f"{function} answered {run['status']} at its first request")
    return run
