"""UserMigration: whoever is still in the old table moves over with the password that they type."""

import hashlib
import hmac
import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import UserMigrationTriggerEvent

ITERATIONS = 100_000
legacy = boto3.resource("dynamodb").Table(os.environ["LEGACY_TABLE"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    trigger = UserMigrationTriggerEvent(event)
    known = legacy.get_item(Key={"email": trigger.user_name.lower()}).get("Item")
    print(f"{trigger.trigger_source}: {'known' if known else 'not known'}")
    if known is None:
        raise LookupError("Bad user name or password.")
    if trigger.trigger_source == "UserMigration_Authentication" and not fits(trigger.request.password, known):
        raise LookupError("Bad user name or password.")
    trigger.response.user_attributes = {
        "email": str(known["email"]),
        "email_verified": "true",
        "name": str(known.get("name", "")),
        "custom:plan": str(known.get("plan", "free")),
    }
    trigger.response.final_user_status = "CONFIRMED"
    trigger.response.message_action = "SUPPRESS"
    return event


def fits(password: str, known: dict[str, Any]) -> bool:
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(str(known["salt"])), ITERATIONS)
    return hmac.compare_digest(digest.hex(), str(known["password"]))
