"""A user as the Management API shows it (Auth0's shape), and the part of it that can be changed: from the record, and back into it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from gatehouse import clock, identifiers, metadata, passwords, provenance
from gatehouse.management.refusals import InvalidBody
from gatehouse.user_changes import Edited
from gatehouse.users import PROFILE_CLAIMS, User

DATABASE: Final = "Username-Password-Authentication"
LONGEST_VALUE: Final = 1024
# Members of the profile that people and operators set, all of them text but for the address.
PROFILE: Final = (*PROFILE_CLAIMS, "address")
# Besides the profile, what a patch may speak of. A password can be set and never read.
EDITABLE: Final = ("email", "email_verified", "username", "phone_number", "phone_verified", "blocked", "user_metadata", "app_metadata")


def shown(user: User) -> dict[str, Any]:
    """The user as JSON: times in ISO 8601, absent values left out, never a password or its hash."""
    told: dict[str, Any] = {
        "user_id": user.user_id,
        "email": user.email or None,
        "email_verified": user.email_verified,
        "username": user.username or None,
        "phone_number": user.phone_number or None,
        "phone_verified": user.phone_verified if user.phone_number else None,
        **user.profile,
        "identities": [_own_identity(user), *map(_identity, user.identities)],
        "user_metadata": user.user_metadata,
        "app_metadata": user.app_metadata,
        "blocked": user.blocked,
        "created_at": clock.iso(user.created_at),
        "updated_at": clock.iso(user.updated_at),
        "last_login": clock.iso(user.last_login) if user.last_login else None,
        "last_ip": user.last_ip or None,
        "logins_count": user.logins_count,
        "last_password_reset": clock.iso(user.last_password_reset) if user.last_password_reset else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _own_identity(user: User) -> dict[str, Any]:
    provider, _, own_id = user.user_id.partition("|")
    return {"connection": DATABASE, "provider": provider, "user_id": own_id, "isSocial": False}


def _identity(identity: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "connection": identity["connection"],
        "provider": identity["provider"],
        "user_id": identity["user_id"],
        "isSocial": identity["is_social"],
        "profileData": identity["profile"],
    }


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
    values |= {name: _namespace(name, document.get(name)) for name in metadata.NAMESPACES}
    for name, verified in (("email", "email_verified"), ("phone_number", "phone_verified")):
        # What was verified was the old one.
        values[verified] &= values[name] == getattr(user, name) or verified in mentioned
    values["profile"] = {name: _checked(name, document[name]) for name in PROFILE if document.get(name) not in (None, "")}
    changed = [name for name in PROFILE if values["profile"].get(name) != user.profile.get(name)]
    changed += [name for name in ("email", "username", "phone_number") if values[name] != getattr(user, name)]
    if changed:
        values["provenance"] = provenance.noted(user.provenance, changed, source)
    if password:
        values |= {"password_hash": _hashed(password, user), "last_password_reset": clock.now()}
    return Edited(replace(user, **values), sign_out=bool(password) or (values["blocked"] and not user.blocked))


def _check_members(document: Mapping[str, Any]) -> None:
    if unknown := sorted(set(document) - {*EDITABLE, *PROFILE}):
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


def _namespace(name: str, value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidBody(f"{name} must be an object")
    try:
        metadata.check(name, value)
    except metadata.Unacceptable as flaw:
        raise InvalidBody(flaw.reason) from flaw
    return value


def _checked(name: str, value: object) -> Any:
    if name == "address":
        return _address(value)
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise InvalidBody(f"{name} must be a string of at most {LONGEST_VALUE} characters")
    return value


def _address(value: object) -> dict[str, str]:
    # OpenID Connect Core 5.1.1
    members = {"formatted", "street_address", "locality", "region", "postal_code", "country"}
    if not isinstance(value, dict) or not members.issuperset(value):
        raise InvalidBody(f"address must be an object with members of {', '.join(sorted(members))}")
    if not all(isinstance(part, str) and len(part) <= LONGEST_VALUE for part in value.values()):
        raise InvalidBody(f"each member of address must be a string of at most {LONGEST_VALUE} characters")
    return value


def _hashed(password: str, user: User) -> str:
    try:
        passwords.check_policy(password, context=(user.email, user.username))
    except passwords.Unacceptable as flaw:
        raise InvalidBody(f"PasswordStrengthError: {flaw.reason}") from flaw
    return passwords.hash_password(password)
