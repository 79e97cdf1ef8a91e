"""PreTokenGeneration V2: access tokens carry a plan with its limits, and a scope that only some plans have."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PreTokenGenerationV2TriggerEvent

# JSON, which access tokens of V2 may carry.
LIMITS: dict[str, Any] = {"free": {"playlists": 3, "offline": False}, "gold": {"playlists": 100, "offline": True}}
PAID_SCOPE = "songs:download"


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    trigger = PreTokenGenerationV2TriggerEvent(event)
    plan = trigger.request.user_attributes.get("custom:plan", "free")
    access = trigger.response.claims_scope_override_details.access_token_generation
    access.claims_to_add_or_override = {"plan": plan, "limits": LIMITS.get(plan, LIMITS["free"])}
    if plan == "gold":
        access.scopes_to_add = [PAID_SCOPE]
    else:
        access.scopes_to_suppress = [PAID_SCOPE]
    trigger.response.claims_scope_override_details.id_token_generation.claims_to_add_or_override = {"plan": plan}
    print(f"{trigger.trigger_source}: plan {plan}")
    return event
