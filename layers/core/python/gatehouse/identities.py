"""Accounts elsewhere that belong to a person: linking them, one to one person only, and what a sign-in through them tells."""

from collections.abc import Mapping
from typing import Any, Final

from gatehouse import clock, connections, metadata, profile_sync, table, user_changes, users
from gatehouse.connections import Connection
from gatehouse.dataclasses import replace
from gatehouse.errors import Unavailable
from gatehouse.user_changes import Edited
from gatehouse.users import Taken, User

MOST: Final = 10
LARGEST_PROFILE_BYTES: Final = 4096


class TooMany(Exception):
    """The person has as many identities as one may have."""


class Unknown(Exception):
    """The person has no such identity, or its connection is gone."""


class Ambiguous(Exception):
    """Several identities of the person fit."""


def link(user_id: str, connection: Connection, id_there: str, profile: Mapping[str, Any], *, if_version: int | None = None) -> User:
    """Link an identity to a user and return them. One that is theirs already stays as it is. Nothing is taken over: nobody signed in.

    Raises:
        TooMany, user_changes.Unknown, user_changes.Stale: as they say; nothing was changed.
        Taken: the identity is another user's.
        metadata.Unacceptable: the profile is not kept.
    """
    kept = _kept(connection, profile)

    def edit(user: User) -> Edited:
        if any(_is(identity, connection.id, id_there) for identity in user.identities):
            return Edited(user)
        if len(user.identities) >= MOST:
            raise TooMany
        made = {
            "connection_id": connection.id,
            "connection": connection.name,
            "provider": connection.strategy,
            "user_id": id_there,
            "is_social": connection.is_social,
            "at": clock.now(),
            "profile": kept,
        }
        claim = table.Write(table.identity_key(connection.id, id_there), where=[("pk", "absent", None)], put={"user_id": user_id})
        return Edited(replace(user, identities=[*user.identities, made]), writes=[claim])

    try:
        return user_changes.change(user_id, edit, if_version=if_version)
    except user_changes.Refused as refused:
        raise Taken("identity") from refused


def unlink(user_id: str, provider: str, id_there: str, connection_id: str = "", *, if_version: int | None = None) -> User:
    """Take an identity away from a user and return them. What was taken over from it stays.

    Raises:
        Unknown, Ambiguous, user_changes.Unknown, user_changes.Stale: as they say; nothing was changed.
    """

    def edit(user: User) -> Edited:
        found = one(user, provider, id_there, connection_id)
        left = [identity for identity in user.identities if identity is not found]
        return Edited(replace(user, identities=left), writes=[release(user_id, found)])

    try:
        return user_changes.change(user_id, edit, if_version=if_version)
    except user_changes.Refused as refused:
        raise Unavailable(detail="an identity is not its user's any more") from refused


def told(
    user_id: str, provider: str, id_there: str, profile: Mapping[str, Any], connection_id: str = "", *, if_version: int | None = None
) -> User:
    """Note what a sign-in through an identity tells, take over what the connection's rule says, and return the user.

    Raises:
        Unknown, Ambiguous, user_changes.Unknown, user_changes.Stale: as they say; nothing was changed.
        metadata.Unacceptable: the profile is not kept.
    """
    user = users.get(user_id)
    if user is None:
        raise user_changes.Unknown
    connection = connections.get(one(user, provider, id_there, connection_id)["connection_id"])
    if connection is None:
        raise Unknown
    kept = _kept(connection, profile)

    def edit(user: User, leave: tuple[str, ...] = ()) -> Edited:
        found = one(user, provider, id_there, connection.id)
        taken = profile_sync.taken_over(user, connection, kept, connections.LOGIN, leave=leave)
        newest = {**found, "profile": kept, "at": clock.now(), "lost": taken.lost}
        return Edited(replace(taken.user, identities=[newest if identity is found else identity for identity in user.identities]))

    try:
        return user_changes.change(user_id, edit, if_version=if_version)
    except Taken:
        # Whoever signs in is let in; the address stays with its user.
        return user_changes.change(user_id, lambda user: edit(user, ("email",)), if_version=if_version)


def one(user: User, provider: str, id_there: str, connection_id: str = "") -> dict[str, Any]:
    """The identity of the user by these.

    Raises:
        Unknown, Ambiguous: there is none, or more than one.
    """
    fitting = [identity for identity in user.identities if (identity["provider"], identity["user_id"]) == (provider, id_there)]
    fitting = [identity for identity in fitting if connection_id in ("", identity["connection_id"])]
    if not fitting:
        raise Unknown
    if len(fitting) > 1:
        raise Ambiguous
    return fitting[0]


def release(user_id: str, identity: Mapping[str, Any]) -> table.Write:
    """The write after which an identity of the user can be linked by anybody."""
    key = table.identity_key(identity["connection_id"], identity["user_id"])
    return table.Write(key, where=[("user_id", "=", user_id)], delete=True)


def _is(identity: Mapping[str, Any], connection_id: str, id_there: str) -> bool:
    return (identity["connection_id"], identity["user_id"]) == (connection_id, id_there)


def _kept(connection: Connection, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Of a profile from outside, the members that the connection's configuration names."""
    # Names as outside tokens have them: often addresses.
    metadata.check("profileData", profile, largest_bytes=LARGEST_PROFILE_BYTES, dots=True)
    named = {*connection.profile_fields, *(["email_verified"] if "email" in connection.profile_fields.values() else [])}
    return {name: value for name, value in profile.items() if name in named}
