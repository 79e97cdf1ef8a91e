"""PreTokenGeneration V1: groups besides those of the user pool, by an attribute."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PreTokenGenerationTriggerEvent


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    trigger = PreTokenGenerationTriggerEvent(event)
    groups = set(trigger.request.group_configuration.groups_to_override)
    department = trigger.request.user_attributes.get("custom:department")
    if department:
        groups.add(f"department-{department}")
    trigger.response.claims_override_details.set_group_configuration_groups_to_override(sorted(groups))
    print(f"{trigger.trigger_source}: {len(groups)} groups")
    return event
