"""What a person allowed a third-party client: scopes and single claims, remembered until it is taken back."""

from gatehouse import clock, sessions, table
from gatehouse.clients import Client
from gatehouse.sign_ins import AuthorizationRequest


def needed(client: Client, item: table.Item | None, asked: AuthorizationRequest) -> bool:
    """Whether the person must be asked before the client gets this. item: the consent that is stored, or None."""
    if client.first_party:
        return False
    # Any program on a device can answer to such an address, and say that it is this application (RFC 8252 8.6).
    if client.public and not asked.user_code and not asked.redirect_uri.startswith("https:"):
        return True
    return item is None or not _covers(item, {*asked.scope.split()}, asked.claims)


def get(user_id: str, client_id: str) -> table.Item | None:
    return table.get(table.consent_key(user_id, client_id))


def of_user(user_id: str) -> list[table.Item]:
    """Every consent of the user. 1 RRU per 4 KB."""
    return list(table.query(table.user_partition(user_id), "CONSENT#"))


def standing(user_id: str, client_id: str, since: int) -> table.Write:
    """The check that the client has had a consent from `since` (seconds since the epoch) until now, to go with a write that needs it."""
    return table.Write(table.consent_key(user_id, client_id), where=[("granted_at", "<=", since)], check=True)


def withdraw(user_id: str, client_id: str) -> None:
    """Take back what the user allowed the client, and end its sessions of theirs.

    In this order: a code exchange begins its session before the consent goes, and is then found here, or it fails for want of it. Should
    this process die in between, the sessions show that there is something left to take back.
    """
    table.delete(table.consent_key(user_id, client_id))
    sessions.revoke_of_client(user_id, client_id, "consent_withdrawn")


def grant(user_id: str, asked: AuthorizationRequest, before: table.Item | None) -> None:
    """Remember that what was asked for is allowed, beside what was `before`."""
    scopes = sorted({*asked.scope.split(), *(before["scopes"] if before else ())})
    claims = sorted({*asked.claims, *(before["claims"] if before else ())})
    # Codes that were issued since the first time go on counting.
    granted_at = before["granted_at"] if before else clock.now()
    unchanged = [(name, "=", before[name]) for name in ("scopes", "claims")] if before else [("pk", "absent", None)]
    changes = {"client_id": asked.client_id, "scopes": scopes, "claims": claims, "granted_at": granted_at}
    try:
        table.update(table.consent_key(user_id, asked.client_id), where=unchanged, set=changes)
    except table.ConditionFailed as raced:
        if not raced.item or not _covers(raced.item, set(scopes), set(claims)):
            grant(user_id, asked, raced.item)


def _covers(item: table.Item, scopes: set[str], claims: set[str]) -> bool:
    return scopes <= set(item["scopes"]) and claims <= set(item["claims"])
