"""What changes of the items that lie under a person make: sign-ins, consents, memberships and business data."""

from collections.abc import Iterator
from typing import Any

from gatehouse import table, user_deletion
from gatehouse.events.event import Event
from gatehouse.events.of_people import NO_DIFFERENCES, changed, differences


def of_login(change: table.Change) -> Iterator[Event]:
    """The event of a sign-in, or of an attempt that failed."""
    item = change.after
    if change.before is not None or item is None:
        return
    outcome = {"reason": item["reason"]} if item.get("outcome") == "failed" else {}
    kind = "user.sign_in_failed" if outcome else "user.signed_in"
    told = {"client_id": item["client_id"], "ip": item["ip"], "user_agent": item["user_agent"], **outcome}
    yield from _unless_gone(change, kind, told)


def of_consent(change: table.Change) -> Iterator[Event]:
    """The event of a consent that was given, widened or taken back."""
    names = ("scopes", "claims", "resources")
    before, after = ({name: item.get(name, []) for name in names} if item else None for item in (change.before, change.after))
    client_id = change.sk.partition("#")[2]
    if after is None:
        yield from _unless_gone(change, "consent.revoked", {"client_id": client_id})
    elif before != after:
        yield from _unless_gone(change, "consent.granted", {"client_id": client_id, **after})


def of_membership(change: table.Change) -> Iterator[Event]:
    """The events of a membership."""
    before, after = change.before, change.after
    org_id = change.sk.partition("#")[2]
    if after is None or before is None:
        kind = "organization.member_added" if after else "organization.member_removed"
        yield from _unless_gone(change, kind, {"org_id": org_id, "roles": (after or before or {}).get("roles", [])})
        return
    if (roles := differences(before["roles"], after["roles"])) != NO_DIFFERENCES:
        yield from _unless_gone(change, "organization.member_roles_changed", {"org_id": org_id, "roles": after["roles"], **roles})
    if changed(before["metadata"], after["metadata"]):
        yield from _unless_gone(change, "organization.member_updated", {"org_id": org_id, "changed": ["metadata"]})


def of_custom_data(change: table.Change) -> Iterator[Event]:
    """The event of a document. Not what it says: who may see that, the API decides."""
    before, after = change.before, change.after
    told: dict[str, Any] = {"store": change.sk.partition("#")[2], "version": (after or before or {})["version"]}
    if after is None or before is None:
        yield from _unless_gone(change, "custom_data.created" if after else "custom_data.removed", told)
        return
    if names := changed(before["document"], after["document"]):
        yield from _unless_gone(change, "custom_data.changed", {**told, "changed": names})


def _unless_gone(change: table.Change, kind: str, data: dict[str, Any]) -> Iterator[Event]:
    """The event, unless the person's deletion had begun: what it takes along, and what is swept after it, is no deed of its own.

    The stream tells times in whole seconds, so that of the second in which a deletion begins nothing is told but the deletion.

    1 RRU, and 1 per 4 KB of the person's record.

    Raises:
        Unavailable: that cannot be read.
    """
    if not change.user_id or change.at < user_deletion.began_at(change.user_id):
        yield Event.of(change.identity, kind, change.at, change.user_id, data)
