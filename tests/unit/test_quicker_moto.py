"""moto in less time is moto: the same requests have the same answers, and leave the same items."""

import json
import os
import subprocess
import sys

from tests.unit.conftest import ROOT

# In a process of its own, whose moto nobody has changed yet.
PROGRAM = """
import json, sys
import boto3, pytest
from botocore.exceptions import ClientError
from moto import mock_aws

with pytest.MonkeyPatch.context() as patch, mock_aws():
    if sys.argv[1] == "quick":
        from tests.unit import quicker_moto
        quicker_moto.install(patch)
    client = boto3.client("dynamodb")
    key = [("pk", "HASH"), ("sk", "RANGE")]
    client.create_table(
        TableName="t", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in key],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in key],
    )
    one, other = ({"pk": {"S": "p"}, "sk": {"S": name}} for name in "ab")
    names, values = {"#n": "n", "#m": "m"}, {":one": {"N": "1"}, ":map": {"M": {"x": {"L": [{"S": "y"}, {"B": b"z"}, {"NULL": True}]}}}}
    change = {"UpdateExpression": "SET #m = :map ADD #n :one", "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    failing = {"TableName": "t", "Key": other, "ConditionExpression": "attribute_exists(pk)"}
    steps = [
        ("put_item", {"TableName": "t", "Item": one | {"n": {"N": "1.50"}, "flag": {"BOOL": False}, "set": {"SS": ["b", "a"]}}}),
        ("update_item", {"TableName": "t", "Key": one, "ReturnValues": "ALL_NEW", **change}),
        ("update_item", {"TableName": "t", "Key": other, "ConditionExpression": "attribute_exists(pk)", **change}),
        ("transact_write_items", {"TransactItems": [{"Update": {"TableName": "t", "Key": one, **change}}, {"ConditionCheck": failing}]}),
        ("transact_write_items", {"TransactItems": [{"Update": {"TableName": "t", "Key": key, **change}} for key in (one, other)]}),
        ("put_item", {"TableName": "t", "Item": one, "ConditionExpression": "attribute_not_exists(pk)",
                      "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
        ("update_item", {"TableName": "t", "Key": one, "UpdateExpression": "SET #n = ", "ExpressionAttributeNames": {"#n": "n"}}),
        ("update_item", {"TableName": "t", "Key": {"pk": {"S": "p"}}, **change}),
        ("batch_get_item", {"RequestItems": {"t": {"Keys": [other, one]}}}),
        ("delete_item", {"TableName": "t", "Key": other, "ReturnValues": "ALL_OLD"}),
        ("scan", {"TableName": "t"}),
    ]
    told = []
    for name, asked in steps:
        try:
            answer = getattr(client, name)(**asked)
        except ClientError as refused:
            answer = refused.response
        told.append({member: value for member, value in answer.items() if member != "ResponseMetadata"})
    print(json.dumps(told, default=repr, sort_keys=True))
"""


def answers(how: str) -> list[object]:
    environment = os.environ | {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    told: list[object] = json.loads(done.stdout)
    return told


def test_the_same_requests_are_answered_alike() -> None:
    usual = answers("usual")

    assert answers("quick") == usual
    assert len(usual) == 11
