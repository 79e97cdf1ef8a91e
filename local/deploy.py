"""The real `sam build` and `sam deploy` onto the emulator, skipped when nothing changed, and the stack's outputs."""

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from local import aws, emulator, layers, policies
from local.instance import (
    HOOKS_STACK_NAME,
    MAIL_FROM,
    ORDERS_STACK_NAME,
    REGION,
    ROOT,
    STACK_NAME,
    Instance,
    LocalError,
    client_environment,
)

ORDERS_TEMPLATE = ROOT / "examples" / "orders_api" / "template.yaml"
HOOKS_TEMPLATE = ROOT / "examples" / "hooks" / "template.yaml"
# Functions of the operator that hooks, webhooks and schedules may call here; the emulator's account is always this one.
HOOK_TARGETS = f"arn:aws:lambda:{REGION}:000000000000:function:gatehouse-hook-*"
_SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers", "examples/orders_api", "local/seed.py")
_SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class _Declarations(yaml.SafeLoader):
    """Reads a template without its intrinsic functions, which parameters never hold."""


_Declarations.add_multi_constructor("!", lambda *_: None)


def parameters(instance: Instance, overrides: Mapping[str, str]) -> dict[str, str]:
    """Every template parameter of a local stack; overrides come from the command line."""
    declared = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Declarations)["Parameters"]  # noqa: S506
    # Defaults are passed too: for one that is not passed, CloudFormation keeps the value of the last deployment.
    defaults = {name: str(parameter["Default"]) for name, parameter in declared.items() if "Default" in parameter}
    local = {"Issuer": instance.issuer, "MailFrom": MAIL_FROM, "Architecture": _architecture(), "HookTargets": HOOK_TARGETS}
    return defaults | local | dict(overrides)


def fingerprint(instance: Instance, values: Mapping[str, str]) -> str:
    """A digest of everything that a deployment depends on: sources, parameters, addresses, the functions' Python."""
    return _digest([sorted(values.items()), instance.orders_url, instance.app_url], _SOURCES)


def _digest(settings: Sequence[object], sources: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps([*settings, _python_version(), emulator.BIN.as_posix()]).encode())
    for file in _files(ROOT / entry for entry in sources):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def is_current(instance: Instance, digest: str) -> bool:
    """Whether both stacks stand in the emulator as this digest describes them."""
    marker = instance.home / "deployed"
    if not marker.exists() or marker.read_text(encoding="ascii") != digest:
        return False
    return all(_status(instance, stack) in _SETTLED for stack in (STACK_NAME, ORDERS_STACK_NAME))


def mark_current(instance: Instance, digest: str) -> None:
    (instance.home / "deployed").write_text(digest, encoding="ascii")


def build(instance: Instance) -> None:
    """Build the layers for the emulator's Python and this machine's processor, after listing anew what lies in which.

    Raises:
        LocalError: sam build failed; names the log.
    """
    layers.write()
    _sam_build(instance, ROOT / "template.yaml", _build_dir(instance))
    built = _build_dir(instance) / "template.yaml"
    template = yaml.safe_load(built.read_text(encoding="utf-8"))
    policies.adapt(template)
    built.write_text(yaml.safe_dump(template, sort_keys=False), encoding="utf-8")


def deploy(instance: Instance, values: Mapping[str, str]) -> dict[str, str]:
    """Deploy Gatehouse and record its outputs in stack.json and stack.env. Answers the outputs.

    Raises:
        LocalError: sam deploy failed; names the log.
    """
    _deploy_stack(instance, STACK_NAME, _build_dir(instance) / "template.yaml", values)
    outputs = stack_outputs(instance, STACK_NAME)
    record_outputs(instance, outputs)
    return outputs


def deploy_orders(instance: Instance, outputs: Mapping[str, str]) -> None:
    """Deploy the example API that the shipped authorizer protects.

    Raises:
        LocalError: sam deploy failed; names the log.
    """
    addresses = {"Audience": instance.orders_url, "AllowedOrigin": instance.app_url}
    values = {"AuthorizerArn": outputs["AuthorizerArn"]} | addresses
    _deploy_stack(instance, ORDERS_STACK_NAME, ORDERS_TEMPLATE, values)


def hooks_are_current(instance: Instance) -> bool:
    """Whether the example functions that hooks can call stand in the emulator as their sources say."""
    marker = _hooks_marker(instance)
    if not marker.exists() or marker.read_text(encoding="ascii") != _hooks_fingerprint():
        return False
    return _status(instance, HOOKS_STACK_NAME) in _SETTLED


def deploy_hooks(instance: Instance) -> None:
    """Build and deploy the example functions that hooks can call.

    Raises:
        LocalError: sam build or sam deploy failed; names the log.
    """
    folder = instance.home / "build-hooks"
    _sam_build(instance, HOOKS_TEMPLATE, folder)
    _deploy_stack(instance, HOOKS_STACK_NAME, folder / "template.yaml", {"Architecture": _architecture()})
    _hooks_marker(instance).write_text(_hooks_fingerprint(), encoding="ascii")


def _hooks_fingerprint() -> str:
    return _digest([_architecture()], ["examples/hooks"])


def _hooks_marker(instance: Instance) -> Path:
    return instance.home / "deployed-hooks"


def stack_outputs(instance: Instance, stack: str) -> dict[str, str]:
    """The outputs of a deployed stack."""
    description = aws.cloudformation(instance).describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def record_outputs(instance: Instance, outputs: Mapping[str, str]) -> None:
    """Write the outputs as JSON, and as variables that tools and tests read like the functions do."""
    instance.outputs_file.write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    lines = [f"{name}={value}" for name, value in sorted(stack_environment(instance).items())]
    (instance.home / "stack.env").write_text("\n".join(lines) + "\n", encoding="utf-8")


def stack_environment(instance: Instance) -> dict[str, str]:
    """Variables that point a tool at the running stack: those of the functions, and where the emulator is.

    Raises:
        LocalError: nothing was deployed yet.
    """
    if not instance.outputs_file.exists():
        raise LocalError(f"no stack named {instance.name!r} is deployed; `make run` starts one")
    outputs = json.loads(instance.outputs_file.read_text(encoding="utf-8"))
    aws_variables = {k: v for k, v in client_environment(instance).items() if k.startswith("AWS_")}
    trust = {"TLS_CERTIFICATE": str(instance.certificate_file)} if instance.tls else {}
    return (
        aws_variables
        | trust
        | {
            "ISSUER": instance.issuer,
            "TABLE_NAME": outputs["TableName"],
            "AUDIT_TABLE_NAME": outputs["AuditTableName"],
            "KEY_ARN": outputs["KeyArn"],
            "WEBHOOK_QUEUE_URL": outputs.get("WebhookQueueUrl", ""),
            "AUTHORIZER_ARN": outputs["AuthorizerArn"],
            "MAIL_FROM": MAIL_FROM,
            "ORDERS_URL": instance.orders_url,
            "APP_URL": instance.app_url,
            "MAIL_URL": instance.mail_url,
            "GATEHOUSE_INSTANCE": instance.name,
        }
    )


def _sam_build(instance: Instance, template: Path, folder: Path) -> None:
    cache = instance.home / f"sam-cache-{_python_version()}"
    named = ["--template-file", str(template), "--build-dir", str(folder), "--cache-dir", str(cache)]
    _sam(instance, "build", ["build", "--cached", "--parallel", *named])


def _deploy_stack(instance: Instance, stack: str, template: Path, values: Mapping[str, str]) -> None:
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local", "--template-file", str(template)]
    overrides = [f'{name}="{value}"' for name, value in values.items()]
    _sam(instance, "deploy", ["deploy", *config, "--stack-name", stack, "--parameter-overrides", *overrides])


def _sam(instance: Instance, label: str, arguments: Sequence[str]) -> None:
    log = instance.home / f"sam-{label}.log"
    environment = client_environment(instance) | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.3",
        "PYVER": _python_version(),
        "ARCHITECTURE": _architecture(),
        "BUILD_PYTHON": str(emulator.BIN / "python"),
        "UV": _uv(),
    }
    with log.open("wb") as output:
        ended = subprocess.run(
            [str(emulator.BIN / "sam"), *arguments],
            env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
        )  # fmt: skip
    if ended.returncode:
        raise LocalError(f"sam {label} failed: {_reason(log)} (log: {log})")


def _reason(log: Path) -> str:
    """The line of a sam log that tells most: the first that names an error, else the last."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("Error", "*** Error")) or "_FAILED" in line or "error:" in line]
    return (telling or lines or ["no output"])[0][:300]


def _status(instance: Instance, stack: str) -> str:
    try:
        return aws.cloudformation(instance).describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except (ClientError, BotoCoreError):
        return "ABSENT"


def _build_dir(instance: Instance) -> Path:
    return instance.home / "build"


def _uv() -> str:
    """The uv of this checkout, else the one on PATH."""
    own = ROOT / ".local" / "uv" / "bin" / "uv"
    return str(own) if own.exists() else shutil.which("uv") or "uv"


def _python_version() -> str:
    """Version of the Python that MiniStack runs on, which is the one that runs every function here."""
    shown = subprocess.run(
        [str(emulator.BIN / "python"), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return shown.stdout.strip()


def _architecture() -> str:
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def _files(roots: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for root in roots:
        found += [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]
    return sorted(path for path in found if "__pycache__" not in path.parts and path.suffix != ".pyc")
