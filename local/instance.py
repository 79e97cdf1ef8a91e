"""One local stack: its name, its ports, its files, and how clients reach it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".local"
REGION = "us-east-1"
MAIL_FROM = "no-reply@gatehouse.localhost"
STACK_NAME = "gatehouse"
ORDERS_STACK_NAME = "gatehouse-orders"
APP_CLIENT_ID = "demospa"

_FIRST_PORTS = {"port": 8080, "orders_port": 8081, "app_port": 8082, "mail_port": 8025, "emulator_port": 4566}


class LocalError(Exception):
    """Something a person at the keyboard can put right; the message is one line and says how."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A stack that runs beside others: everything it keeps lies in .local/<name>."""

    name: str
    port: int
    orders_port: int
    app_port: int
    mail_port: int
    emulator_port: int

    @property
    def home(self) -> Path:
        return HOME / self.name

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def orders_url(self) -> str:
        return f"http://localhost:{self.orders_port}"

    @property
    def app_url(self) -> str:
        return f"http://localhost:{self.app_port}"

    @property
    def mail_url(self) -> str:
        return f"http://localhost:{self.mail_port}"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def outputs_file(self) -> Path:
        return self.home / "stack.json"


def named(name: str, port: int | None = None, **ports: int | None) -> Instance:
    """The instance of that name. Without a port: as it was last started, else the usual ports.

    One port moves all of them: with 18080 the others are 18081, 18082, 18025 and 14566, unless given in `ports`.
    """
    saved = _saved(name)
    if saved is not None and port is None and not any(ports.values()):
        return saved
    shift = (port or _FIRST_PORTS["port"]) - _FIRST_PORTS["port"]
    chosen = {field: ports.get(field) or first + shift for field, first in _FIRST_PORTS.items()}
    instance = Instance(name=name, **chosen)
    if len(set(chosen.values())) < len(chosen):
        raise LocalError(f"two listeners would share a port: {chosen}; give them different ones")
    return instance


def save(instance: Instance) -> None:
    """Remember the ports, so that later commands need only the name."""
    instance.home.mkdir(parents=True, exist_ok=True)
    (instance.home / "instance.json").write_text(json.dumps(asdict(instance)), encoding="utf-8")


def _saved(name: str) -> Instance | None:
    file = HOME / name / "instance.json"
    if not file.exists():
        return None
    ports = json.loads(file.read_text(encoding="utf-8"))
    # One that an older checkout wrote may lack a port.
    return Instance(**ports) if ports.keys() == {"name", *_FIRST_PORTS} else None


def client_environment(instance: Instance) -> dict[str, str]:
    """This process's environment, turned so that every AWS client started with it can only reach the emulator."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return environment | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": instance.endpoint,
        "NO_PROXY": "localhost,127.0.0.1,::1",
        "no_proxy": "localhost,127.0.0.1,::1",
    }
