"""PreTokenGeneration V1: the ID token says which tenant a person belongs to, and no longer when they were born."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PreTokenGenerationTriggerEvent


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    trigger = PreTokenGenerationTriggerEvent(event)
    tenant = trigger.request.user_attributes.get("custom:tenant")
    if tenant:
        trigger.response.claims_override_details.claims_to_add_or_override = {"tenant": tenant}
    trigger.response.claims_override_details.claims_to_suppress = ["birthdate"]
    print(f"{trigger.trigger_source}: tenant {tenant or 'unknown'}")
    return event
