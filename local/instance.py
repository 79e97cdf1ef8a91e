"""One local stack: its name, its ports, its files, and how clients reach it."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".local"
REGION = "us-east-1"
MAIL_FROM = "no-reply@gatehouse.localhost"
STACK_NAME = "gatehouse"
ORDERS_STACK_NAME = "gatehouse-orders"
HOOKS_STACK_NAME = "gatehouse-hooks"
APP_CLIENT_ID = "demospa"

# What the template's Issuer takes for a host.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_FIRST_PORTS = {"port": 8080, "orders_port": 8081, "app_port": 8082, "mail_port": 8025, "emulator_port": 4566}


class LocalError(Exception):
    """Something a person at the keyboard can put right; the message is one line and says how."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A stack that runs beside others: everything it keeps lies in .local/<name>.

    tls: every listener speaks https, with the certificate in .local/<name>/tls. host: the issuer's, by which others reach this machine.
    """

    name: str
    port: int
    orders_port: int
    app_port: int
    mail_port: int
    emulator_port: int
    tls: bool = False
    host: str = "localhost"

    @property
    def home(self) -> Path:
        return HOME / self.name

    @property
    def issuer(self) -> str:
        return f"{self._scheme}://{self.host}:{self.port}"

    @property
    def orders_url(self) -> str:
        return f"{self._scheme}://localhost:{self.orders_port}"

    @property
    def app_url(self) -> str:
        return f"{self._scheme}://localhost:{self.app_port}"

    @property
    def mail_url(self) -> str:
        return f"{self._scheme}://localhost:{self.mail_port}"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def certificate_file(self) -> Path:
        return self.home / "tls" / "certificate.pem"

    @property
    def outputs_file(self) -> Path:
        return self.home / "stack.json"

    @property
    def _scheme(self) -> str:
        return "https" if self.tls else "http"


def named(name: str, port: int | None = None, *, tls: bool | None = None, host: str | None = None, **ports: int | None) -> Instance:
    """The instance of that name. What is not said is as it was when last started, else the usual ports, http and localhost.

    One port moves all of them: with 18080 the others are 18081, 18082, 18025 and 14566, unless given in `ports`.

    Raises:
        LocalError: two listeners would share a port, or the host goes without TLS or is none.
    """
    saved = _saved(name)
    chosen = _ports(port, ports) if saved is None or port is not None or any(ports.values()) else _ports_of(saved)
    tls = (saved is not None and saved.tls) if tls is None else tls
    host = (saved.host if saved and tls else "localhost") if host is None else host
    if len(set(chosen.values())) < len(chosen):
        raise LocalError(f"two listeners would share a port: {chosen}; give them different ones")
    if not _HOST.fullmatch(host):
        raise LocalError(f"{host!r} is no host name")
    if host != "localhost" and not tls:
        raise LocalError(f"an issuer on {host} must be https: give TLS=1 too")
    return Instance(name=name, **chosen, tls=tls, host=host)


def _ports(port: int | None, given: Mapping[str, int | None]) -> dict[str, int]:
    shift = (port or _FIRST_PORTS["port"]) - _FIRST_PORTS["port"]
    return {field: given.get(field) or first + shift for field, first in _FIRST_PORTS.items()}


def _ports_of(instance: Instance) -> dict[str, int]:
    return {field: getattr(instance, field) for field in _FIRST_PORTS}


def save(instance: Instance) -> None:
    """Remember ports, TLS and host, so that later commands need only the name."""
    instance.home.mkdir(parents=True, exist_ok=True)
    (instance.home / "instance.json").write_text(json.dumps(asdict(instance)), encoding="utf-8")


def _saved(name: str) -> Instance | None:
    file = HOME / name / "instance.json"
    if not file.exists():
        return None
    fields = json.loads(file.read_text(encoding="utf-8"))
    # One that an older checkout wrote may lack a port.
    return Instance(**fields) if fields.keys() >= {"name", *_FIRST_PORTS} else None


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
