"""The events that hooks are sent: Cognito's Lambda trigger events, and members of our own beside theirs.

Amazon Cognito Developer Guide, "Customizing user pool workflows with Lambda triggers". Ours are request.user, request.context,
request.configuration and request.secretArn; functions for Cognito do not look at them.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from gatehouse import clock
from gatehouse.hooks import Hook
from gatehouse.settings import settings
from gatehouse.users import PROFILE_CLAIMS, User

# Stands where no client has to do with it, as in Cognito.
NO_CLIENT: Final = "CLIENT_ID_NOT_APPLICABLE"
_SDK: Final = "gatehouse-1"
_MOST_CUSTOM: Final = 50


def envelope(
    hook: Hook,
    source: str,
    *,
    user_name: str,
    client_id: str,
    idempotency_id: str,
    request: Mapping[str, Any],
    response: Mapping[str, Any],
) -> dict[str, Any]:
    """The event of a trigger source for one hook. request, response: as the trigger has them, without what every event has."""
    common: dict[str, Any] = {"clientMetadata": {"hook_id": hook.id, "idempotency_id": idempotency_id}}
    if hook.configuration:
        common["configuration"] = dict(hook.configuration)
    if hook.secret_arn:
        common["secretArn"] = hook.secret_arn
    return {
        "version": hook.event if hook.event in ("1", "2", "3") else "1",
        "triggerSource": source,
        "region": settings().region,
        "userPoolId": pool_id(),
        "userName": user_name,
        "callerContext": {"awsSdkVersion": _SDK, "clientId": client_id},
        "request": {**request, **common},
        "response": dict(response),
    }


def idempotency_id(kind: str, *parts: str) -> str:
    """An id that is the same whenever the parts are, and tells nobody what they are. kind: letters and hyphens, at most 20."""
    digest = hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
    return f"{kind}-{digest[:40]}"


def pool_id() -> str:
    """What stands for the id of a user pool: region and stack."""
    return f"{settings().region}_{re.sub(r'[^A-Za-z0-9]', '', settings().stack_name)}"


def user_attributes(user: User) -> dict[str, str]:
    """The person as Cognito tells of them: every value a string. custom:…: the simple values at the first level of app_metadata."""
    told: dict[str, Any] = {"sub": user.user_id} if user.user_id else {}
    told["cognito:user_status"] = "CONFIRMED"
    told |= {name: user.profile.get(name) for name in (*PROFILE_CLAIMS, "address")}
    if user.email:
        told |= {"email": user.email, "email_verified": user.email_verified}
    if user.phone_number:
        told |= {"phone_number": user.phone_number, "phone_number_verified": user.phone_verified}
    simple = {name: value for name, value in user.app_metadata.items() if isinstance(value, str | int | float | bool)}
    told |= {f"custom:{name}": simple[name] for name in sorted(simple)[:_MOST_CUSTOM]}
    return {name: _text(value) for name, value in told.items() if value not in (None, "")}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return str(value.get("formatted", ""))
    return str(value)


def user_document(user: User) -> dict[str, Any]:
    """The person as they are here: what hooks of our own kind read, and no secret."""
    return {
        "user_id": user.user_id,
        "email": user.email,
        "email_verified": user.email_verified,
        "username": user.username,
        "phone_number": user.phone_number,
        "phone_verified": user.phone_verified,
        "profile": user.profile,
        "user_metadata": user.user_metadata,
        "app_metadata": user.app_metadata,
        "identities": [{name: identity.get(name) for name in ("connection", "provider", "user_id")} for identity in user.identities],
        "created_at": clock.iso(user.created_at),
        "logins_count": user.logins_count,
    }
