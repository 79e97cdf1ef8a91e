"""MiniStack, the AWS emulator: IAM enforced, bound to this machine, its state kept between runs."""

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from local.background import Background, require_free
from local.instance import HOME, REGION, Instance

BIN = HOME / "emulator" / "bin"


def process(instance: Instance) -> Background:
    return Background("emulator", instance.home, "ministack")


def start(instance: Instance, command: Sequence[str] = (str(BIN / "ministack"),), variables: Mapping[str, str] | None = None) -> bool:
    """Start the emulator unless it runs, and wait for it. Answers whether it was started.

    command: what starts it, in place of its own. variables: of its environment, beside the usual or in their place.

    Raises:
        LocalError: its port is taken, or it does not come up.
    """
    emulator = process(instance)
    if emulator.pid() is not None and _healthy(instance):
        return False
    require_free(instance.emulator_port, "EMULATOR_PORT=<number>")
    # Worker folders of an earlier run stay behind in its TMPDIR.
    temporary = instance.home / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    emulator.log_file.unlink(missing_ok=True)
    emulator.start(command, _environment(instance) | dict(variables or {}))
    emulator.wait_until(lambda: _healthy(instance), seconds=60)
    return True


def stop(instance: Instance) -> bool:
    """End the emulator; it writes its state while ending. Answers whether it ran."""
    return process(instance).stop(seconds=60)


def _environment(instance: Instance) -> dict[str, str]:
    # No AWS_ENDPOINT_URL in here: the emulator would call itself through it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    home = instance.home
    return inherited | {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(instance.emulator_port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
        "TMPDIR": str(home / "tmp"),
        "LOG_LEVEL": "INFO",
        "NO_PROXY": "localhost,127.0.0.1,::1",
        "no_proxy": "localhost,127.0.0.1,::1",
    }


def _healthy(instance: Instance) -> bool:
    try:
        with urllib.request.urlopen(f"{instance.endpoint}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
