"""Schedules on a deployed stack: Scheduler wakes the runner, which has the example's function change the data of people by its token."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from gatehouse import custom_data
from local import emulator
from local.instance import ROOT
from tests.e2e.application import Application
from tests.e2e.deployment import Deployment
from tests.unit.user_data import switch_off, switch_on

STACK = "gatehouse-schedules"
OWN = ("create:schedules", "read:schedules", "update:schedules", "delete:schedules")
NEEDED = ("read:users", "delete:custom_data")
# Scheduler's shortest period, and as long again for a machine that is busy.
PATIENCE_SECONDS = 130


@pytest.fixture(scope="module")
def function(stack: Deployment) -> str:
    """The ARN of the example's function, deployed as its users deploy it."""
    command = [str(emulator.BIN / "sam"), "deploy", "--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command += ["--stack-name", STACK, "--template-file", str(ROOT / "examples" / "schedules" / "template.yaml")]
    ended = subprocess.run(
        command, env={**os.environ, **stack.environment, "SAM_CLI_TELEMETRY": "0"}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with stack.administered():
        (described,) = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}["TrimCustomDataArn"]


@pytest.fixture(scope="module")
def api(stack: Deployment) -> Iterator[httpx.Client]:
    """The Management API, for an operator who may schedule what they may do."""
    audience = f"{stack.issuer}/api/v2/"
    registered = stack.register("machine", scopes=[*OWN, *NEEDED], audience=audience)
    access = Application(stack, registered, "").token(grant_type="client_credentials").json()["access_token"]
    with httpx.Client(base_url=audience, headers={"authorization": f"Bearer {access}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def away(stack: Deployment) -> Iterator[str]:
    """Somebody with business data, who was here a year ago for the last time."""
    person = stack.person("away@example.com")
    with stack.administered():
        switch_on()
        custom_data.insert({"user_id": person.user_id, "company": "Example"})
        _aged(person.user_id)
    assert has_data(stack, person.user_id)
    yield person.user_id
    with stack.administered():
        switch_off()


@pytest.fixture(scope="module", autouse=True)
def every_minute(stack: Deployment, api: httpx.Client, function: str, away: str) -> str:
    """The id of a schedule of every minute. It is made before all tests and waited for by the last, so that they take no longer than it."""
    return made(api, stack, function, name="every minute", expression="cron(* * * * ? *)")


def _aged(user_id: str) -> None:
    year_ago = str(int(time.time()) - 366 * 86400)
    boto3.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"pk": {"S": f"USER#{user_id}"}, "sk": {"S": "USER"}},
        UpdateExpression="SET created_at = :at",
        ExpressionAttributeValues={":at": {"N": year_ago}},
    )


def has_data(stack: Deployment, user_id: str) -> bool:
    with stack.administered():
        try:
            custom_data.get(user_id)
        except custom_data.Unknown:
            return False
    return True


def ran(api: httpx.Client, schedule_id: str) -> dict[str, Any]:
    """A run of the schedule, once one has ended."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        runs: list[dict[str, Any]] = api.get(f"schedules/{schedule_id}/runs").raise_for_status().json()
        for run in runs:
            if run["status"] in ("ok", "failed"):
                return run
        time.sleep(1)
    raise AssertionError("nothing ran")


def made(api: httpx.Client, stack: Deployment, function: str, **fields: Any) -> str:
    cleaner = stack.register("machine", scopes=list(NEEDED), audience=f"{stack.issuer}/api/v2/")
    body = {"function": function, "client_id": cleaner.client_id, "scopes": NEEDED, "payload": {"days": 365}, "timeout_seconds": 30}
    answer = api.post("schedules", content=json.dumps(body | fields), headers={"content-type": "application/json"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_schedule_can_be_tried_before_it_is_switched_on(stack: Deployment, api: httpx.Client, function: str) -> None:
    # Nobody is away for so long: whose data is deleted is the matter of the schedule of every minute.
    schedule_id = made(api, stack, function, name="not yet", expression="cron(0 3 * * ? *)", enabled=False, payload={"days": 36500})

    started = api.post(f"schedules/{schedule_id}/run")
    assert started.status_code == 202, started.text
    run = ran(api, schedule_id)
    assert (run["run_id"], run["status"]) == (started.json()["run_id"], "ok"), run


def test_a_function_that_the_stack_may_not_call_fails_its_run_at_once(stack: Deployment, api: httpx.Client) -> None:
    elsewhere = stack.functions["CleanupFunction"]
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{elsewhere}"
    schedule_id = made(api, stack, arn, name="not ours", expression="rate(1 day)", scopes=[], client_id="")

    assert api.post(f"schedules/{schedule_id}/run").status_code == 202
    run = ran(api, schedule_id)
    assert (run["status"], run["attempts"], run["reason"]) == ("failed", 1, "AccessDeniedException")


def test_a_schedule_of_every_minute_deletes_the_data_of_whoever_stayed_away(
    stack: Deployment, api: httpx.Client, away: str, every_minute: str
) -> None:
    run = ran(api, every_minute)

    assert (run["status"], run["attempts"]) == ("ok", 1), run
    assert not has_data(stack, away)
    assert api.delete(f"schedules/{every_minute}").status_code == 204
    with stack.administered():
        assert [entry["Name"] for entry in boto3.client("scheduler").list_schedules()["Schedules"] if entry["Name"] == every_minute] == []
