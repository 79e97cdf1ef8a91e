"""One run: storage, all servers side by side, their operations in turn; servers on one processor, load and storage on the other."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench import certificates, stack
from bench.peers import catalog, flows, install, measuring, person_flows, processes, starting
from bench.peers.catalog import Server, Ways
from bench.peers.http_client import Connection
from bench.peers.measuring import Effort, Slice
from bench.peers.processes import Running
from local import emulator
from local.background import require_free
from local.instance import ROOT, LocalError

CONNECTIONS = 8
# By the first third of it, V8 has not yet compiled what it will: there, too, the figures are of a server that has run for a while.
WARM_UP = Effort(1.2, 2.5)
# Of the processors that there are: the servers' and everything else's.
_SERVERS, _LOAD = 0, -1


def measured(repetitions: int, effort: Effort, emulator_port: int, starts: int) -> dict[str, Any]:
    """The figures of one run, all that JSON can hold.

    Raises:
        LocalError: something cannot be installed or started, or this is no Linux. Wrong: a server answered wrongly.
    """
    if not sys.platform.startswith("linux"):
        raise LocalError("the peers are measured by Linux' count of what processes take, so only there")
    began = time.monotonic()
    install.node_servers()
    install.python_environment()
    versions = install.versions()
    folder = _folder(emulator_port)
    folder.mkdir(parents=True, exist_ok=True)
    certificates.make(folder)
    environment = _environment(emulator_port)
    with processes.on_processor(_LOAD), contextlib.ExitStack() as ending:
        _start_storage(ending, emulator_port, environment)
        # One more of each: the first time warms up.
        gatehouse = _seeded(environment, person_flows.people_needed(CONNECTIONS, repetitions + 1), starts + 1)
        environment["KEY_ARN"] = gatehouse["key_arn"]
        with processes.on_processor(_SERVERS):
            started = starting.measured(stack.instance(emulator_port), gatehouse["starts"], environment, folder)
        told = ending.enter_context(_started(catalog.servers(CONNECTIONS), emulator_port, environment, gatehouse))
        figures = asyncio.run(_measured(told, repetitions, effort))
    figures["operations"][flows.START] = started
    shown = {server.name: " ".join(f"{package} {versions[package].removeprefix('v')}" for package in server.packages) for server, _ in told}
    return figures | {
        "versions": shown,
        "processors": os.cpu_count(),
        "connections": CONNECTIONS,
        "repetitions": repetitions,
        "elapsed_seconds": round(time.monotonic() - began),
    }


def _seeded(environment: dict[str, str], people: int, starts: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.peers.gatehouse_seed", str(people), str(starts)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalError(f"gatehouse cannot be filled: {done.stderr.strip().splitlines()[-1]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _environment(port: int) -> dict[str, str]:
    """Of our two servers: AWS is the emulator, spoken to by TLS."""
    return stack.plain_environment(stack.instance(port)) | {
        "AWS_ENDPOINT_URL": f"https://localhost:{port}",
        "AWS_CA_BUNDLE": str(_folder(port) / "ca.pem"),
        "DYNAMODB_PORT": str(port),
    }


def _start_storage(ending: contextlib.ExitStack, port: int, environment: dict[str, str]) -> None:
    program = Path(__file__).with_name("storage.py")
    command = [str(emulator.BIN / "python"), "-P", str(program), str(port), str(_folder(port) / "server.pem")]
    _start(ending, "storage", command, _plain(environment), port, seeded=False, folder=_folder(port), cwd=str(_folder(port)))


def _folder(port: int) -> Path:
    """Where a run's certificates and logs are; by port, as two runs have two."""
    return install.FOLDER / f"run-{port}"


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Of the peers: nothing of ours."""
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "PYTHON"))}


@contextlib.contextmanager
def _started(
    servers: list[Server], emulator_port: int, environment: dict[str, str], gatehouse: dict[str, Any]
) -> Iterator[list[tuple[Server, Running]]]:
    """All servers, ended afterwards whatever happens."""
    plain = _plain(os.environ)
    with contextlib.ExitStack() as ending:
        started = []
        for number, server in enumerate(servers):
            port = emulator_port + 1 + number
            variables = {name: value.format(port=port) for name, value in server.environment.items()}
            of_server = environment if server.ours else plain | variables
            command = [part.format(port=port) for part in server.command]
            how = {"seeded": server.seeded, "folder": _folder(emulator_port), "cwd": server.cwd}
            with processes.on_processor(_SERVERS):
                running = _start(ending, server.name, command, of_server, port, **how)
            if server.ours and not server.seeded:
                running.seed = gatehouse
            started.append((server, running))
        yield started


def _start(ending: contextlib.ExitStack, name: str, command: list[str], environment: dict[str, str], port: int, **how: Any) -> Running:
    require_free(port, "--emulator-port <number>, the first of a dozen")
    running = processes.start(name, command, environment, port=port, **how)
    ending.callback(processes.end, running)
    return running


async def _measured(told: list[tuple[Server, Running]], repetitions: int, effort: Effort) -> dict[str, Any]:
    ways: Ways = {}
    of_row: dict[str, Running] = {}
    claims: dict[str, dict[str, int]] = {}
    for server, running in told:
        if server.fill:
            running.seed = await _with_connection(running, server.fill)
        found = server.ways(running.seed, running.port)
        ways |= found
        of_row |= dict.fromkeys(found, running)
        for row, site in server.sites(running.seed).items():
            claims[row] = await _with_connection(running, lambda connection, site=site: flows.prove(connection, site))
    slices = await _taken(ways, of_row, repetitions, effort)
    summed = {name: {row: measuring.summed_up(taken) for row, taken in of.items()} for name, of in slices.items()}
    _take_sign_in_from_pair(summed)
    return {
        "operations": {name: summed[name] for name in flows.OPERATIONS},
        "servers": {row: {"server": running.name, "resident_mib": running.resident_mib()} for row, running in of_row.items()},
        "claims": claims,
        "notes": {row: catalog.NOTES[row] for row in of_row if row in catalog.NOTES},
    }


async def _with_connection(running: Running, ask: Any) -> Any:
    connection = Connection(running.port)
    try:
        return await ask(connection)
    except (flows.Wrong, KeyError) as trouble:
        raise flows.Wrong(f"{running.name}: {trouble!r}") from trouble
    finally:
        connection.close()


async def _taken(ways: Ways, of_row: dict[str, Running], repetitions: int, effort: Effort) -> dict[str, dict[str, list[Slice]]]:
    """All servers take turns at each operation, so that a slow moment meets them all. The first turn warms up."""
    began = time.monotonic()
    names = [*flows.OPERATIONS, *sorted({name for of in ways.values() for name in of} - set(flows.OPERATIONS))]
    taken: dict[str, dict[str, list[Slice]]] = {name: {row: [] for row, of in ways.items() if name in of} for name in names}
    for turn in range(repetitions + 1):
        for name, rows in taken.items():
            for row, slices in rows.items():
                try:
                    one = await measuring.slice_of(of_row[row], ways[row][name], CONNECTIONS, effort if turn else WARM_UP)
                except flows.Wrong as trouble:
                    raise flows.Wrong(f"{name} by {row}: {trouble}") from trouble
                if turn:
                    slices.append(one)
        print(f"peers: {f'repetition {turn} of {repetitions}' if turn else 'warm-up'}, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return taken


def _take_sign_in_from_pair(summed: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Of the emulators: what the pair of sign-in and sign-out takes beyond the sign-in is the sign-out."""
    for row, pair in summed["sign-in + sign-out"].items():
        alone = summed["sign-in"][row]
        runs = [both - one for both, one in zip(pair["cpu_ms_runs"], alone["cpu_ms_runs"], strict=True)]
        summed[flows.SIGN_OUT][row] = {"cpu_ms": pair["cpu_ms"] - alone["cpu_ms"], "cpu_ms_runs": runs, "count": pair["count"]}
