"""What schedules may do on AWS: Scheduler wakes one function, operators schedule nothing else, and the group ends with the stack."""

from typing import Any

import pytest

from tests.permissions import listed, resources, shared_statements, statements, template

RESOURCES: dict[str, Any] = template()["Resources"]
OF_THE_GROUP = "arn:AWS::Partition:scheduler:AWS::Region:AWS::AccountId:schedule/ScheduleGroup/*"
SOURCE = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}, "aws:SourceArn": {"GetAtt": "ScheduleGroup.Arn"}}


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def about(function: str, service: str) -> list[tuple[list[str], list[str]]]:
    """Actions and resources of the function's own statements about a service."""
    return [
        (listed(entry["Action"]), resources(entry))
        for entry in statements(function)
        if listed(entry["Action"])[0].startswith(f"{service}:")
    ]


def test_schedules_are_of_this_stack_and_end_with_it() -> None:
    group = RESOURCES["ScheduleGroup"]

    assert "DeletionPolicy" not in group
    for function in ("HooksApiFunction", "ScheduleRunnerFunction"):
        assert RESOURCES[function]["Properties"]["Environment"]["Variables"]["SCHEDULE_GROUP"] == {"Ref": "ScheduleGroup"}


def test_operators_make_schedules_of_that_group_which_wake_the_runner_and_do_nothing_else() -> None:
    made = [f"scheduler:{verb}Schedule" for verb in ("Create", "Update", "Delete")]

    assert about("hooks_api", "scheduler") == [(made, [OF_THE_GROUP])]
    assert about("hooks_api", "iam") == [(["iam:PassRole"], ["ScheduleRole.Arn"])]
    assert about("hooks_api", "lambda") == [(["lambda:InvokeFunction"], ["ScheduleRunnerFunction.Arn"])]
    (passes,) = [entry for entry in statements("hooks_api") if entry["Action"] == "iam:PassRole"]
    assert passes["Condition"] == {"StringEquals": {"iam:PassedToService": ["scheduler.amazonaws.com"]}}


def test_scheduler_may_wake_the_runner_for_that_group_and_nothing_else() -> None:
    role = RESOURCES["ScheduleRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    (policy,) = role["Policies"]

    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": SOURCE}
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"GetAtt": "ScheduleRunnerFunction.Arn"}}
    ]


def test_the_runner_calls_what_the_operator_named_and_forgets_what_is_gone() -> None:
    assert about("schedule_runner", "scheduler") == [(["scheduler:DeleteSchedule"], [OF_THE_GROUP])]
    assert [entry for entry in shared_statements("schedule_runner") if entry["Effect"] == "Allow"] == [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Ref": "HookTargets"}}
    ]
    assert RESOURCES["ScheduledInvocation"]["Condition"] == "HasHookTargets"


def test_the_guard_knows_every_function_that_may_be_called() -> None:
    (separator, joined) = RESOURCES["HookGuard"]["Properties"]["Targets"]["Split"]
    named = joined["Join"][1]

    assert (separator, joined["Join"][0]) == (",", ",")
    (own,) = [
        entry["Resource"] for entry in shared_statements("hooks_api") if entry["Effect"] == "Allow" and isinstance(entry["Resource"], list)
    ]
    assert named == [*own, {"Join": [",", {"Ref": "HookTargets"}]}]


def test_an_alarm_reports_a_run_that_failed() -> None:
    alarm = RESOURCES["ScheduleFailedAlarm"]["Properties"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("Gatehouse", "ScheduleFailed")
    assert alarm["Dimensions"] == [{"Name": "stack", "Value": {"Ref": "AWS::StackName"}}]
