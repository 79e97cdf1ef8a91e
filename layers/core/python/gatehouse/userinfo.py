"""Which claims about a person a scope opens (OpenID Connect Core 5.3 and 5.4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse.users import PROFILE_CLAIMS, ROLES_SCOPE, SCOPE_OF, User

CUSTOM_DATA_SCOPE = "custom_data"
# Beyond OpenID Connect: what the person set, what was earned, and the business data, for clients that may see them.
# Roles are those of the organization in whose name the person signed in, if they did, and else of the whole tenant; never app_metadata.
CUSTOM_SCOPES = ("user_metadata", "app_metadata", CUSTOM_DATA_SCOPE, ROLES_SCOPE)
CLAIMS = [
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "org_id",
    "at_hash",
    *PROFILE_CLAIMS,
    "updated_at",
    "email",
    "email_verified",
    "address",
    "phone_number",
    "phone_number_verified",
    *CUSTOM_SCOPES,
]


def claims(
    user: User, scope: str, names: str = "", *, role_names: Sequence[str] = (), document: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The claims of `user` that `scope` opens, and those of `names`, as they are now; those without a value are left out. Reads nothing.

    role_names: for the scope roles. document: for the scope custom_data, what `document` below gave.
    """
    asked = names.split()
    everything = _opened(user, {*scope.split(), *(SCOPE_OF[name] for name in asked)}) | {ROLES_SCOPE: list(role_names)}
    everything |= {CUSTOM_DATA_SCOPE: document} if document is not None else {}
    granted = {"sub", *scope.split()}
    return {name: value for name, value in everything.items() if name in asked or SCOPE_OF.get(name, name) in granted}


def role_names(user: User, scope: str, org_id: str) -> list[str]:
    """The names of the person's roles if `scope` opens them: what permissions.roles_of costs, else nothing."""
    if ROLES_SCOPE not in scope.split():
        return []
    # Imported on first use: few clients ask for it.
    from gatehouse import permissions, roles

    return roles.names(permissions.roles_of(user, org_id))


def document(user_id: str, scope: str) -> Mapping[str, Any] | None:
    """The person's business data if `scope` opens it, None if there is none: what custom_data.claim costs, else nothing."""
    if CUSTOM_DATA_SCOPE not in scope.split():
        return None
    # Imported on first use: few clients ask for it.
    from gatehouse import custom_data

    return custom_data.claim(user_id)


def _opened(user: User, granted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"sub": user.user_id}
    if "profile" in granted:
        found |= {name: user.profile.get(name) for name in PROFILE_CLAIMS} | {"updated_at": user.updated_at}
    if "email" in granted:
        found |= {"email": user.email, "email_verified": user.email_verified}
    if "address" in granted:
        found["address"] = user.profile.get("address")
    if "phone" in granted and user.phone_number:
        found |= {"phone_number": user.phone_number, "phone_number_verified": user.phone_verified}
    elif "phone" in granted and user.profile.get("phone_number"):
        # Of people who were seeded: a number that is only told, and that nobody is found by.
        verified = user.profile.get("phone_number_verified", False)
        found |= {"phone_number": user.profile["phone_number"], "phone_number_verified": verified}
    found |= {name: getattr(user, name) for name in ("user_metadata", "app_metadata") if name in granted}
    return {name: value for name, value in found.items() if value not in (None, "")}
