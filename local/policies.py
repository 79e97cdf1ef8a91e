"""What the emulator cannot decide in the policies of template.yaml; everything else is deployed as it is written."""

from typing import Any

# The emulator fills in neither of these, so that a plain condition on them would refuse every request.
_UNKNOWN_KEYS = ("kms:EncryptionContext:", "ses:FromAddress")


def adapt(template: dict[str, Any]) -> None:
    """Loosen, in place, what the emulator would otherwise always refuse; template: as sam build wrote it."""
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for document in resource["Properties"].get("Policies", []):
            for statement in document["Statement"]:
                _loosen(statement)


def _loosen(statement: dict[str, Any]) -> None:
    condition = statement.get("Condition", {})
    for operator, keys in list(condition.items()):
        if any(key.startswith(_UNKNOWN_KEYS) for key in keys):
            condition[f"{operator}IfExists"] = condition.pop(operator)
    # It asks for "*" where SES asks for the sending identity.
    if statement["Action"] == "ses:SendEmail":
        statement["Resource"] = "*"
    # It knows a permission for each call, where SQS has one for a message and for a batch.
    if statement["Action"] == "sqs:SendMessage":
        statement["Action"] = ["sqs:SendMessage", "sqs:SendMessageBatch"]
