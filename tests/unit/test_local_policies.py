"""What the local stack loosens in the policies of template.yaml, since its emulator would refuse everything otherwise."""

import copy
from typing import Any

import pytest

from local import policies


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def adapted(statement: dict[str, Any]) -> dict[str, Any]:
    function = {"Type": "AWS::Serverless::Function", "Properties": {"Policies": [{"Statement": [statement]}]}}
    template = copy.deepcopy({"Resources": {"Function": function, "Key": {"Type": "AWS::KMS::Key"}}})
    policies.adapt(template)
    properties: Any = template["Resources"]["Function"]["Properties"]
    loosened: dict[str, Any] = properties["Policies"][0]["Statement"][0]
    return loosened


def test_a_purpose_is_still_demanded_wherever_the_emulator_sees_it() -> None:
    condition = {"kms:EncryptionContext:purpose": ["sealing"]}
    statement = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": "key",
        "Condition": {"StringEquals": condition},
    }

    assert adapted(statement) == statement | {"Condition": {"StringEqualsIfExists": condition}}


def test_a_policy_for_several_functions_is_loosened_like_that_of_one() -> None:
    condition = {"kms:EncryptionContext:purpose": ["messages"]}
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "key", "Condition": {"StringEquals": condition}}
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "function"}
    perhaps = {"Fn::If": ["HasHookTargets", {**decrypt}, {"Ref": "AWS::NoValue"}]}
    shared = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [invoke, copy.deepcopy(decrypt), perhaps]}}}

    policies.adapt({"Resources": {"Shared": shared}})

    loosened = decrypt | {"Condition": {"StringEqualsIfExists": condition}}
    found: Any = shared["Properties"]
    assert found["PolicyDocument"]["Statement"] == [invoke, loosened, {"Fn::If": ["HasHookTargets", loosened, {"Ref": "AWS::NoValue"}]}]


def test_mail_may_be_sent_by_who_may_send_it_from_any_identity() -> None:
    condition = {"ses:FromAddress": ["a@example.com"]}
    statement = {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": "x",
        "Condition": {"StringEquals": condition},
    }

    assert adapted(statement) == statement | {"Resource": "*", "Condition": {"StringEqualsIfExists": condition}}


@pytest.mark.parametrize("actions", [["scheduler:CreateSchedule", "scheduler:DeleteSchedule"], "scheduler:DeleteSchedule"])
def test_who_may_change_schedules_may_do_so_in_every_group(actions: Any) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "group"}

    assert adapted(statement) == statement | {"Resource": "*"}


def test_who_may_send_a_message_may_send_several() -> None:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "queue"}

    assert adapted(statement) == statement | {"Action": ["sqs:SendMessage", "sqs:SendMessageBatch"]}


def test_everything_else_is_deployed_as_it_is_written() -> None:
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["KEYS"]}}
    statement = {"Effect": "Allow", "Action": ["dynamodb:Query"], "Resource": "table", "Condition": condition}

    assert adapted(statement) == statement
