"""Signing what we post to others: their way of knowing that it comes from us, is whole and is fresh (Standard Webhooks 1.0).

A secret may have predecessors, so that receivers change over in their own time; then every message carries a signature of each.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Final, Self

from gatehouse import clock, keys
from gatehouse.dataclasses import dataclass

_PURPOSE: Final = "messages"
_BYTES: Final = 32
PREFIX: Final = "whsec_"
# How long an old secret may stay in use beside the new one, and how many may.
LONGEST_OVERLAP_SECONDS: Final = 30 * 86400
MOST_EARLIER: Final = 3


class TooMany(Exception):
    """So many earlier secrets still count that one more would have to end the oldest, which a receiver may be using."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """As KMS wrapped it. until: when it ends to count, in seconds since the epoch."""

    wrapped: bytes
    until: int


@dataclass(frozen=True, slots=True)
class Secret:
    """As KMS wrapped it. earlier: those before it, the latest first."""

    current: bytes
    earlier: tuple[Earlier, ...] = ()

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        earlier = tuple(Earlier(known["wrapped"], known["until"]) for known in item.get("earlier", ()))
        # As it was stored while there was room for one.
        before = (Earlier(item["previous"], item["previous_until"]),) if item.get("previous") else ()
        return cls(item["current"], earlier or before)

    def counting(self, now: int) -> tuple[Earlier, ...]:
        """The earlier ones that still count."""
        return tuple(known for known in self.earlier if now < known.until)

    @property
    def previous_until(self) -> int:
        """Until when the one before it counts, 0 if it does not."""
        return self.earlier[0].until if self.earlier else 0


def new_secret() -> tuple[Secret, str]:
    """A secret, and what its receiver is given of it once: whsec_ and base64.

    Raises:
        Unavailable: KMS does not encrypt.
    """
    value = secrets.token_bytes(_BYTES)
    return Secret(keys.wrap(_PURPOSE, value)), PREFIX + base64.b64encode(value).decode()


def successor(secret: Secret, new: Secret, *, overlap_seconds: int) -> Secret:
    """The new secret in place of the present one, which counts beside it for so long, and those before until their time; with 0, none does.

    new: of new_secret; if it is the present one already, nothing changes, so that what is repeated after a lost answer ends no secret.

    Raises:
        TooMany: as it says.
    """
    if new.current == secret.current:
        return secret
    if not overlap_seconds:
        return new
    now = clock.now()
    kept = secret.counting(now)
    if len(kept) >= MOST_EARLIER:
        raise TooMany
    return Secret(new.current, (Earlier(secret.current, now + min(overlap_seconds, LONGEST_OVERLAP_SECONDS)), *kept))


def headers(secret: Secret, message_id: str, body: bytes, *, now: int | None = None) -> dict[str, str]:
    """webhook-id, webhook-timestamp and webhook-signature over both and the body. message_id: the same for every repeat, without a dot.

    Raises:
        Unavailable: KMS does not decrypt.
    """
    at = clock.now() if now is None else now
    counting = [secret.current, *(known.wrapped for known in secret.counting(at))]
    signed = f"{message_id}.{at}.".encode() + body
    signatures = [hmac.digest(keys.unwrap(_PURPOSE, wrapped), signed, "sha256") for wrapped in counting]
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }
