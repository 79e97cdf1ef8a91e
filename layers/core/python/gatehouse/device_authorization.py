"""The device authorization endpoint (RFC 8628 3.1 and 3.2)."""

from typing import Any

from gatehouse import device_codes, resources
from gatehouse.clients import DEVICE_GRANT, Client, scope_is_wellformed
from gatehouse.errors import InvalidScope, UnauthorizedClient
from gatehouse.settings import settings

LONGEST_SCOPE = 1024


def begin(client: Client, parameters: dict[str, str]) -> dict[str, Any]:
    """The answer to a device: its code, the one for the person, where to type it, and how often to ask (seconds).

    Raises:
        UnauthorizedClient: not registered for the grant. InvalidScope, InvalidTarget: what is asked for cannot be.
    """
    if DEVICE_GRANT not in client.grant_types:
        raise UnauthorizedClient(f"the client may not use {DEVICE_GRANT}")
    if client.organization_usage == "require":
        raise UnauthorizedClient("the client must name an organization, which a device cannot")
    requested = parameters.get("scope", "")
    if len(requested) > LONGEST_SCOPE or not scope_is_wellformed(requested):
        raise InvalidScope(f"scope is longer than {LONGEST_SCOPE} characters, or has some that no scope may have")
    target = resources.requested(parameters, resources.allowed(client))
    device_code, user_code = device_codes.begin(client.client_id, client.granted_scope(requested), target)
    page = f"{settings().base_url}/u/device"
    return {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={user_code}",
        "expires_in": device_codes.SECONDS,
        "interval": device_codes.INTERVAL_SECONDS,
    }
