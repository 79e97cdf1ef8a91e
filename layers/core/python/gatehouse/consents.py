"""What a person allowed a third-party client: per client and scope, remembered until it is taken back."""

from gatehouse import clock, table


def needed(item: table.Item | None, scope: str) -> bool:
    """Whether the person must be asked. item: the consent that is stored, or None."""
    return item is None or not set(scope.split()) <= set(item["scopes"])


def get(user_id: str, client_id: str) -> table.Item | None:
    return table.get(table.consent_key(user_id, client_id))


def grant(user_id: str, client_id: str, scope: str, before: table.Item | None) -> None:
    """Remember that these scopes are allowed, beside those that were `before`."""
    scopes = sorted({*scope.split(), *(before["scopes"] if before else ())})
    unchanged: table.Where = [("scopes", "=", before["scopes"])] if before else [("pk", "absent", None)]
    changes = {"client_id": client_id, "scopes": scopes, "granted_at": clock.now()}
    try:
        table.update(table.consent_key(user_id, client_id), where=unchanged, set=changes)
    except table.ConditionFailed as raced:
        if not raced.item or not set(scopes) <= set(raced.item["scopes"]):
            grant(user_id, client_id, scope, raced.item)
