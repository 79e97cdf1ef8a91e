"""PostConfirmation: whoever has signed up gets a row in the application's own table."""

import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PostConfirmationTriggerEvent
from botocore.exceptions import ClientError

members = boto3.resource("dynamodb").Table(os.environ["MEMBERS_TABLE"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    trigger = PostConfirmationTriggerEvent(event)
    print(f"{trigger.trigger_source} of {trigger.user_name}")
    if trigger.trigger_source == "PostConfirmation_ConfirmSignUp":
        row: dict[str, str | int] = {"user_name": trigger.user_name, "email": trigger.request.user_attributes["email"], "credit": 10}
        try:
            members.put_item(Item=row, ConditionExpression="attribute_not_exists(user_name)")
        except ClientError as error:
            # Triggers may come twice; the credit does not.
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
    return event
