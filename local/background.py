"""Processes that outlive the command which started them: pid files, ports, clean ends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.instance import LocalError

# What this very process started, and has to collect when it ends.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Background:
    """A process, known by a pid file and by a word of its command line (pids are used again)."""

    label: str
    home: Path
    marker: str

    @property
    def pid_file(self) -> Path:
        return self.home / f"{self.label}.pid"

    @property
    def log_file(self) -> Path:
        return self.home / f"{self.label}.log"

    def pid(self) -> int | None:
        """The pid while it runs, else None."""
        if not self.pid_file.exists():
            return None
        pid = int(self.pid_file.read_text(encoding="ascii"))
        return pid if self.marker in command_line(pid) else None

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Start it detached, with both outputs in its log file. Answers the pid."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # For a moment after its start a process has no command line yet, and would pass for ended.
        while process.poll() is None and not command_line(process.pid):
            time.sleep(0.001)
        self.pid_file.write_text(str(process.pid), encoding="ascii")
        _CHILDREN[process.pid] = process
        return process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for it to answer.

        Raises:
            LocalError: it ended, or does not answer in time; names the log file and its last line.
        """
        give_up_at = time.monotonic() + seconds
        while not ready():
            ended = self.pid() is None
            if ended or time.monotonic() > give_up_at:
                what = "ended at once" if ended else f"gives no answer after {seconds:.0f} s"
                raise LocalError(f"the {self.label} {what}: {last_line(self.log_file)} (log: {self.log_file})")
            time.sleep(0.05)

    def stop(self, seconds: float = 20) -> bool:
        """End it with SIGTERM and wait, so that it can save what it holds. Answers whether it ran.

        Raises:
            LocalError: it is still there after that time.
        """
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            give_up_at = time.monotonic() + seconds
            while self.pid() is not None:
                if time.monotonic() > give_up_at:
                    raise LocalError(f"the {self.label} (pid {pid}) does not end; `kill -9 {pid}` ends it, with its state")
                time.sleep(0.05)
            if pid in _CHILDREN:
                _CHILDREN.pop(pid).wait()
        self.pid_file.unlink(missing_ok=True)
        return pid is not None


def command_line(pid: int) -> str:
    """The command line of a process, "" when there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def last_line(log: Path) -> str:
    """The last line that a log holds, cut to a readable length."""
    if not log.exists():
        return "no output"
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "no output"


def require_free(port: int, variable: str) -> None:
    """Refuse to start when somebody else listens on the port.

    Raises:
        LocalError: names the port, who holds it when that can be seen, and the way out.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            remedy = f"end that process or choose another: {variable}"
            raise LocalError(f"port {port} is in use{_holder(port)}; {remedy}") from None


def _holder(port: int) -> str:
    """Who listens on a TCP port of this machine, as " by pid N (command)"; "" when that cannot be seen."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        return ""
    rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    for directory in Path("/proc").glob("[0-9]*"):
        if inodes & _open_files(directory):
            return f" by pid {directory.name} ({command_line(int(directory.name))[:80]})"
    return ""


def _open_files(process: Path) -> set[str]:
    try:
        return {os.readlink(file) for file in (process / "fd").iterdir()}
    except OSError:
        return set()
