"""PreAuthentication: only some people sign in, wherever this trigger is switched on."""

import os
from typing import Any

from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PreAuthenticationTriggerEvent

ALLOWED = {address.strip().lower() for address in os.environ["ALLOWED_TO_SIGN_IN"].split(",")}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    trigger = PreAuthenticationTriggerEvent(event)
    email = trigger.request.user_attributes.get("email", "")
    print(f"{trigger.trigger_source} for {trigger.caller_context.client_id}")
    if email.lower() not in ALLOWED:
        raise PermissionError("You have no seat in this application. Ask your administrator for one.")
    return event
