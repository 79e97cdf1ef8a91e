"""Sealing and authenticating what only we read again."""

import hmac
import os
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAC_BYTES: Final = 32


class Forged(Exception):
    """A sealed or authenticated value that we did not make."""


def seal(plaintext: bytes, key: bytes) -> bytes:
    """AES-256-GCM under a fresh nonce, which leads the result. key: 32 bytes."""
    nonce = os.urandom(12)
    return nonce + _cipher(key).encrypt(nonce, plaintext, None)


def unseal(sealed: bytes, key: bytes) -> bytes:
    """What `seal` was given.

    Raises:
        Forged: it was not sealed under this key.
    """
    try:
        return _cipher(key).decrypt(sealed[:12], sealed[12:], None)
    except (InvalidTag, ValueError) as error:
        raise Forged from error


def _cipher(key: bytes) -> "AESGCM":
    # Imported on first use: most of what is ours is readable, and only authenticated.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def mac(message: bytes, key: bytes) -> bytes:
    """HMAC-SHA256, MAC_BYTES long."""
    return hmac.digest(key, message, "sha256")


def mac_holds(message: bytes, code: bytes, key: bytes) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(mac(message, key), code)


def derive(master: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose; a single block of HKDF-Expand (RFC 5869) over a uniformly random master key."""
    return mac(f"gatehouse/{purpose}".encode() + b"\x01", master)
