"""Signing and verifying JSON Web Tokens (RFC 7515, 7519, 8725), and sealing what only we read again. No key is fetched here."""

import base64
import binascii
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

LONGEST_TOKEN: Final = 16_384
LONGEST_KID: Final = 128
SKEW_SECONDS: Final = 60
MAC_BYTES: Final = 32
_ES256_BYTES: Final = 32

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class InvalidJWT(Exception):
    """The token is not one of ours, or not for this use. The message is for the log."""


class Forged(Exception):
    """A sealed or authenticated value that we did not make."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    algorithm: str
    private: PrivateKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    algorithm: str
    public: PublicKey


def sign(claims: Mapping[str, Any], key: SigningKey, *, typ: str) -> str:
    """A compact JWS of `claims`; typ is the header's type, `at+jwt` for access tokens (RFC 9068 2.1)."""
    header = {"alg": key.algorithm, "typ": typ, "kid": key.kid}
    signed = f"{b64encode(_json(header))}.{b64encode(_json(claims))}"
    return f"{signed}.{b64encode(_signature(key, signed.encode()))}"


def verify(token: str, keys: Mapping[str, VerificationKey], *, typ: str, now: int, expired_ok: bool = False) -> dict[str, Any]:
    """The claims of a token that one of `keys` signed, of type `typ`, and in force at `now` (seconds).

    The key decides the algorithm; jwk, jku, x5u and x5c are ignored, an unknown `crit` refuses (RFC 8725 3.1, 3.2, 3.10, 3.11).
    expired_ok is for id_token_hint only (OpenID Connect RP-Initiated Logout 1.0 section 2).

    Raises:
        InvalidJWT: with the reason.
    """
    if len(token) > LONGEST_TOKEN or token.count(".") != 2:
        raise InvalidJWT("not a compact JWS")
    signed, _, signature = token.rpartition(".")
    header_part, _, claims_part = signed.partition(".")
    header = _object(header_part)
    kid = header.get("kid")
    if not isinstance(kid, str) or len(kid) > LONGEST_KID or kid not in keys:
        raise InvalidJWT("unknown kid")
    if header.get("alg") != keys[kid].algorithm:
        raise InvalidJWT("alg is not the key's")
    if "crit" in header:
        raise InvalidJWT("crit names extensions we do not know")
    if str(header.get("typ", "")).lower() != typ.lower():
        raise InvalidJWT(f"typ is not {typ}")
    if not _signature_holds(keys[kid], signed.encode(), _decoded(signature)):
        raise InvalidJWT("signature does not hold")
    claims = _object(claims_part)
    _check_times(claims, now, expired_ok=expired_ok)
    return claims


def _check_times(claims: Mapping[str, Any], now: int, *, expired_ok: bool) -> None:
    for name in ("exp", "iat", *(["nbf"] if "nbf" in claims else [])):
        value = claims.get(name)
        if type(value) is not int or not 0 <= value < 2**53:
            raise InvalidJWT(f"{name} is not a time")
    if claims["exp"] <= now and not expired_ok:
        raise InvalidJWT("expired")
    if max(claims["iat"], claims.get("nbf", 0)) > now + SKEW_SECONDS:
        raise InvalidJWT("not yet valid")


def _signature(key: SigningKey, signed: bytes) -> bytes:
    match key.private:
        case RSAPrivateKey():
            return key.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        case EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.private.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(_ES256_BYTES) + s.to_bytes(_ES256_BYTES)
        case Ed25519PrivateKey():
            return key.private.sign(signed)


def _signature_holds(key: VerificationKey, signed: bytes, signature: bytes) -> bool:
    try:
        match key.public:
            case RSAPublicKey():
                key.public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            case EllipticCurvePublicKey():
                if len(signature) != 2 * _ES256_BYTES:
                    return False
                r, s = int.from_bytes(signature[:_ES256_BYTES]), int.from_bytes(signature[_ES256_BYTES:])
                key.public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
            case Ed25519PublicKey():
                key.public.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def private_key(der: bytes) -> PrivateKey:
    """A PKCS#8 key that KMS made for us."""
    # The check that is skipped costs 41 ms and guards against keys of unknown origin.
    key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise TypeError(f"not a signing key: {type(key).__name__}")
    return key


def public_jwk(der: bytes, *, kid: str, algorithm: str) -> dict[str, str]:
    """The JWK (RFC 7517, RFC 8037) of a DER SubjectPublicKeyInfo."""
    common = {"kid": kid, "alg": algorithm, "use": "sig"}
    key = load_der_public_key(der)
    match key:
        case RSAPublicKey():
            numbers = key.public_numbers()
            return common | {"kty": "RSA", "n": _b64_number(numbers.n), "e": _b64_number(numbers.e)}
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
            public: PublicKey = RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
        case "EC":
            public = ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1()).public_key()
        case _:
            public = Ed25519PublicKey.from_public_bytes(b64decode(jwk["x"]))
    return VerificationKey(jwk["alg"], public)


def seal(plaintext: bytes, key: bytes) -> bytes:
    """AES-256-GCM under a fresh nonce, which leads the result. key: 32 bytes."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, None)


def unseal(sealed: bytes, key: bytes) -> bytes:
    """What `seal` was given.

    Raises:
        Forged: it was not sealed under this key.
    """
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
    except (InvalidTag, ValueError) as error:
        raise Forged from error


def mac(message: bytes, key: bytes) -> bytes:
    """HMAC-SHA256, MAC_BYTES long."""
    return hmac.digest(key, message, "sha256")


def mac_holds(message: bytes, code: bytes, key: bytes) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(mac(message, key), code)


def derive(master: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose; a single block of HKDF-Expand (RFC 5869) over a uniformly random master key."""
    return mac(f"gatehouse/{purpose}".encode() + b"\x01", master)


def b64encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64decode(text: str) -> bytes:
    """The bytes of unpadded base64url.

    Raises:
        ValueError: other characters, padding, an impossible length, or set bits beyond the end.
    """
    # Strict, because a lenient decoder gives one token many spellings.
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if b64encode(data) != text:
        raise ValueError("not canonical base64url")
    return data


def _decoded(part: str) -> bytes:
    try:
        return b64decode(part)
    except (ValueError, binascii.Error) as error:
        raise InvalidJWT("not base64url") from error


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(part))
    except (ValueError, RecursionError) as error:
        raise InvalidJWT("not JSON") from error
    if not isinstance(value, dict):
        raise InvalidJWT("not a JSON object")
    return value


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _number(text: str) -> int:
    return int.from_bytes(b64decode(text))


def _b64_number(value: int) -> str:
    return b64encode(value.to_bytes((value.bit_length() + 7) // 8))
