"""The servers' processes: started on a processor of their own, watched by what Linux counts of them, ended with all their children."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from local.background import last_line
from local.instance import LocalError

_STARTING_SECONDS = 60
_ENDING_SECONDS = 10
_PAGE = os.sysconf("SC_PAGE_SIZE")


@cache
def _processors() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def on_processor(number: int) -> Iterator[None]:
    """Whatever is started inside runs on that one of the processors alone; where there is but one, there. Inner ones count."""
    of_this_process = _processors()
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {of_this_process[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(slots=True)
class Running:
    """A server. process: the first of its tree. log: where both its outputs go. seed: what it tells about itself once it is ready."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    port: int
    seed: dict[str, Any]

    def cpu_ns(self) -> int:
        """Processor nanoseconds, user and system, that the tree has taken so far."""
        return sum(_cpu_ns(pid) for pid in self._tree())

    def resident_mib(self) -> float:
        """Memory that the tree holds, in MiB; pages that processes share count for each."""
        pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self._tree()]
        return sum(map(int, pages)) * _PAGE / 2**20

    def _tree(self) -> list[int]:
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                # The command may have spaces and brackets: the fields are counted from the last one.
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


def _cpu_ns(pid: int) -> int:
    """The processor clock of another process (clock_getcpuclockid(3)): utime + stime, which /proc has in hundredths of a second only."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def start(name: str, command: Sequence[str], environment: Mapping[str, str], *, port: int, seeded: bool, folder: Path, cwd: str) -> Running:
    """Start a server and wait until it listens. seeded: it writes a file of JSON, which SEED_FILE names, when it is ready.

    Raises:
        LocalError: it ended, or took too long.
    """
    log, seed_file = folder / f"{name}.log", folder / f"{name}.seed"
    seed_file.unlink(missing_ok=True)
    variables = {**environment, "PORT": str(port), "SEED_FILE": str(seed_file)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=variables, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    running = Running(name, process, log, port, {})
    give_up_at = time.monotonic() + _STARTING_SECONDS
    while not _ready(running, seed_file if seeded else None):
        if process.poll() is not None or time.monotonic() > give_up_at:
            end(running)
            raise LocalError(f"{name} does not start: {last_line(log)} (log: {log})")
        time.sleep(0.05)
    return running


def _ready(running: Running, seed_file: Path | None) -> bool:
    if seed_file is not None:
        try:
            running.seed = json.loads(seed_file.read_text())
        except (OSError, ValueError):
            return False
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", running.port)) == 0


def end(running: Running) -> None:
    """End the server with everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.process.wait(_ENDING_SECONDS)
    # Children that outlive their parent are in its group still.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
