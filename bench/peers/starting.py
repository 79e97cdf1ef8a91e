"""Starts: processor time of fresh processes, ours up to the first answer of DynamoDB, those of peers until they would listen."""

import os
import py_compile
import shutil
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import budgets, stack, starts
from bench.peers import install, sites
from local.instance import Instance, LocalError

FUNCTION = "token_exchange"
_PYTHON, _NODE = "python", "node"
_TELL = "import time; print(time.process_time() * 1000)"
_BARE_NODE = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)"
_INTERPRETERS = {sites.GATEHOUSE: _PYTHON, sites.OPENAUTH: _NODE, sites.PANVA: _NODE, sites.AUTHLIB: _PYTHON}


def measured(here: Instance, events: Sequence[Any], environment: Mapping[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    """By row: medians in ms above the bare interpreter, which took interpreter_ms. They take turns, one for each event; the first warms up.

    events: what the function is invoked with, each good for once. environment: of gatehouse. folder: for what is compiled.

    Raises:
        LocalError: the layers cannot be built, or a peer does not start. RuntimeError: gatehouse does not.
    """
    shutil.rmtree(here.home, ignore_errors=True)
    try:
        stack.build_layers(here)
        ours = {**environment, "PYTHONPATH": stack.environment(here)["PYTHONPATH"]}
        started = _peers(folder)
        taken: dict[str, list[float]] = {row: [] for row in (sites.GATEHOUSE, *started)}
        for event in events:
            taken[sites.GATEHOUSE].append(budgets.first_answer(starts.start(FUNCTION, event, ours)))
            for row, start in started.items():
                taken[row].append(start())
    finally:
        shutil.rmtree(here.home, ignore_errors=True)
    return {row: summed_up(row, {name: runs[1:] for name, runs in taken.items()}) for row in _INTERPRETERS}


def summed_up(row: str, taken: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The figures of a row. taken: processor milliseconds of each process, by row and by interpreter."""
    bare = statistics.median(taken[_INTERPRETERS[row]])
    # Ours is counted from the interpreter on.
    runs = [run - (0 if row == sites.GATEHOUSE else bare) for run in taken[row]]
    return {"cpu_ms": statistics.median(runs), "cpu_ms_runs": runs, "interpreter_ms": bare, "count": len(runs)}


def _peers(folder: Path) -> dict[str, Callable[[], float]]:
    """What starts each, and the bare interpreters."""
    # With bytecode, as ours and all packages have it.
    py_compile.compile(str(install.SERVERS / "authlib_flask.py"), str(folder / "authlib_flask.pyc"), doraise=True)
    python, in_node = [str(install.PYTHON / "python"), "-c"], install.FOLDER / "node"
    node = [str(install.NODE), "--require", "./until_listening.cjs"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    variables = plain | {"NODE_ENV": "production", "PORT": "0", "SEED_FILE": str(folder / "start.seed")}
    return {
        _PYTHON: lambda: _told(_PYTHON, [*python, _TELL], variables, folder),
        _NODE: lambda: _told(_NODE, [node[0], "-e", _BARE_NODE], variables, in_node),
        sites.OPENAUTH: lambda: _told(sites.OPENAUTH, [*node, "openauth.mjs"], variables, in_node),
        sites.PANVA: lambda: _told(sites.PANVA, [*node, "oidc_provider.mjs"], variables, in_node),
        sites.AUTHLIB: lambda: _told(sites.AUTHLIB, [*python, f"import authlib_flask\n{_TELL}"], variables, folder),
    }


def _told(name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> float:
    """The processor milliseconds that a process says it took."""
    done = subprocess.run(command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalError(f"{name} does not start: {done.stderr.strip()[-300:]}")
    return float(done.stdout.splitlines()[-1])
