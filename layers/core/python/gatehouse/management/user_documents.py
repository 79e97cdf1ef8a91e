"""The part of a user's document that can be changed: from the record, and back into it."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from gatehouse import clock, identifiers, metadata, passwords, profiles, provenance
from gatehouse.dataclasses import replace
from gatehouse.management.refusals import InvalidBody
from gatehouse.user_changes import Edited
from gatehouse.users import User

# Besides the profile, what a patch may speak of. A password can be set and never read.
EDITABLE: Final = ("email", "email_verified", "username", "phone_number", "phone_verified", "blocked", "user_metadata", "app_metadata")


def editable(user: User) -> dict[str, Any]:
    """The document that patches are applied to."""
    return {name: getattr(user, name) for name in EDITABLE} | user.profile


def edited(user: User, document: Mapping[str, Any], *, mentioned: Collection[str], source: str, password: str = "") -> Edited:
    """The change that makes the record what the document says.

    mentioned: the members that the caller spoke of; a new address is verified only if it was said so. source: for the provenance of what
    is new.

    Raises:
        InvalidBody: a value that is not kept.
    """
    _check_members(document)
    values = _identifiers(user, document)
    values |= {name: _boolean(name, document.get(name)) for name in ("blocked", "email_verified", "phone_verified")}
    values |= {name: _namespace(name, getattr(user, name), document.get(name)) for name in metadata.NAMESPACES}
    for name, verified in (("email", "email_verified"), ("phone_number", "phone_verified")):
        # What was verified was the old one.
        values[verified] &= values[name] == getattr(user, name) or verified in mentioned
    values["profile"] = _profile(user, document)
    changed = [name for name in profiles.MEMBERS if values["profile"].get(name) != user.profile.get(name)]
    changed += [name for name in ("email", "username", "phone_number") if values[name] != getattr(user, name)]
    if changed:
        values["provenance"] = provenance.noted(user.provenance, changed, source)
    if password:
        values |= {"password_hash": _hashed(password, user), "last_password_reset": clock.now()}
    return Edited(replace(user, **values), sign_out=bool(password) or (values["blocked"] and not user.blocked))


def _check_members(document: Mapping[str, Any]) -> None:
    if unknown := sorted(set(document) - {*EDITABLE, *profiles.MEMBERS}):
        raise InvalidBody(f"Payload validation error: 'Additional properties not allowed: {', '.join(unknown)[:200]}'")


def _identifiers(user: User, document: Mapping[str, Any]) -> dict[str, Any]:
    canonical = {
        "email": identifiers.canonical_email,
        "username": identifiers.canonical_username,
        "phone_number": identifiers.canonical_phone,
    }
    values = dict.fromkeys(canonical, "")
    for name, make in canonical.items():
        given = document.get(name) or ""
        if not isinstance(given, str):
            raise InvalidBody(f"{name} must be a string")
        try:
            values[name] = make(given) if given else ""
        except identifiers.InvalidIdentifier as flaw:
            raise InvalidBody(f"{name}: {flaw.reason}") from flaw
    if not any(values.values()):
        raise InvalidBody("a user needs an email, a username or a phone_number")
    return values


def _boolean(name: str, value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise InvalidBody(f"{name} must be true or false")
    return bool(value)


def _namespace(name: str, before: Mapping[str, Any], value: object) -> dict[str, Any]:
    value = {} if value is None else value
    if not isinstance(value, dict):
        raise InvalidBody(f"{name} must be an object")
    try:
        metadata.accept(name, before, value)
    except metadata.Unacceptable as flaw:
        raise InvalidBody(flaw.reason) from flaw
    return value


def _profile(user: User, document: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return profiles.changed(user.profile, {name: document.get(name) for name in profiles.MEMBERS})
    except profiles.Unacceptable as flaw:
        raise InvalidBody(str(flaw)) from flaw


def _hashed(password: str, user: User) -> str:
    try:
        passwords.check_policy(password, context=(user.email, user.username))
    except passwords.Unacceptable as flaw:
        raise InvalidBody(f"PasswordStrengthError: {flaw.reason}") from flaw
    return passwords.hash_password(password)
