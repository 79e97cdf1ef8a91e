"""post_login, beyond Cognito: whoever has no display name is called "user", and that stays."""

from typing import Any

DEFAULT = "user"


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    chosen = event["request"]["user"]["user_metadata"]
    if not chosen.get("displayName"):
        event["response"]["userMetadata"] = {"displayName": DEFAULT}
    print(f"{event['triggerSource']}: {'named' if chosen.get('displayName') else 'unnamed'}")
    return event
