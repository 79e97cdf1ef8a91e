"""What a change of a person's record makes: the record's own events, each from a comparison of before and after."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gatehouse import table
from gatehouse.events.event import Event
from gatehouse.events.of_sessions import of_epoch
from gatehouse.user_documents import shown
from gatehouse.users import User, there

NO_DIFFERENCES: Final[dict[str, list[Any]]] = {"added": [], "removed": []}
# Of the record as it is shown: what follows from another event, or changes with everything.
_NOT_TOLD: Final = {"user_id", "updated_at", "created_at", "last_login", "last_ip", "logins_count", "last_password_reset"}


def of_person(change: table.Change) -> Iterator[Event]:
    """The events of a person's item, those of the sessions that ended with it last.

    A deletion blocks and signs out first, and its record goes last: only that is told.

    Raises:
        Unavailable: the sessions cannot be read.
    """
    before, after = change.before, change.after
    if after is None:
        yield from _removed(change)
    elif before is None:
        yield _event("user.created", change, User.from_item(after))
    else:
        ended = list(of_epoch(change))
        if there(after):
            yield from _changed(change, User.from_item(before), User.from_item(after), _counted(ended))
        yield from ended


def _removed(change: table.Change) -> Iterator[Event]:
    if change.before is not None:
        yield _event("user.deleted", change, User.from_item(change.before))


def _counted(ended: Sequence[Event]) -> dict[str, int]:
    """How many sessions ended, and of how many of them there is no event to be seen."""
    quiet = sum(event.quiet for event in ended)
    return {"sessions": len(ended)} | ({"sessions_left_out": quiet} if quiet else {})


def _changed(change: table.Change, before: User, after: User, ended: dict[str, int]) -> Iterator[Event]:
    for kind, data in (*_identifiers(before, after), *_access(before, after, ended)):
        yield _event(kind, change, after, **data)
    if names := _names(before, after):
        yield _event("user.updated", change, after, changed=names)
    # Each sign-out leaves the name of who asked for it; what else ends everything does not.
    if (change.before or {}).get("signed_out_by", "") != (change.after or {}).get("signed_out_by", ""):
        yield _event("user.signed_out", change, after, **ended)


def _identifiers(before: User, after: User) -> Iterator[tuple[str, dict[str, Any]]]:
    other_address = before.email != after.email
    if other_address:
        yield "user.email_changed", {"previous": before.email}
    if after.email and after.email_verified and (other_address or not before.email_verified):
        yield "user.email_verified", {}
    if before.phone_number != after.phone_number:
        yield "user.phone_changed", {"previous": before.phone_number}


def _access(before: User, after: User, ended: dict[str, int]) -> Iterator[tuple[str, dict[str, Any]]]:
    # The hash alone is another when the same password is hashed with newer parameters.
    if before.password_hash != after.password_hash and before.epoch != after.epoch:
        yield "user.password_changed", ended
    if before.blocked != after.blocked:
        yield ("user.blocked", ended) if after.blocked else ("user.unblocked", {})
    if (roles := differences(before.roles, after.roles)) != NO_DIFFERENCES:
        yield "user.roles_changed", roles
    if before.permissions != after.permissions:
        yield "user.permissions_changed", {"permissions": after.permissions}
    if (linked := differences(_accounts(before), _accounts(after))) != NO_DIFFERENCES:
        yield "user.identities_changed", linked


def _accounts(user: User) -> list[dict[str, str]]:
    return [{name: identity[name] for name in ("connection", "user_id")} for identity in user.identities]


def differences(before: Sequence[Any], after: Sequence[Any]) -> dict[str, list[Any]]:
    """What was added and what was removed, each in its order."""
    return {"added": [one for one in after if one not in before], "removed": [one for one in before if one not in after]}


def _names(before: User, after: User) -> list[str]:
    """What of the record as it is shown is another: members of the first level, and of the profile its claims."""
    old, new = ({**_members(user), **{f"profile.{name}": value for name, value in user.profile.items()}} for user in (before, after))
    return changed(old, new)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the members that are not the same."""
    # As written out: True equals 1 in Python, and is another value in JSON. DynamoDB keeps no order of members.
    old, new = ({name: json.dumps(value, sort_keys=True) for name, value in document.items()} for document in (before, after))
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _members(user: User) -> dict[str, Any]:
    return {name: value for name, value in shown(user).items() if name not in _NOT_TOLD and name not in user.profile}


def _event(kind: str, change: table.Change, user: User, **data: Any) -> Event:
    return Event.of(change.identity, kind, change.at, user.user_id, {**data, "version": user.version, "user": shown(user)})
