"""What a person allowed a third-party client: scopes and single claims, remembered until it is taken back."""

from gatehouse import clock, table
from gatehouse.sign_ins import AuthorizationRequest


def needed(item: table.Item | None, asked: AuthorizationRequest) -> bool:
    """Whether the person must be asked. item: the consent that is stored, or None."""
    return item is None or not _covers(item, {*asked.scope.split()}, asked.claims)


def get(user_id: str, client_id: str) -> table.Item | None:
    return table.get(table.consent_key(user_id, client_id))


def grant(user_id: str, asked: AuthorizationRequest, before: table.Item | None) -> None:
    """Remember that what was asked for is allowed, beside what was `before`."""
    scopes = sorted({*asked.scope.split(), *(before["scopes"] if before else ())})
    claims = sorted({*asked.claims, *(before["claims"] if before else ())})
    unchanged = [(name, "=", before[name]) for name in ("scopes", "claims")] if before else [("pk", "absent", None)]
    changes = {"client_id": asked.client_id, "scopes": scopes, "claims": claims, "granted_at": clock.now()}
    try:
        table.update(table.consent_key(user_id, asked.client_id), where=unchanged, set=changes)
    except table.ConditionFailed as raced:
        if not raced.item or not _covers(raced.item, set(scopes), set(claims)):
            grant(user_id, asked, raced.item)


def _covers(item: table.Item, scopes: set[str], claims: set[str]) -> bool:
    return scopes <= set(item["scopes"]) and claims <= set(item["claims"])
