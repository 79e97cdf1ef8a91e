"""An emulator of our own, where one writer wins as on DynamoDB; for each module a table, a KMS key and a ring."""

import os
import shutil
import socket
import sys
import warnings
from collections.abc import Iterator

import boto3
import pytest

from gatehouse import key_rotation, table
from gatehouse.aws import wire
from gatehouse.table import connection
from local import emulator as ministack
from local.background import command_line
from local.instance import HOME, Instance, client_environment
from tests import botocore_wire
from tests.integration import faults, scenes
from tests.integration.steps import Setting
from tests.unit.conftest import ENVIRONMENT, TABLES, context, create_tables, forget, function


@pytest.fixture(scope="session")
def emulator() -> Iterator[Instance]:
    """MiniStack on a free port of this machine, and gone afterwards."""
    _end_leftovers()
    instance = Instance(f"integration-{_run()}", 0, 0, 0, 0, _free_port())
    try:
        with warnings.catch_warnings():
            # It is to outlive the object that stands for it.
            warnings.simplefilter("ignore", ResourceWarning)
            ministack.start(instance)
        yield instance
    finally:
        ministack.stop(instance)
        shutil.rmtree(instance.home, ignore_errors=True)


@pytest.fixture(scope="module")
def stack(emulator: Instance) -> Iterator[Instance]:
    """This process as a deployed stack sees itself: handlers run here, in threads, against the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in (ENVIRONMENT | client_environment(emulator)).items():
            patch.setenv(name, value)
        boto3.setup_default_session()
        patch.setattr(wire, "exchange", botocore_wire.exchange)
        faults.listen()
        key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        patch.setenv("KEY_ARN", key)
        create_tables()
        boto3.client("sesv2").create_email_identity(EmailIdentity=ENVIRONMENT["MAIL_FROM"])
        forget()
        function("key_rotation")({}, context())
        yield emulator
        for variable in TABLES:
            boto3.client("dynamodb").delete_table(TableName=ENVIRONMENT[variable])
        boto3.client("sesv2").delete_email_identity(EmailIdentity=ENVIRONMENT["MAIL_FROM"])
    forget()
    scenes.resource_server.cache_clear()
    boto3.setup_default_session()


@pytest.fixture
def setting(stack: Instance) -> Setting:
    return Setting(stack, scenes.quick_client())


@pytest.fixture
def cleared(stack: Instance) -> None:
    """Nothing is in the table but keys and clients."""
    for item in scenes.everything():
        if not item["pk"].startswith(("KEYS", "CLIENT#")):
            table.delete({"pk": item["pk"], "sk": item["sk"]})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are repeated at once."""
    monkeypatch.setattr(connection, "_BACKOFF_SECONDS", 0.001)


@pytest.fixture
def quick_keys(stack: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without RSA, whose keys take their time."""
    monkeypatch.setenv("SIGNING_ALGORITHMS", "ES256")
    forget()
    yield
    monkeypatch.undo()
    forget()
    key_rotation.rotate("test")


@pytest.fixture
def interleaved() -> Iterator[None]:
    """Threads change places five times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 5)
    yield
    sys.setswitchinterval(usual)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run() -> int:
    """Process id of the pytest that was started, which may have started the one that this is."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _end_leftovers() -> None:
    """Emulators of test runs that were killed before they could end them."""
    for home in HOME.glob("integration-*"):
        if "pytest" not in command_line(int(home.name.removeprefix("integration-"))):
            ministack.stop(Instance(home.name, 0, 0, 0, 0, 0))
            shutil.rmtree(home, ignore_errors=True)
