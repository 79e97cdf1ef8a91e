"""Device authorizations (RFC 8628): what a device asked for, under the code that a person types, until it is decided and fetched.

The device's own code is sealed and names the user code and a secret whose digest is kept, so that nobody polls who only knows a user code.
"""

import hashlib
import secrets
from typing import Any, Self

from gatehouse import clock, jose, keys, session_ids, table
from gatehouse.dataclasses import asdict, dataclass, of_known
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.sign_ons import SignOn
from gatehouse.users import User

SECONDS = 600
INTERVAL_SECONDS = 5
PENDING, APPROVED, DENIED = "pending", "approved", "denied"
# Consonants that are hard to confuse, and no word among them (RFC 8628 6.1): 34 bits, guessed at against limits.DEVICE_CODE.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
_PURPOSE = "device-code"
# How long a device that comes late hears that its code is over, and not that there never was one.
_REMEMBERED_SECONDS = 86400
# Whole seconds and the way through the network make the interval of a punctual device look shorter than it was.
_JITTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Device:
    """status: pending, approved or denied. polled_by: the invocation of the last poll that was counted. resources: separated by spaces.

    Once decided: when, and user_id, of whoever did; once approved: sid, auth_time, amr and claims, of the session that it may begin.
    """

    user_code: str
    digest: bytes
    client_id: str
    scope: str
    resources: str
    expires_at: int
    status: str = PENDING
    interval: int = INTERVAL_SECONDS
    polled_at: int = 0
    polled_by: str = ""
    decided_at: int = 0
    user_id: str = ""
    sid: str = ""
    auth_time: int = 0
    amr: list[str] | None = None
    claims: str = ""

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)

    @property
    def over(self) -> bool:
        return self.expires_at <= clock.now()


def begin(client_id: str, scope: str, resources: str) -> tuple[str, str]:
    """Keep what a device asks for and return its device code and the user code, as it is shown to people. 1 WRU.

    Raises:
        Unavailable: as the table says.
    """
    secret = secrets.token_urlsafe(24)
    digest, expires_at = _digest(secret), clock.now() + SECONDS
    while True:
        user_code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        device = Device(user_code, digest, client_id, scope, resources, expires_at)
        try:
            table.put_new(table.device_key(user_code), asdict(device) | {"ttl": expires_at + _REMEMBERED_SECONDS})
        except table.AlreadyExists as existing:
            # Somebody else's, and be it over; or our own, found by its repeat after a lost answer.
            if existing.item.get("digest") != digest:
                continue
        return keys.seal(_PURPOSE, [user_code, secret]), shown(user_code)


def shown(user_code: str) -> str:
    """A user code as people read it: two groups of four, as BCDF-GHJK; nothing of none."""
    return f"{user_code[: LENGTH // 2]}-{user_code[LENGTH // 2 :]}" if user_code else ""


def typed(text: str) -> str:
    """The user code that somebody typed, however they wrote it; empty if it can be none."""
    code = "".join(character for character in text.upper() if character.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def waiting(user_code: str) -> Device | None:
    """The device that waits for a decision under this (well-formed) code. 1 RRU."""
    item = table.get(table.device_key(user_code))
    device = Device.from_item(item) if item else None
    return device if device and device.status == PENDING and not device.over else None


def find(device_code: str) -> Device | None:
    """The device that this code was given to, decided, over or not. 1 RRU, none for a forged code."""
    try:
        user_code, secret = keys.unseal(_PURPOSE, device_code)
    except jose.Forged:
        return None
    item = table.get(table.device_key(user_code))
    return Device.from_item(item) if item and item["digest"] == _digest(secret) else None


def poll(device: Device, invocation_id: str) -> bool:
    """Note that a pending device asked again: False if it was too soon, and then its interval is 5 s longer from now on (RFC 8628 3.5).

    Of polls at the same instant one is in time. 1 WRU.
    """
    now = clock.now()
    in_time = now - device.polled_at >= device.interval - _JITTER_SECONDS
    interval = device.interval if in_time else device.interval + INTERVAL_SECONDS
    where = [("status", "=", PENDING), ("polled_by", "=", device.polled_by)]
    try:
        table.update(_key(device), where=where, set={"polled_at": now, "polled_by": invocation_id, "interval": interval})
    except table.ConditionFailed as refused:
        item = refused.item or {}
        # Decided meanwhile, which the next poll finds; or our own write, found by its repeat after a lost answer.
        return in_time and (item.get("status") != PENDING or item["polled_by"] == invocation_id)
    return in_time


def approve(asked: AuthorizationRequest, user: User, sign_on: SignOn, claims: str = "") -> bool:
    """Let the device begin a session of this user, under the epoch that they have now. False if it is too late, or decided otherwise.

    claims: what hooks added at the sign-in.
    """
    proof = {"sid": session_ids.new(user.epoch), "auth_time": sign_on.auth_time, "amr": sign_on.amr, "claims": claims}
    return _decided(asked, user, {"status": APPROVED, **proof})


def deny(asked: AuthorizationRequest, user: User) -> bool:
    """Let the device have nothing. False if it is too late, or decided otherwise."""
    return _decided(asked, user, {"status": DENIED})


def _decided(asked: AuthorizationRequest, user: User, decision: dict[str, Any]) -> bool:
    # Exactly what the person was shown, of two decisions the first.
    unchanged = [(name, "=", getattr(asked, name)) for name in ("client_id", "scope", "resources")]
    now = clock.now()
    where = [("status", "=", PENDING), ("expires_at", ">", now), *unchanged]
    try:
        table.update(table.device_key(asked.user_code), where=where, set=decision | {"user_id": user.user_id, "decided_at": now})
    except table.ConditionFailed as refused:
        # A second click, or our own write, found by its repeat after a lost answer: it is as they wanted it.
        item = refused.item or {}
        return (item.get("status"), item.get("user_id")) == (decision["status"], user.user_id)
    return True


def _key(device: Device) -> table.Key:
    return table.device_key(device.user_code)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
