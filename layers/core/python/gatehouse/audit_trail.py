"""Which events are written down for good beside what is written with the deed itself: what opens, closes or changes somebody's access."""

from collections.abc import Sequence
from typing import Any, Final

from gatehouse import audit
from gatehouse.errors import Unavailable
from gatehouse.events import Event, Interrupted

# Sign-ins are in the sign-in history, a deletion is written down as it is done, and business data is none of ours.
_NOT_KEPT: Final = (
    *("user.signed_in", "user.sign_in_failed", "user.deleted", "organization.member_updated"),
    *("custom_data.created", "custom_data.changed", "custom_data.removed"),
)
# Ends of a session that are everyday, or follow from a deed that is kept.
_EVERYDAY: Final = ("", "signed_out", "revoked", "user_deleted")
# Of what `user.updated` names: what people say of themselves, and what has a kind of its own.
_ELSEWHERE: Final = ("user_metadata", "email", "phone_number", "blocked", "identities")
# A new address or number is verified or not.
_FOLLOWS: Final = {"email_verified": "email", "phone_verified": "phone_number"}
# Neither addresses nor names: what is written here stays when the person is deleted.
_DETAILS: Final = ("because", "client_id", "org_id", "scopes", "claims", "resources", "roles", "permissions", "changed")


def keep(events: Sequence[Event]) -> int:
    """Write the entries of these events, each once however often it is told; how many are kept. 1 WRU each.

    Raises:
        Interrupted: not all of them are written.
    """
    kept = 0
    for taken, event in enumerate(events):
        if not _is_kept(event):
            continue
        try:
            audit.note(event.kind, event.user_id, event.id, event.at, _details(event))
        except Unavailable as trouble:
            raise Interrupted(taken, detail=trouble.detail) from trouble
        kept += 1
    return kept


def _is_kept(event: Event) -> bool:
    if event.kind in _NOT_KEPT:
        return False
    if event.kind == "session.ended":
        return event.data["because"] not in _EVERYDAY
    if event.kind == "user.updated":
        return any(not _told_elsewhere(name, event.data["changed"]) for name in event.data["changed"])
    return True


def _told_elsewhere(name: str, changed: Sequence[str]) -> bool:
    return name in _ELSEWHERE or name.startswith("profile.") or _FOLLOWS.get(name) in changed


def _details(event: Event) -> dict[str, Any]:
    # Accounts elsewhere have names of their own.
    names = _DETAILS if event.kind == "user.identities_changed" else (*_DETAILS, "added", "removed")
    return {name: event.data[name] for name in names if name in event.data}
