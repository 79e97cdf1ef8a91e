"""Command line of the local stack: python -m local up|down|reset|status|mail|invoke|exec."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from local import aws, outbox, stack
from local.instance import ROOT, STACK_NAME, Instance, LocalError, named


def main() -> int:
    """Run one command. Answers the exit code; what a person can put right is one line on stderr."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments) or 0)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _up(arguments: argparse.Namespace) -> None:
    instance = named(
        arguments.instance,
        arguments.port,
        tls=arguments.tls,
        host=arguments.host,
        orders_port=arguments.orders_port,
        app_port=arguments.app_port,
        mail_port=arguments.mail_port,
        emulator_port=arguments.emulator_port,
    )
    overrides = dict(entry.split("=", 1) for entry in arguments.parameter)
    stack.up(instance, overrides, fresh=arguments.fresh)


def _down(arguments: argparse.Namespace) -> None:
    print("stopped" if stack.down(named(arguments.instance)) else "nothing was running")


def _reset(arguments: argparse.Namespace) -> None:
    stack.reset(named(arguments.instance))
    print("all state is gone")


def _status(arguments: argparse.Namespace) -> int:
    instance = named(arguments.instance)
    processes = stack.running(instance)
    for label, pid in processes.items():
        print(f"{label:<10}{f'pid {pid}' if pid else 'not running'}")
    return 0 if all(processes.values()) else 1


def _mail(arguments: argparse.Namespace) -> None:
    mails = outbox.messages(_running(arguments.instance))[: arguments.count]
    print("\n".join(outbox.as_text(mail) for mail in reversed(mails)) or "no mail yet")


def _invoke(arguments: argparse.Namespace) -> int:
    """Invoke one function with an event file and print what it answers."""
    instance = _running(arguments.instance)
    file = Path(arguments.event)
    if not file.suffix:
        file = ROOT / "events" / f"{arguments.event}.json"
    if not file.exists():
        raise LocalError(f"there is no event {file}; `ls events` shows those that are")
    logical_id = "".join(word.capitalize() for word in arguments.function.split("_")) + "Function"
    resources = aws.cloudformation(instance).describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    functions = {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in resources}
    if logical_id not in functions:
        raise LocalError(f"there is no function {arguments.function}; `ls functions` shows those that are")
    response = aws.lambda_(instance).invoke(FunctionName=functions[logical_id], Payload=file.read_bytes())
    result = json.loads(response["Payload"].read())
    print(json.dumps(result, indent=2))
    return 1 if "FunctionError" in response else 0


def _exec(arguments: argparse.Namespace) -> int:
    """Run a command with the stack's variables set."""
    environment = stack.tool_environment(_running(arguments.instance))
    return subprocess.run(arguments.command, env=environment, cwd=ROOT, check=False).returncode


def _running(name: str) -> Instance:
    instance = named(name)
    if not all(stack.running(instance).values()):
        raise LocalError(f"the stack {name!r} does not run; `make run` starts it")
    return instance


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        added.add_argument("--instance", default="local", help="which stack, when several run side by side")
        return added

    up = command("up", _up, "start the stack and deploy what changed")
    up.add_argument("--port", type=int, help="port of the issuer; the other ports move along")
    up.add_argument("--orders-port", type=int)
    up.add_argument("--app-port", type=int)
    up.add_argument("--mail-port", type=int)
    up.add_argument("--emulator-port", type=int)
    up.add_argument("--tls", action=argparse.BooleanOptionalAction, help="https with a self-signed certificate; stays until taken back")
    up.add_argument("--host", help="name by which others reach this machine, for the issuer; with TLS only")
    up.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the template; repeatable")
    up.add_argument("--fresh", action="store_true", help="forget all state first")
    command("down", _down, "end the stack; its state stays")
    command("reset", _reset, "end the stack and forget its state")
    command("status", _status, "show what runs")
    command("mail", _mail, "print the newest mails").add_argument("--count", type=int, default=5)
    invoke = command("invoke", _invoke, "invoke one function with an event file")
    invoke.add_argument("function", help="folder name under functions/")
    invoke.add_argument("event", help="name under events/, or a path")
    command("exec", _exec, "run a command with the stack's variables").add_argument("command", nargs="+")
    return parser


if __name__ == "__main__":
    sys.exit(main())
