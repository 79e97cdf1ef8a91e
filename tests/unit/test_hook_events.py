"""The recorded events in events/hooks: each is what its trigger sends now, and can be replayed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatehouse import client_registration, clients
from gatehouse.hooks import POST_LOGIN, PRE_SIGN_UP, PRE_TOKEN, USER_MIGRATION, Hook, pre_sign_up, pre_token, trials, user_migration
from gatehouse.hooks.pre_token import Subject
from gatehouse.users import User
from local import hook as command
from tests.unit.conftest import ROOT
from tests.unit.hooks import answering, deployed, hooked, passes, refusing, responding, throttled

FOLDER = ROOT / "events" / "hooks"
FILES = sorted(FOLDER.glob("*.json"))
ADA = User(
    user_id="auth0|7mTQxG2bLr9Kd4Zp",
    email="ada@example.com",
    email_verified=True,
    epoch=0,
    created_at=1790000000,
    logins_count=3,
    profile={"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "locale": "en"},
    user_metadata={"theme": "dark"},
    app_metadata={"plan": "gold", "plays": 120},
)


def hook_of(trigger: str, event: str = "") -> Hook:
    return Hook("hook_3fRk9ZpQ7mTQxG2b", "sample", trigger, "arn:aws:lambda:us-east-1:123456789012:function:sample", event=event or "1")


def made() -> dict[str, dict[str, Any]]:
    """By name of the file, what the triggers send."""
    client_registration.register("demospa", type="spa", name="Demo", redirect_uris=["http://localhost:8082/"])
    client = clients.get("demospa")
    assert client
    machine = trials.stand_in("demomachine")
    about = trials.Setting(client, scope="openid profile", role_names=["editor"])
    typed = user_migration.Typed("email", "ada@example.com", "ada@example.com")
    events = {
        "pre_sign_up": trials.of_user(hook_of(PRE_SIGN_UP), ADA, about),
        "pre_sign_up_by_operator": pre_sign_up.trial(hook_of(PRE_SIGN_UP), ADA, pre_sign_up.BY_OPERATOR, "x"),
        "user_migration": user_migration.trial(hook_of(USER_MIGRATION), typed, "correct horse", "x", client_id="demospa"),
        "user_migration_forgot_password": trials.of_user(hook_of(USER_MIGRATION), ADA, about),
        "post_login": trials.of_user(hook_of(POST_LOGIN, "post_authentication"), ADA, about),
        "pre_authentication": trials.of_user(hook_of(POST_LOGIN, "pre_authentication"), ADA, about),
        "pre_token": trials.of_user(hook_of(PRE_TOKEN, "2"), ADA, about),
        "pre_token_v1": trials.of_user(hook_of(PRE_TOKEN, "1"), ADA, about),
        "pre_token_machine": pre_token.trial(
            hook_of(PRE_TOKEN, "3"), Subject(machine, scope="read:orders"), "TokenGeneration_ClientCredentials", "x"
        ),
    }
    return {name: event for name, (event, _) in events.items()}


def shape(value: Any) -> Any:
    """Names and types, without the values."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(element) for element in value]
    return type(value).__name__


def test_each_recorded_event_is_of_the_shape_that_its_trigger_sends() -> None:
    recorded = {file.stem: json.loads(file.read_text()) for file in FILES}
    expected = made()

    assert {name: shape(event) for name, event in recorded.items()} == {name: shape(event) for name, event in expected.items()}
    for member in ("version", "triggerSource"):
        assert {name: event[member] for name, event in recorded.items()} == {name: event[member] for name, event in expected.items()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_can_be_replayed_against_a_function(file: Path, lambdas: None, capsys: Any) -> None:
    function = deployed(passes)

    assert command.main([str(file), "--function", function.arn]) == 0

    shown = capsys.readouterr().out
    assert len(function.calls) == 1
    assert f"event      {function.calls[0]['triggerSource']} (events/hooks/{file.name})" in shown
    assert "outcome    ok after " in shown


def test_a_replay_tells_what_would_be_taken_what_would_not_and_why(lambdas: None, capsys: Any) -> None:
    access = {"claimsToAddOrOverride": {"plan": "gold", "sub": "x"}, "scopesToAdd": ["admin"]}
    hook = hooked(PRE_TOKEN, responding({"claimsAndScopeOverrideDetails": {"accessTokenGeneration": access}}))
    client_registration.register("demospa", type="spa", name="Demo", redirect_uris=["http://localhost:8082/"])

    assert command.main(["pre_token", "--hook", hook.id]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert f"hook       {hook.hook.name}: {hook.function.arn}" in lines
    assert 'claim      access_token  plan = "gold"  (14 bytes)' in lines
    assert "left out   sub: reserved" in lines
    assert "left out   scope admin: the client may not have it" in lines


@pytest.mark.parametrize(
    ("handler", "code", "words"), [(refusing("no"), 0, "vetoed"), (throttled, 1, "failed"), (answering([]), 1, "failed")]
)
def test_only_a_failure_is_one_of_the_command(lambdas: None, capsys: Any, handler: Any, code: int, words: str) -> None:
    assert command.main(["post_login", "--hook", hooked(POST_LOGIN, handler).id]) == code
    assert f"outcome    {words} after" in capsys.readouterr().out


def test_what_a_person_can_put_right_is_one_line(lambdas: None, capsys: Any, tmp_path: Path) -> None:
    broken, other = tmp_path / "broken.json", tmp_path / "other.json"
    broken.write_text("{")
    other.write_text('{"triggerSource": "CustomMessage_SignUp"}')
    hook = hooked(POST_LOGIN, passes).id
    tries = {
        "there is no event": ["nothing", "--hook", hook],
        "is no JSON": [str(broken), "--hook", hook],
        "triggerSource must begin with": [str(other), "--hook", hook],
        "the event is none of post_login": ["pre_token", "--hook", hook],
        "there is no hook": ["post_login", "--hook", "hook_x"],
        "there is no function": ["post_login", "--function", "nothing"],
    }

    for words, arguments in tries.items():
        assert command.main(arguments) == 1
        told = capsys.readouterr().err
        assert told.startswith("error: ")
        assert words in told
        assert told.count("\n") == 1


def code(folder: Path, text: str) -> str:
    (folder / "app.py").write_text(text)
    return str(folder)


def replayed_alone(name: str, function: str) -> subprocess.CompletedProcess[str]:
    """Without a stack, and without anything of this process's environment that names one."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/core/python'}", "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-m", "local.hook", name, "--function", function, "--instance", "there-is-none"]
    return subprocess.run(run, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_code_of_a_function_runs_without_a_stack(tmp_path: Path) -> None:
    function = code(
        tmp_path,
        "def lambda_handler(event, context):\n"
        "    claims = {'claimsToAddOrOverride': {'plan': event['request']['user']['app_metadata']['plan']}, 'scopesToAdd': ['admin']}\n"
        "    event['response'] = {'claimsAndScopeOverrideDetails': {'idTokenGeneration': claims, 'accessTokenGeneration': claims}}\n"
        "    return event\n",
    )

    done = replayed_alone("pre_token", function)

    assert (done.returncode, done.stderr) == (0, "")
    assert 'claim      id_token  plan = "gold"  (14 bytes)' in done.stdout
    assert 'accepted   scopes_added = ["admin"]' in done.stdout


def test_an_exception_of_the_code_is_a_refusal_and_shown_with_its_stack(tmp_path: Path) -> None:
    done = replayed_alone("post_login", code(tmp_path, "def handler(event, context):\n    raise ValueError('not you')\n"))

    assert done.returncode == 0
    assert "outcome    vetoed after " in done.stdout
    assert " ms: not you\n" in done.stdout
    assert "line 2, in handler" in done.stderr


def test_what_takes_the_settings_of_a_stack_is_said_to_be_unjudged(tmp_path: Path) -> None:
    text = "def handler(event, context):\n    event['response']['userMetadata'] = {'x': 1}\n    return event\n"

    done = replayed_alone("post_login", code(tmp_path, text))

    assert done.returncode == 0
    assert "none runs" in done.stdout
    assert 'answer     {"userMetadata": {"x": 1}}' in done.stdout
