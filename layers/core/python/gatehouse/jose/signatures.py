"""Signatures and the keys behind them: RS256, PS256, ES256 on P-256, EdDSA on Ed25519 (RFC 7518, RFC 8037)."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from gatehouse.dataclasses import dataclass
from gatehouse.jose.encoding import b64_number, b64decode, b64encode, number
from gatehouse.jose.private_keys import PrivateKey

_ES256_BYTES: Final = 32

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    algorithm: str
    private: PrivateKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    algorithm: str
    public: PublicKey


@cache
def _es256() -> ec.ECDSA:
    # Made on first use: it imports sixteen modules, in 6 ms.
    return ec.ECDSA(hashes.SHA256())


def signature(key: SigningKey, signed: bytes) -> bytes:
    match key.private:
        case RSAPrivateKey():
            return key.private.sign(signed, _rsa_padding(key.algorithm), hashes.SHA256())
        case EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.private.sign(signed, _es256()))
            return r.to_bytes(_ES256_BYTES) + s.to_bytes(_ES256_BYTES)
        case Ed25519PrivateKey():
            return key.private.sign(signed)


def signature_holds(key: VerificationKey, signed: bytes, given: bytes) -> bool:
    try:
        match key.public:
            case RSAPublicKey():
                key.public.verify(given, signed, _rsa_padding(key.algorithm), hashes.SHA256())
            case EllipticCurvePublicKey():
                if len(given) != 2 * _ES256_BYTES:
                    return False
                r, s = int.from_bytes(given[:_ES256_BYTES]), int.from_bytes(given[_ES256_BYTES:])
                key.public.verify(encode_dss_signature(r, s), signed, _es256())
            case Ed25519PublicKey():
                key.public.verify(given, signed)
    except InvalidSignature:
        return False
    return True


def _rsa_padding(algorithm: str) -> padding.AsymmetricPadding:
    if algorithm == "PS256":
        return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def public_jwk(der: bytes, *, kid: str, algorithm: str) -> dict[str, str]:
    """The JWK (RFC 7517, RFC 8037) of a DER SubjectPublicKeyInfo."""
    # Imported on first use: only rotation makes keys, and this takes 15 ms.
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    common = {"kid": kid, "alg": algorithm, "use": "sig"}
    key = load_der_public_key(der)
    match key:
        case RSAPublicKey():
            numbers = key.public_numbers()
            return common | {"kty": "RSA", "n": b64_number(numbers.n), "e": b64_number(numbers.e)}
        case EllipticCurvePublicKey():
            point = key.public_numbers()
            x, y = (b64encode(value.to_bytes(_ES256_BYTES)) for value in (point.x, point.y))
            return common | {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        case Ed25519PublicKey():
            return common | {"kty": "OKP", "crv": "Ed25519", "x": b64encode(key.public_bytes_raw())}
    raise TypeError(f"not a signing key: {type(key).__name__}")


def verification_key(jwk: Mapping[str, str]) -> VerificationKey:
    """The key of a JWK that `public_jwk` made."""
    match jwk["kty"]:
        case "RSA":
            public: PublicKey = RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()
        case "EC":
            public = ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
        case _:
            public = Ed25519PublicKey.from_public_bytes(b64decode(jwk["x"]))
    return VerificationKey(jwk["alg"], public)
