"""CloudFormation itself: an update that names one more function succeeds, and one that takes away a function in use changes nothing."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import WaiterError

from gatehouse import hooks
from gatehouse.hooks import Hook
from local.instance import STACK_NAME
from tests.e2e.deployment import Deployment

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

IN_USE = "arn:aws:lambda:us-east-1:000000000000:function:gatehouse-in-use"


def parameters(cloudformation: "CloudFormationClient") -> dict[str, str]:
    (described,) = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in described["Parameters"]}


def update(cloudformation: "CloudFormationClient", **changed: str) -> str:
    """What the stack is in after an update of these parameters only."""
    kept = {name: value for name, value in parameters(cloudformation).items() if name not in changed}
    cloudformation.update_stack(
        StackName=STACK_NAME,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in {**kept, **changed}.items()],
    )
    with suppress(WaiterError):
        cloudformation.get_waiter("stack_update_complete").wait(StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    return cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["StackStatus"]


def test_a_function_in_use_is_not_taken_away_by_an_update_of_the_stack(stack: Deployment) -> None:
    with stack.administered():
        cloudformation = boto3.client("cloudformation")
        before = parameters(cloudformation)["HookTargets"]
        # It stays named afterwards, which is no matter to other tests: an update takes its time.
        assert update(cloudformation, HookTargets=f"{before},{IN_USE}") == "UPDATE_COMPLETE"
        made = hooks.add(Hook(hooks.new_id(), "In use", hooks.POST_LOGIN, IN_USE, clients=("nobody",)))
        try:
            assert update(cloudformation, HookTargets=before) == "UPDATE_ROLLBACK_COMPLETE"
            told = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
            reasons = [entry.get("ResourceStatusReason", "") for entry in told if entry["LogicalResourceId"] == "HookGuard"]
            assert any(f"the hook 'In use' ({made.id}) calls {IN_USE}" in reason for reason in reasons), reasons
            assert parameters(cloudformation)["HookTargets"] == f"{before},{IN_USE}"
        finally:
            hooks.change(made.id, lambda found: replace(found, enabled=False))
            hooks.remove(made.id)
