"""A whole local stack: up, down, and back to nothing."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from botocore.exceptions import ClientError

from local import aws, certificate, deploy, emulator
from local.background import Background, require_free
from local.instance import MAIL_FROM, ROOT, Instance, LocalError, named, save


def up(instance: Instance, overrides: Mapping[str, str], *, fresh: bool = False) -> None:
    """Start what does not run and deploy what changed; prints a line per step and what to do next.

    Raises:
        LocalError: a port is taken, a tool is missing, a step failed.
    """
    if fresh:
        reset(instance)
    elif named(instance.name) != instance:
        down(named(instance.name))
    if not (emulator.BIN / "sam").exists():
        raise LocalError("the emulator is not installed; `make setup` installs it")
    gateway = _gateway(instance)
    if gateway.pid() is None:
        require_free(instance.port, "PORT=<number>")
        require_free(instance.orders_port, "ORDERS_PORT=<number>")
        require_free(instance.app_port, "APP_PORT=<number>")
        require_free(instance.mail_port, "MAIL_PORT=<number>")
    save(instance)
    new_certificate = instance.tls and certificate.ensure(instance.certificate_file, instance.host)
    with _step("emulator"):
        emulator.start(instance)
    changed = _bring_up_to_date(instance, deploy.parameters(instance, overrides))
    if not deploy.hooks_are_current(instance):
        with _step("sam, hooks example"):
            deploy.deploy_hooks(instance)
    with _step("gateway"):
        _start_gateway(instance, gateway, restart=changed or new_certificate)
    if changed:
        with _step("seed"):
            _seed(instance)
    _mark(instance, overrides)
    print(_next_steps(instance), flush=True)


def down(instance: Instance) -> bool:
    """End the stack's processes; its state stays for the next start. Answers whether any ran."""
    ended = _gateway(instance).stop()
    return emulator.stop(instance) or ended


def reset(instance: Instance) -> None:
    """End the stack and forget all it holds."""
    down(instance)
    shutil.rmtree(instance.home, ignore_errors=True)


def running(instance: Instance) -> dict[str, int | None]:
    """Pids by process, None for what does not run."""
    return {process.label: process.pid() for process in (_gateway(instance), emulator.process(instance))}


def tool_environment(instance: Instance) -> dict[str, str]:
    """Environment of a tool that works on the stack: its variables, and the package gatehouse importable.

    Raises:
        LocalError: nothing was deployed yet.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "core" / "python")])
    return inherited | deploy.stack_environment(instance) | {"PYTHONPATH": path}


def _bring_up_to_date(instance: Instance, values: Mapping[str, str]) -> bool:
    """Build and deploy unless both stacks stand as the sources say. Answers whether anything was deployed."""
    if deploy.is_current(instance, deploy.fingerprint(instance, values)):
        return False
    with _step("sam build"):
        deploy.build(instance)
    with _step("sam deploy"):
        outputs = deploy.deploy(instance, values)
    with _step("sam deploy, orders example"):
        deploy.deploy_orders(instance, outputs)
    return True


def _mark(instance: Instance, overrides: Mapping[str, str]) -> None:
    # Last, so that whatever failed before is done again by the next start.
    deploy.mark_current(instance, deploy.fingerprint(instance, deploy.parameters(instance, overrides)))


def _gateway(instance: Instance) -> Background:
    return Background("gateway", instance.home, f"local.gateway --instance {instance.name}")


def _start_gateway(instance: Instance, gateway: Background, *, restart: bool) -> None:
    if gateway.pid() is not None and not restart:
        return
    gateway.stop()
    gateway.log_file.unlink(missing_ok=True)
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    gateway.start([sys.executable, "-m", "local.gateway", "--instance", instance.name], environment)
    ports = (instance.port, instance.orders_port, instance.app_port, instance.mail_port)
    gateway.wait_until(lambda: all(_listening(port) for port in ports), seconds=30)


def _listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _seed(instance: Instance) -> None:
    """Verify the sender as SES wants it, then run the project's own seed; it prints what a person can try."""
    try:
        aws.sesv2(instance).create_email_identity(EmailIdentity=MAIL_FROM)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
    if not (ROOT / "local" / "seed.py").exists():
        return
    log = instance.home / "seed.log"
    with log.open("wb") as errors:
        seeded = subprocess.run(
            [sys.executable, "-m", "local.seed", "--instance", instance.name],
            env=tool_environment(instance), cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, check=False,
        )  # fmt: skip
    if seeded.returncode:
        raise LocalError(f"seeding failed (log: {log})")
    (instance.home / "next-steps.txt").write_bytes(seeded.stdout)


def _next_steps(instance: Instance) -> str:
    seeded = instance.home / "next-steps.txt"
    lines = [
        "",
        f"  issuer  {instance.issuer}",
        f"  orders  {instance.orders_url}/orders",
        f"  mail    {instance.mail_url}",
        f"  stack   {instance.home / 'stack.env'}",
        *([f"  trust   {instance.certificate_file}   (curl --cacert; TLS=0 goes back to http)"] if instance.tls else []),
    ]
    return "\n".join(lines) + ("\n\n" + seeded.read_text(encoding="utf-8").rstrip() if seeded.exists() else "")


@contextlib.contextmanager
def _step(label: str) -> Iterator[None]:
    started = time.monotonic()
    print(f"  {label:<28}", end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started:5.1f} s", flush=True)
