"""Signing what we post to others: their way of knowing that it comes from us, is whole and is fresh (Standard Webhooks 1.0).

A secret may have a predecessor, so that receivers change over in their own time; then every message carries two signatures.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from gatehouse import clock, keys

_PURPOSE: Final = "messages"
_BYTES: Final = 32
PREFIX: Final = "whsec_"
# How long an old secret may stay in use beside the new one.
LONGEST_OVERLAP_SECONDS: Final = 30 * 86400


@dataclass(frozen=True, slots=True)
class Secret:
    """As KMS wrapped it. previous: the one before, which counts until previous_until, in seconds since the epoch; empty for none."""

    current: bytes
    previous: bytes = b""
    previous_until: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return cls(item["current"], item["previous"], item["previous_until"])


def new_secret() -> tuple[Secret, str]:
    """A secret, and what its receiver is given of it once: whsec_ and base64.

    Raises:
        Unavailable: KMS does not encrypt.
    """
    value = secrets.token_bytes(_BYTES)
    return Secret(keys.wrap(_PURPOSE, value)), PREFIX + base64.b64encode(value).decode()


def successor(secret: Secret, *, overlap_seconds: int) -> tuple[Secret, str]:
    """A new secret, beside which the present one counts for so long. As new_secret."""
    made, shown = new_secret()
    until = clock.now() + min(overlap_seconds, LONGEST_OVERLAP_SECONDS)
    return Secret(made.current, secret.current if overlap_seconds else b"", until if overlap_seconds else 0), shown


def headers(secret: Secret, message_id: str, body: bytes, *, now: int | None = None) -> dict[str, str]:
    """webhook-id, webhook-timestamp and webhook-signature over both and the body. message_id: the same for every repeat, without a dot.

    Raises:
        Unavailable: KMS does not decrypt.
    """
    at = clock.now() if now is None else now
    counting = [secret.current, *([secret.previous] if secret.previous and at < secret.previous_until else [])]
    signed = f"{message_id}.{at}.".encode() + body
    signatures = [hmac.digest(keys.unwrap(_PURPOSE, wrapped), signed, "sha256") for wrapped in counting]
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }
