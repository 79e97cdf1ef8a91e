"""PostAuthentication: who signed in to what, in a table of one's own."""

import os
import time
from typing import Any

import boto3
from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PostAuthenticationTriggerEvent

audit = boto3.resource("dynamodb").Table(os.environ["AUDIT_TABLE"])


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    trigger = PostAuthenticationTriggerEvent(event)
    audit.put_item(
        Item={
            "sub": trigger.request.user_attributes["sub"],
            "at": f"{time.time():.6f} {context.aws_request_id}",
            "email": trigger.request.user_attributes.get("email", ""),
            "client_id": trigger.caller_context.client_id,
            "new_device": trigger.request.new_device_used,
        }
    )
    print(f"{trigger.trigger_source} of {trigger.user_name} written down")
    return event
