"""What the emulator cannot decide in the policies of template.yaml; everything else is deployed as it is written."""

from typing import Any

# The emulator fills in neither of these, so that a plain condition on them would refuse every request.
_UNKNOWN_KEYS = ("kms:EncryptionContext:", "ses:FromAddress")


def adapt(template: dict[str, Any]) -> None:
    """Loosen, in place, what the emulator would otherwise always refuse; template: as sam build wrote it."""
    for resource in template["Resources"].values():
        for document in _documents(resource):
            for entry in document["Statement"]:
                # What is only there under a condition of the template: {"Fn::If": [condition, statement, otherwise]}.
                for statement in entry["Fn::If"][1:] if "Fn::If" in entry else [entry]:
                    _loosen(statement)


def _documents(resource: dict[str, Any]) -> list[dict[str, Any]]:
    if resource["Type"] == "AWS::Serverless::Function":
        return list(resource["Properties"].get("Policies", []))
    return [resource["Properties"]["PolicyDocument"]] if resource["Type"] == "AWS::IAM::Policy" else []


def _loosen(statement: dict[str, Any]) -> None:
    if "Action" not in statement:
        return
    condition = statement.get("Condition", {})
    for operator, keys in list(condition.items()):
        if any(key.startswith(_UNKNOWN_KEYS) for key in keys):
            condition[f"{operator}IfExists"] = condition.pop(operator)
    # It asks for "*" where SES asks for the sending identity.
    if statement["Action"] == "ses:SendEmail":
        statement["Resource"] = "*"
    # It takes every schedule for one of the group "default".
    if "scheduler:DeleteSchedule" in statement["Action"]:
        statement["Resource"] = "*"
    # It knows a permission for each call, where SQS has one for a message and for a batch.
    if statement["Action"] == "sqs:SendMessage":
        statement["Action"] = ["sqs:SendMessage", "sqs:SendMessageBatch"]
