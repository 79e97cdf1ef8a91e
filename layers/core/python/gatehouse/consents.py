"""What a person allowed a third-party client: scopes, single claims and APIs, remembered until it is taken back."""

from collections.abc import Mapping

from gatehouse import clock, sessions, table
from gatehouse.clients import Client
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.users import SCOPE_OF


def needed(client: Client, item: table.Item | None, asked: AuthorizationRequest) -> bool:
    """Whether the person must be asked before the client gets this. item: the consent that is stored, or None."""
    if client.first_party:
        return False
    # Any program on a device can answer to such an address, and say that it is this application (RFC 8252 8.6).
    if client.public and not asked.user_code and not asked.redirect_uri.startswith("https:"):
        return True
    return item is None or not _covers(item, _wanted(asked))


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
    allowed = {kind: sorted({*names, *(before or {}).get(kind, ())}) for kind, names in _wanted(asked).items()}
    # Codes that were issued since the first time go on counting.
    granted_at = before["granted_at"] if before else clock.now()
    known = [(kind, "=", before[kind]) if kind in before else (kind, "absent", None) for kind in allowed] if before else []
    try:
        table.update(
            table.consent_key(user_id, asked.client_id),
            where=known or [("pk", "absent", None)],
            set={"client_id": asked.client_id, "granted_at": granted_at, **allowed},
        )
    except table.ConditionFailed as raced:
        if not raced.item or not _covers(raced.item, {kind: set(names) for kind, names in allowed.items()}):
            grant(user_id, asked, raced.item)


def _wanted(asked: AuthorizationRequest) -> dict[str, set[str]]:
    return {"scopes": {*asked.scope.split()}, "claims": asked.claims, "resources": {*asked.resources.split()}}


def _covers(item: table.Item, wanted: Mapping[str, set[str]]) -> bool:
    """Whether all of it was allowed; a claim also by the scope that opens it."""
    scopes = {*item["scopes"]}
    claims = {claim for claim in wanted["claims"] if SCOPE_OF[claim] not in scopes}
    return wanted["scopes"] <= scopes and claims <= {*item.get("claims", ())} and wanted["resources"] <= {*item.get("resources", ())}
