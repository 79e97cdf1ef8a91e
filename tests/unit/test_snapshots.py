"""What a snapshot of a started function would freeze, as Lambda SnapStart takes them: nothing that ages or must be unique."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Stands in front of whatever gives chance, time or a connection, and ends the process when gatehouse asks for it while it is imported.
PROGRAM = """
import importlib, os, random, secrets, socket, sys, time, uuid

def watched(owner, name):
    given = getattr(owner, name)
    def asked(*arguments, **named):
        if sys._getframe(1).f_globals.get("__name__", "").partition(".")[0] in ("gatehouse", "functions"):
            raise SystemExit(f"{owner.__name__}.{name} is asked on import")
        return given(*arguments, **named)
    setattr(owner, name, asked)

WATCHED = {
    os: ["urandom"],
    random: ["choice", "randint", "random", "uniform"],
    secrets: ["choice", "randbelow", "token_bytes", "token_hex", "token_urlsafe"],
    socket: ["create_connection"],
    time: ["monotonic", "monotonic_ns", "perf_counter", "time", "time_ns"],
    uuid: ["uuid4"],
}
for owner, names in WATCHED.items():
    for name in names:
        watched(owner, name)
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def started(*modules: str, sources: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(sources)]), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, "-c", PROGRAM, *modules], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


def test_no_function_takes_chance_time_or_a_connection_while_it_starts() -> None:
    functions = sorted(f"functions.{file.parent.name}.app" for file in ROOT.glob("functions/*/app.py"))

    ended = started(*functions, sources=ROOT / "layers" / "core" / "python")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "source",
    ["import time\nSTARTED = time.time()\n", "import secrets\nNONCE = secrets.token_hex(8)\n", "import os\nSALT = os.urandom(8)\n"],
)
def test_one_that_did_would_be_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "gatehouse.py").write_text(source)

    ended = started("gatehouse", sources=tmp_path)
    assert (ended.returncode, ended.stderr.strip().endswith("is asked on import")) == (1, True)
