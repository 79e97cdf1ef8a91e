"""Which claims about a person a scope opens (OpenID Connect Core 5.3 and 5.4)."""

from typing import Any

from gatehouse.users import PROFILE_CLAIMS, SCOPE_OF, User

# Beyond OpenID Connect: what the person set, what was earned, and the business data, for clients that may see them.
CUSTOM_SCOPES = ("user_metadata", "app_metadata", "custom_data")
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


def claims(user: User, scope: str, names: str = "") -> dict[str, Any]:
    """The claims of `user` that `scope` opens, and those of `names`, as they are now; those without a value are left out."""
    asked = names.split()
    everything = _opened(user, {*scope.split(), *(SCOPE_OF[name] for name in asked)})
    granted = {"sub", *scope.split()}
    return {name: value for name, value in everything.items() if name in asked or SCOPE_OF.get(name, name) in granted}


def _opened(user: User, granted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"sub": user.user_id}
    if "profile" in granted:
        found |= {name: user.profile.get(name) for name in PROFILE_CLAIMS} | {"updated_at": user.updated_at}
    if "email" in granted:
        found |= {"email": user.email, "email_verified": user.email_verified}
    if "address" in granted:
        found["address"] = user.profile.get("address")
    if "phone" in granted and user.profile.get("phone_number"):
        verified = user.profile.get("phone_number_verified", False)
        found |= {"phone_number": user.profile["phone_number"], "phone_number_verified": verified}
    found |= {name: getattr(user, name) for name in CUSTOM_SCOPES if name in granted}
    return {name: value for name, value in found.items() if value not in (None, "")}
