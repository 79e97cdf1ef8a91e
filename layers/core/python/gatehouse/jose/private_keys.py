"""Private keys as KMS makes them: PKCS#8 in DER (RFC 5208, RFC 5915, RFC 8017, RFC 8410).

The serialization module of cryptography reads them, too, and takes 15 ms to be imported, for formats that there are none of here.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers, RSAPublicNumbers

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

# Contents of an AlgorithmIdentifier: rsaEncryption and null, id-ecPublicKey and prime256v1, id-Ed25519.
_RSA: Final = bytes.fromhex("06092a864886f70d0101010500")
_P256: Final = bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107")
_ED25519: Final = bytes.fromhex("06032b6570")


def private_key(der: bytes) -> PrivateKey:
    """The key, which is ours: nothing about it is checked.

    Raises:
        ValueError: RSA, P-256 or Ed25519 it is not.
    """
    [whole] = _contents(der)
    _version, kind, key, *_ = _contents(whole)
    [inner] = _contents(key)
    if kind == _RSA:
        return _rsa(inner)
    if kind == _P256:
        _version, scalar, *_ = _contents(inner)
        return derive_private_key(int.from_bytes(scalar), SECP256R1())
    if kind == _ED25519:
        return Ed25519PrivateKey.from_private_bytes(inner)
    raise ValueError("not a signing key")


def _rsa(key: bytes) -> RSAPrivateKey:
    _version, n, e, d, p, q, dp, dq, qi = map(int.from_bytes, _contents(key))
    numbers = RSAPrivateNumbers(p, q, d, dp, dq, qi, RSAPublicNumbers(e, n))
    # The check that is skipped costs 41 ms and guards against keys of unknown origin.
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _contents(der: bytes) -> list[bytes]:
    """What the values hold that stand in a row (X.690 8.1)."""
    found = []
    while der:
        begin, length = 2, der[1]
        if length > 127:
            begin += length - 128
            length = int.from_bytes(der[2:begin])
        found.append(der[begin : begin + length])
        der = der[begin + length :]
    return found
