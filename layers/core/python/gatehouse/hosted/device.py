"""The device cookie: a browser that has proven itself for an address counts its attempts apart.

So strangers, however long they guess, cannot lock its owner out.
"""

import hashlib
import secrets

from gatehouse import jose, keys, limits
from gatehouse.web import Request, set_cookie

COOKIE = "gatehouse-device"
SECONDS = 400 * 86400
_PURPOSE = "device"


def limit(request: Request, email: str) -> tuple[limits.Limit, str]:
    """What an attempt of this browser to sign in to the address counts against."""
    device = _known(request, email)
    return (limits.PASSWORD_ON_KNOWN_DEVICE, device) if device else (limits.PASSWORD, email)


def known(request: Request, email: str) -> bool:
    """Whether this browser has signed in to the address before."""
    return bool(_known(request, email))


def remember(request: Request, email: str) -> str:
    """The cookie for a browser that has just signed in to the address."""
    return _cookie(_known(request, email) or _new(email))


def begin(email: str) -> str:
    """The cookie for a browser that has just proven the address by a mailed link: its attempts count from nothing."""
    return _cookie(_new(email))


def _known(request: Request, email: str) -> str:
    """The id of this device for this address, empty if it never proved itself for it."""
    try:
        device = keys.authenticated(_PURPOSE, request.cookies.get(f"__Host-{COOKIE}", ""))
    except jose.Forged:
        return ""
    return device if device.startswith(_digest(email)) else ""


def _new(email: str) -> str:
    return f"{_digest(email)}\n{secrets.token_urlsafe(12)}"


def _cookie(device: str) -> str:
    return set_cookie(COOKIE, keys.authenticate(_PURPOSE, device), seconds=SECONDS)


def _digest(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]
