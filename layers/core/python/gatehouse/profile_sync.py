"""Taking over what a connection tells about a person: the rules, as data of the connection, and why each value is the one that it is.

What comes from outside decides nothing but the profile: no metadata, no role, no user name, no block.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from gatehouse import clock, connections, identifiers, profiles, provenance
from gatehouse.connections import Connection
from gatehouse.dataclasses import dataclass, field, replace
from gatehouse.users import User

# Why a connection's value is not the person's.
NEVER: Final = "never_taken_over"
REGISTRATION_ONLY: Final = "only_at_registration"
ANOTHER_SOURCE: Final = "set_by_another_source"
NOT_VERIFIED: Final = "not_verified"
UNFIT: Final = "unfit"
ANOTHER_USERS: Final = "another_users"
SAME: Final = "same_value"
NEXT_LOGIN: Final = "at_the_next_login"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """user: as the record then is. lost: by name of a value, why the connection's was not taken."""

    user: User
    lost: dict[str, str] = field(default_factory=dict)


def taken_over(user: User, connection: Connection, outside: Mapping[str, Any], moment: str, *, leave: Collection[str] = ()) -> TakenOver:
    """The user after a connection told this profile.

    moment: connections.REGISTRATION or LOGIN. leave: values that turned out to be another user's.
    """
    lost = {}
    for name, value in offered(connection, outside).items():
        if reason := ANOTHER_USERS if name in leave else _objection(user, connection, outside, name, value, moment):
            lost[name] = reason
        else:
            user = _with(user, connection, outside, name, value)
    return TakenOver(user, lost)


def offered(connection: Connection, outside: Mapping[str, Any]) -> dict[str, Any]:
    """What a profile from there holds, by our names. Of two members for one claim the first that has a value."""
    found: dict[str, Any] = {}
    for theirs, ours in connection.profile_fields.items():
        if ours and outside.get(theirs) not in (None, "", {}):
            found.setdefault(ours, outside[theirs])
    return found


def _objection(user: User, connection: Connection, outside: Mapping[str, Any], name: str, value: Any, moment: str) -> str:
    rule, noted = connection.profile_sync, user.provenance.get(name)
    if rule.moment == connections.NEVER:
        return NEVER
    if (rule.moment, moment) == (connections.REGISTRATION, connections.LOGIN):
        return REGISTRATION_ONLY
    source = noted["source"] if noted else ""
    if (noted or _value(user, name)) and source != connection.id and provenance.kind(source) not in rule.over:
        return ANOTHER_SOURCE
    return _flaw(user, connection, outside, name, value, moment)


def _flaw(user: User, connection: Connection, outside: Mapping[str, Any], name: str, value: Any, moment: str) -> str:
    try:
        fit = _fit(name, value)
    except (profiles.Unacceptable, identifiers.InvalidIdentifier):
        return UNFIT
    if name != "email" or fit == user.email or _stands_for(connection, outside):
        return ""
    # An address opens an account. One that nobody proved comes in only where there is none yet, as one that nobody proved.
    return NOT_VERIFIED if user.email or moment == connections.LOGIN else ""


def _fit(name: str, value: Any) -> Any:
    if name == "email":
        if not isinstance(value, str):
            raise identifiers.InvalidIdentifier("an address is text")
        return identifiers.canonical_email(value)
    return profiles.checked(name, value)


def _stands_for(connection: Connection, outside: Mapping[str, Any]) -> bool:
    return connection.trust_email and outside.get("email_verified") is True


def _with(user: User, connection: Connection, outside: Mapping[str, Any], name: str, value: Any) -> User:
    fit, verified = _fit(name, value), name == "email" and _stands_for(connection, outside)
    if fit == _value(user, name):
        return replace(user, email_verified=True) if verified else user
    noted = provenance.noted(user.provenance, [name], connection.id, verified=verified)
    if name == "email":
        return replace(user, email=fit, email_verified=verified, provenance=noted)
    return replace(user, profile={**user.profile, name: fit}, provenance=noted)


def _value(user: User, name: str) -> Any:
    return getattr(user, name) if name in _RECORDED else user.profile.get(name)


# Values of the record itself, and what says that they are verified.
_RECORDED: Final = {"email": "email_verified", "username": "", "phone_number": "phone_verified"}


def explained(user: User, known: Mapping[str, Connection]) -> list[dict[str, Any]]:
    """Every value of the profile: its source and time, whether it is verified, what other sources offer and why that lost.

    known: the connections that the user's identities are of, by id; those that are gone offer nothing.
    """
    names = [*_RECORDED, *profiles.MEMBERS]
    offers: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for name, offer in _offers(user, known):
        offers[name].append(offer)
    return [_explained(user, name, offers[name]) for name in names if _value(user, name) or offers[name]]


def _explained(user: User, name: str, offers: list[dict[str, Any]]) -> dict[str, Any]:
    noted = user.provenance.get(name, {})
    flag = _RECORDED.get(name)
    return {
        "name": name,
        "value": _value(user, name) or None,
        "source": noted.get("source"),
        "at": clock.iso(noted["at"]) if "at" in noted else None,
        "verified": getattr(user, flag) if flag else bool(noted.get("verified")),
        "offers": offers,
    }


def _offers(user: User, known: Mapping[str, Connection]) -> Iterator[tuple[str, dict[str, Any]]]:
    for identity in user.identities:
        if (connection := known.get(identity["connection_id"])) is None:
            continue
        for name, value in offered(connection, identity["profile"]).items():
            if reason := _why_not(user, connection, identity, name, value):
                source = {"source": connection.id, "connection": connection.name, "user_id": identity["user_id"]}
                yield name, source | {"value": value, "at": clock.iso(identity["at"]), "lost": reason}


def _why_not(user: User, connection: Connection, identity: Mapping[str, Any], name: str, value: Any) -> str:
    """Why this offer is not the value, empty if it is."""
    objection = _objection(user, connection, identity["profile"], name, value, connections.LOGIN)
    if objection != UNFIT and _fit_or_none(name, value) == _value(user, name):
        return "" if user.provenance.get(name, {}).get("source") == connection.id else SAME
    return objection or identity.get("lost", {}).get(name) or NEXT_LOGIN


def _fit_or_none(name: str, value: Any) -> Any:
    try:
        return _fit(name, value)
    except (profiles.Unacceptable, identifiers.InvalidIdentifier):
        return None
