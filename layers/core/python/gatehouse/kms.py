"""The key that wraps all others, in KMS. The only module that knows KMS."""

import base64
import random
import time
from collections.abc import Mapping
from typing import Any, Final

from gatehouse import aws
from gatehouse.errors import Unavailable
from gatehouse.settings import settings

_ATTEMPTS: Final = 2
_PAUSE_SECONDS: Final = 0.1
# Beside what is of any service, whatever status these come with.
_TRANSIENT: Final = ("DependencyTimeoutException", "KMSInternalException")

# What a wrapped secret is bound to: KMS unwraps it only where the same is said, and policies tell functions apart by it.
Context = Mapping[str, str]


def encrypt(secret: bytes, context: Context) -> bytes:
    """A secret of at most 4096 bytes as KMS encrypts it.

    Raises:
        Unavailable: KMS does not, and so below.
    """
    return _bytes(_call("Encrypt", context, Plaintext=base64.b64encode(secret).decode()), "CiphertextBlob")


def decrypt(wrapped: bytes, context: Context) -> bytes:
    """What KMS encrypted, or made and encrypted."""
    return _bytes(_call("Decrypt", context, CiphertextBlob=base64.b64encode(wrapped).decode()), "Plaintext")


def new_data_key(context: Context) -> bytes:
    """32 random bytes, encrypted, and seen by nobody."""
    return _bytes(_call("GenerateDataKeyWithoutPlaintext", context, NumberOfBytes=32), "CiphertextBlob")


def new_key_pair(spec: str, context: Context) -> tuple[bytes, bytes]:
    """A private key, encrypted and seen by nobody, and its public half as DER. spec: as RSA_2048."""
    answer = _call("GenerateDataKeyPairWithoutPlaintext", context, KeyPairSpec=spec)
    return _bytes(answer, "PrivateKeyCiphertextBlob"), _bytes(answer, "PublicKey")


def _bytes(answer: Mapping[str, Any], name: str) -> bytes:
    return base64.b64decode(answer[name])


def _call(operation: str, context: Context, **parameters: Any) -> dict[str, Any]:
    asked = {"KeyId": settings().key_arn, "EncryptionContext": dict(context), **parameters}
    for attempt in range(1, _ATTEMPTS + 1):
        cause: Exception
        try:
            return aws.call(aws.KMS, operation, asked)
        except aws.Refused as refusal:
            trouble, cause = refusal.code, refusal
            if not _transient(refusal):
                break
        except aws.Unreachable as unreachable:
            trouble, cause = str(unreachable), unreachable
        except aws.NoCredentials as missing:
            trouble, cause = f"no credentials: {missing}", missing
            break
        if attempt < _ATTEMPTS:
            time.sleep(random.uniform(0.5, 1) * _PAUSE_SECONDS)  # noqa: S311 - jitter, not a secret
    raise Unavailable(detail=f"kms {operation}: {trouble}") from cause


def _transient(refusal: aws.Refused) -> bool:
    return refusal.transient or refusal.code in _TRANSIENT
