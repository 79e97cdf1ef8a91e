"""Replay a recorded event against a hook, or against the code of a function, and print what came of it.

A hook, or a function by its ARN, is called as the running stack calls it. The code of a function runs in this process, with or without a
stack. Nothing is written either way but by the function itself. Exits with 1 if the hook failed; that it refused is no failure.
"""

import argparse
import json
import os
import runpy
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from gatehouse import claim_mapping, claim_rules, clients, hooks
from gatehouse.errors import Unavailable
from gatehouse.grants import hooked
from gatehouse.hooks import Hook, calls, trials
from gatehouse.hooks.calls import Accepted, Attempt
from local import stack
from local.instance import ROOT, LocalError, named

_FOLDERS: Final = (ROOT / "functions", ROOT / "examples" / "hooks")
_HANDLERS: Final = ("handler", "lambda_handler")
# Of a process that must not reach anything: what settings need in order to be read.
_ALONE: Final = {
    "ISSUER": "http://localhost:8080",
    "TABLE_NAME": "none",
    "KEY_ARN": "none",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_LONGEST_VALUE: Final = 2000


class _Whatever(frozenset[str]):
    """Every scope: without a stack nobody knows which ones a client has."""

    def __contains__(self, scope: object) -> bool:
        return True


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Answers the exit code; what a person can put right is one line on stderr."""
    try:
        return _replay(_parser().parse_args(arguments))
    except (LocalError, trials.Unusable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _replay(arguments: argparse.Namespace) -> int:
    file = _file(arguments.event)
    recorded = _recorded(file)
    with_stack = _turn_to_stack(arguments.instance)
    hook = _hook(arguments, recorded, with_stack=with_stack)
    event, accept = trials.of_event(hook, recorded, _setting(recorded, with_stack=with_stack))
    if hook.target:
        tried = calls.attempt(hook, event, accept, idempotency_id=trials.id_of(event), deadline=calls.Deadline())
    else:
        tried = in_process(handler_of(arguments.function), event, accept)
    print(f"event      {recorded['triggerSource']} ({file.relative_to(ROOT) if file.is_relative_to(ROOT) else file})")
    print(f"hook       {hook.name}: {hook.target or arguments.function}")
    print("\n".join(trace(tried)))
    return 1 if tried.outcome == "failed" else 0


def _file(name: str) -> Path:
    file = Path(name) if Path(name).suffix else ROOT / "events" / "hooks" / f"{name}.json"
    if not file.exists():
        raise LocalError(f"there is no event {file}; `ls events/hooks` shows those that are")
    return file.resolve()


def _recorded(file: Path) -> dict[str, Any]:
    try:
        recorded = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise LocalError(f"{file} is no JSON") from None
    if not isinstance(recorded, dict):
        raise LocalError(f"{file} is no event")
    return recorded


def _turn_to_stack(name: str) -> bool:
    """Make this process one that works on the stack, or on nothing if that does not run. Answers which. Variables that are set stay."""
    if "TABLE_NAME" in os.environ:
        return True
    instance = named(name)
    runs = all(stack.running(instance).values())
    os.environ.update(stack.tool_environment(instance) if runs else _ALONE)
    return runs


def _hook(arguments: argparse.Namespace, recorded: Mapping[str, Any], *, with_stack: bool) -> Hook:
    """A hook of the stack, or one made up for a function; of one whose code runs here the target is empty."""
    in_stack = arguments.hook or arguments.function.startswith("arn:")
    if in_stack and not with_stack:
        raise LocalError("the stack does not run; `make run` starts it")
    if arguments.hook:
        hook = hooks.get(arguments.hook)
        if hook is None:
            raise LocalError(f"there is no hook {arguments.hook}")
        return hook
    trigger, version = trials.trigger_of(recorded), str(recorded.get("version", ""))
    event = version if version in hooks.EVENTS[trigger] else hooks.EVENTS[trigger][0]
    target = arguments.function if in_stack else ""
    request = recorded.get("request", {})
    kept = {"configuration": request.get("configuration", {}), "secret_arn": request.get("secretArn", "")}
    return Hook("hook_replay", "replay", trigger, target, timeout_seconds=hooks.LONGEST_TIMEOUT_SECONDS, event=event, **kept)


def _setting(recorded: Mapping[str, Any], *, with_stack: bool) -> trials.Setting:
    if not with_stack:
        return trials.Setting(trials.stand_in(""), addable=_Whatever())
    client = clients.get(str(recorded.get("callerContext", {}).get("clientId", "")))
    return trials.Setting(
        client or trials.stand_in(""), addable=hooked.addable(client) if client else _Whatever(), barred=claim_mapping.settings().barred
    )


def handler_of(name: str) -> Callable[[dict[str, Any], Any], Any]:
    """The handler in functions/<name> or examples/hooks/<name>, or in a folder of this path.

    Raises:
        LocalError: there is none, or it cannot be loaded.
    """
    files = [folder / "app.py" for folder in (*(parent / name for parent in _FOLDERS), Path(name))]
    file = next((file for file in files if file.exists()), None)
    if file is None:
        raise LocalError(f"there is no function {name}; `ls functions examples/hooks` shows those that are")
    try:
        module = runpy.run_path(str(file))
    except Exception as error:
        raise LocalError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    found = next((module[name] for name in _HANDLERS if name in module), None)
    if found is None:
        raise LocalError(f"{file} has neither of {', '.join(_HANDLERS)}")
    handler: Callable[[dict[str, Any], Any], Any] = found
    return handler


def in_process(
    handler: Callable[[dict[str, Any], Any], Any], event: Mapping[str, Any], accept: Callable[[Mapping[str, Any]], Accepted[Any]]
) -> Attempt[Any]:
    """What calls.attempt tells of a function, with the function run here. As on Lambda, it gets a copy and its answer is made JSON."""
    started = time.monotonic()

    def told(outcome: str, **more: Any) -> Attempt[Any]:
        return Attempt(outcome, int((time.monotonic() - started) * 1000), **more)

    context = SimpleNamespace(aws_request_id="replay", function_name="replay", get_remaining_time_in_millis=lambda: 15_000)
    try:
        returned = handler(json.loads(json.dumps(event)), context)
    except Exception as raised:  # noqa: BLE001  # by whatever exception, a function says no
        traceback.print_exception(raised)
        return told("vetoed", reason=str(raised))
    try:
        answer = json.loads(json.dumps(returned))
    except TypeError as flaw:
        return told("failed", reason=str(flaw))
    if not isinstance(answer, dict):
        return told("failed", reason="answers with something else than its event")
    try:
        return told("ok", accepted=accept(answer), answer=answer)
    except calls.Vetoed as veto:
        return told("vetoed", reason=veto.reason, answer=answer)
    except calls.Malformed as flaw:
        return told("failed", reason=str(flaw), answer=answer)
    except Unavailable:
        return told("ok", reason="not judged, as that takes the settings of a stack, and none runs", answer=answer)


def trace(tried: Attempt[Any]) -> list[str]:
    """Lines for people."""
    lines = [f"outcome    {tried.outcome} after {tried.ms} ms" + (f": {tried.reason}" if tried.reason else "")]
    if done := tried.accepted:
        accepted = dict(done.value)
        for token, claims in accepted.pop("claims", {}).items():
            lines += [f"claim      {token}  {_claim(name, value)}" for name, value in claims.items()]
        lines += [f"accepted   {name} = {_text(value)}" for name, value in accepted.items()]
        lines += [f"left out   {name}: {_why(name)}" for name in done.left_out]
        lines.append(f"added      {done.bytes_added} bytes")
    if tried.answer:
        lines.append(f"answer     {_text(trials.without_secrets(tried.answer).get('response', {}))}")
    return lines


def _claim(name: str, value: object) -> str:
    return f"{name} = {_text(value)}  ({claim_rules.size(name, value)} bytes)"


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _why(name: str) -> str:
    if name.startswith("scope "):
        return "the client may not have it"
    if name in claim_rules.RESERVED:
        return "reserved"
    return "not taken over, or of a kind that is not kept"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.hook", description=__doc__)
    parser.add_argument("event", help="a file, or a name under events/hooks/")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--hook", default="", help="id of a hook of the stack")
    which.add_argument("--function", default="", help="folder under functions/ or examples/hooks/, path of a folder, or an ARN")
    parser.add_argument("--instance", default="local", help="which stack, when several run side by side")
    return parser


if __name__ == "__main__":
    sys.exit(main())
