"""What hooks of a deployed stack may call: functions that the operator named to it, and no other; and the command that tries them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.deploy import HOOK_TARGETS
from local.instance import ROOT
from tests.e2e.application import Application
from tests.e2e.deployment import Deployment

OPERATOR = ("create:hooks", "read:hooks", "update:hooks", "delete:hooks", "read:users", "read:users_app_metadata")
NAMED = HOOK_TARGETS.removesuffix("*")


@pytest.fixture(scope="module")
def api(stack: Deployment) -> Iterator[httpx.Client]:
    audience = f"{stack.issuer}/api/v2/"
    registered = stack.register("machine", scopes=list(OPERATOR), audience=audience)
    access = Application(stack, registered, "").token(grant_type="client_credentials").json()["access_token"]
    with httpx.Client(base_url=audience, headers={"authorization": f"Bearer {access}"}, timeout=30) as client:
        yield client


def hook(api: httpx.Client, trigger: str, target: str) -> str:
    """A new hook that runs for nobody."""
    answer = api.post("hooks", json={"name": f"tried {target.rpartition(':')[2]}", "trigger": trigger, "target": target, "enabled": False})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def tried(api: httpx.Client, hook_id: str, user_id: str) -> dict[str, Any]:
    trace: dict[str, Any] = api.post(f"hooks/{hook_id}/test", json={"user_id": user_id}).raise_for_status().json()
    return trace


def test_a_function_that_was_named_is_called(stack: Deployment, api: httpx.Client) -> None:
    user_id = stack.person("named@example.com").user_id

    trace = tried(api, hook(api, "post_login", f"{NAMED}display-name"), user_id)

    assert (trace["outcome"], trace["accepted"]) == ("ok", {"user_metadata": {"displayName": "user"}})


def test_aws_itself_refuses_every_other_function_whether_there_is_one_or_not(stack: Deployment, api: httpx.Client) -> None:
    user_id = stack.person("unnamed@example.com").user_id
    foreign = NAMED.replace("gatehouse-hook-", "")

    for name in (stack.functions["CleanupFunction"], "there-is-none"):
        trace = tried(api, hook(api, "post_login", f"{foreign}{name}"), user_id)
        assert (trace["outcome"], trace["reason"]) == ("failed", "AccessDeniedException")
    missing = tried(api, hook(api, "post_login", f"{NAMED}nothing"), user_id)
    assert (missing["outcome"], missing["reason"]) == ("failed", "ResourceNotFoundException")


@pytest.mark.parametrize(
    ("event", "which", "code", "words"),
    [
        ("pre_token", ["--function", f"{NAMED}access-token-claims"], 0, 'claim      id_token  plan = "gold"'),
        ("post_login", ["--function", "display_name"], 0, 'accepted   user_metadata = {"displayName": "user"}'),
        ("post_login", ["--function", f"{NAMED}nothing"], 1, "failed after"),
    ],
)
def test_the_command_replays_an_event_against_the_stack(stack: Deployment, event: str, which: list[str], code: int, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.hook", event, *which, "--instance", stack.instance.name],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/core/python'}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stderr
    assert words in done.stdout
