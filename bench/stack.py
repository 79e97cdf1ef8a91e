"""What the measurements run on: an emulator of their own, and the layers as they are deployed."""

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from local import emulator
from local.instance import HOME, ROOT, Instance, LocalError, client_environment, named

# As long as names that CloudFormation makes up, because every log line carries it.
_FUNCTION_NAME = "gatehouse-TokenExchangeFunction-aB3dE5fG7hI9"
# By layer, the folder of its Makefile under layers/.
_FOLDERS = {"dependencies": "dependencies", "core": "core", "whole": "core"}
_WEIGHED = ("dependencies", "core")


@dataclass(frozen=True, slots=True)
class LayerSize:
    """Bytes of the dependencies and the core layer together."""

    unzipped: int
    zipped: int


def instance(emulator_port: int) -> Instance:
    # By port, so that two runs do not end each other; and apart from .local/bench, where the figures stay.
    return named(f"bench-{emulator_port}", emulator_port=emulator_port)


@contextmanager
def running(here: Instance) -> Iterator[None]:
    """An empty emulator, ended and forgotten afterwards.

    Raises:
        LocalError: it does not start, or its port is taken.
    """
    emulator.stop(here)
    shutil.rmtree(here.home, ignore_errors=True)
    emulator.start(here)
    try:
        yield
    finally:
        emulator.stop(here)
        shutil.rmtree(here.home, ignore_errors=True)


def build_layers(here: Instance) -> LayerSize:
    """Build what the measured functions load, for this machine with the Makefiles that `sam build` calls, and weigh what most of them load.

    Raises:
        LocalError: a build failed, or left the bytecode out.
    """
    variables = {
        "UV": _uv(),
        "PYVER": f"{sys.version_info.major}.{sys.version_info.minor}",
        "BUILD_PYTHON": sys.executable,
        "ARCHITECTURE": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
    }
    for name, folder in _FOLDERS.items():
        target = {**variables, "ARTIFACTS_DIR": str(_layer(here, name))}
        assigned = [f"{variable}={value}" for variable, value in target.items()]
        command = ["make", "-C", str(ROOT / "layers" / folder), f"build-{name.capitalize()}Layer", *assigned]
        _layer(here, name).mkdir(parents=True)
        built = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if built.returncode:
            raise LocalError(f"the layer {name} cannot be built: {built.stderr.strip().splitlines()[-1]}")
    if not any(_layer(here, "dependencies").rglob("*.pyc")):
        raise LocalError("the layers hold no bytecode, so that cold starts would be measured with compiling")
    files = [file for name in _WEIGHED for file in _layer(here, name).rglob("*") if file.is_file()]
    return LayerSize(sum(file.stat().st_size for file in files), _zipped(files, here.home))


def environment(here: Instance) -> dict[str, str]:
    """Variables of the measuring process: gatehouse from the layers, boto3 from beside the interpreter, as on AWS.

    All functions take it from the whole layer, as some must; its files are the same in the core layer.
    """
    return _environment(here, [_layer(here, "dependencies") / "python", _layer(here, "whole") / "python", ROOT])


def plain_environment(here: Instance) -> dict[str, str]:
    """The same with everything as it lies in the repository, for what does not measure starts."""
    return _environment(here, [ROOT / "layers" / "core" / "python", ROOT])


def told_by(module: str, *arguments: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The figures that a measuring process prints, which runs in the checkout.

    Raises:
        LocalError: it ended early; what it said stands above.
    """
    command = [sys.executable, "-m", module, *arguments]
    measured = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if measured.returncode:
        raise LocalError(f"{module} ended early; what it said stands above")
    figures: dict[str, Any] = json.loads(measured.stdout)
    return figures


def _environment(here: Instance, path: list[Path]) -> dict[str, str]:
    return client_environment(here) | {
        "PYTHONPATH": os.pathsep.join(str(entry) for entry in path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": _FUNCTION_NAME,
        "ISSUER": "https://id.example.com",
        "TABLE_NAME": "identity",
        "MAIL_FROM": "no-reply@example.com",
    }


def _layer(here: Instance, name: str) -> Path:
    return here.home / "layers" / name


def _zipped(files: list[Path], home: Path) -> int:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, file.relative_to(home))
    return archive.tell()


def _uv() -> str:
    own = HOME / "uv" / "bin" / "uv"
    return str(own) if own.exists() else shutil.which("uv") or "uv"
