"""Key pairs of KMS, which moto's has not."""

import json
from types import SimpleNamespace
from typing import Any

import boto3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

# Pairs are made once: RSA takes its time, and no test looks at which key it is.
_PAIRS: dict[str, tuple[bytes, bytes]] = {}


def _pair(spec: str) -> tuple[bytes, bytes]:
    if spec not in _PAIRS:
        made: Any = {
            "RSA_2048": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ECC_NIST_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.generate,
        }[spec]()
        private = made.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        _PAIRS[spec] = private, public
    return _PAIRS[spec]


def stand_in() -> None:
    """For all that the session of boto3 asks. What moto encrypts it does decrypt, context checked."""

    def answer(params: dict[str, Any], **_: object) -> tuple[object, dict[str, Any]]:
        asked = json.loads(params["body"])
        private, public = _pair(asked["KeyPairSpec"])
        context = asked["EncryptionContext"]
        wrapped = boto3.client("kms").encrypt(KeyId=asked["KeyId"], Plaintext=private, EncryptionContext=context)["CiphertextBlob"]
        return SimpleNamespace(status_code=200), {"PrivateKeyCiphertextBlob": wrapped, "PublicKey": public}

    session: Any = boto3.DEFAULT_SESSION
    session.events.register("before-call.kms.GenerateDataKeyPairWithoutPlaintext", answer)
