"""PreSignUp: only our own people sign up, and their addresses count as verified."""

import os
from typing import Any

from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PreSignUpTriggerEvent

ALLOWED_DOMAINS = {domain.strip().lower() for domain in os.environ["ALLOWED_DOMAINS"].split(",")}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    trigger = PreSignUpTriggerEvent(event)
    email = trigger.request.user_attributes.get("email", "")
    if email.rpartition("@")[2].lower() not in ALLOWED_DOMAINS:
        raise ValueError("Sign up with the mail address that your employer gave you.")
    trigger.response.auto_confirm_user = True
    trigger.response.auto_verify_email = True
    print(f"{trigger.trigger_source} of {trigger.user_name} allowed")
    return event
