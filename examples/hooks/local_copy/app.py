"""A copy of the people in an application's own table, kept by upsert: what happened to them arrives here as an event, at least once."""

import json
import os
from decimal import Decimal
from typing import Any

import boto3
from botocore.exceptions import ClientError

FIELDS = ("email", "email_verified", "name", "user_metadata", "app_metadata", "blocked", "logins_count")
people = boto3.resource("dynamodb").Table(os.environ["PEOPLE_TABLE"])


def lambda_handler(event: dict[str, Any], context: object) -> None:
    user_id, user = event["data"].get("user_id"), event["data"].get("user")
    print(f"{event['type']} {event['id']}")
    if event["type"] == "user.deleted":
        people.delete_item(Key={"user_id": user_id})
    elif user:
        upsert(user_id, event["time"], user)


def upsert(user_id: str, at: str, user: dict[str, Any]) -> None:
    known = {name: user[name] for name in FIELDS if name in user}
    item = json.loads(json.dumps(known), parse_float=Decimal) | {"user_id": user_id, "as_of": at}
    try:
        # An older event that comes again must not overwrite what a newer one said.
        people.put_item(
            Item=item, ConditionExpression="attribute_not_exists(user_id) OR as_of <= :at", ExpressionAttributeValues={":at": at}
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
