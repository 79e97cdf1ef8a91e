"""A user as others are shown them: in the shape of Auth0's Management API, and without what opens their account."""

from collections.abc import Mapping
from typing import Any, Final

from gatehouse import clock
from gatehouse.users import User

DATABASE: Final = "Username-Password-Authentication"


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
