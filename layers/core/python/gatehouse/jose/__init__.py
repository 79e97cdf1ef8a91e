"""Signing and verifying JSON Web Tokens (RFC 7515, 7519, 8725), and sealing what only we read again. No key is fetched here."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from gatehouse.jose.encoding import InvalidJWT, b64decode, b64encode, decoded, json_bytes, json_object
from gatehouse.jose.private_keys import PrivateKey, private_key
from gatehouse.jose.sealing import MAC_BYTES, Forged, derive, mac, mac_holds, seal, unseal
from gatehouse.jose.signatures import (
    PublicKey,
    SigningKey,
    VerificationKey,
    public_jwk,
    signature,
    signature_holds,
    verification_key,
)

__all__ = [
    "LONGEST_KID",
    "LONGEST_TOKEN",
    "MAC_BYTES",
    "SKEW_SECONDS",
    "Forged",
    "InvalidJWT",
    "PrivateKey",
    "PublicKey",
    "SigningKey",
    "VerificationKey",
    "b64decode",
    "b64encode",
    "check_times",
    "derive",
    "mac",
    "mac_holds",
    "private_key",
    "public_jwk",
    "seal",
    "sign",
    "unseal",
    "verification_key",
    "verify",
]

LONGEST_TOKEN: Final = 16_384
LONGEST_KID: Final = 128
SKEW_SECONDS: Final = 60


def sign(claims: Mapping[str, Any], key: SigningKey, *, typ: str) -> str:
    """A compact JWS of `claims`; typ is the header's type, `at+jwt` for access tokens (RFC 9068 2.1)."""
    signed = f"{_header(key.algorithm, typ, key.kid)}.{b64encode(json_bytes(claims))}"
    return f"{signed}.{b64encode(signature(key, signed.encode()))}"


@lru_cache(maxsize=64)
def _header(algorithm: str, typ: str, kid: str) -> str:
    """The first part of a compact JWS, which all that a key signs as one type have in common."""
    return b64encode(json_bytes({"alg": algorithm, "typ": typ, "kid": kid}))


def verify(token: str, keys: Mapping[str, VerificationKey], *, typ: str, now: int, expired_ok: bool = False) -> dict[str, Any]:
    """The claims of a token that one of `keys` signed, of type `typ`, and in force at `now` (seconds).

    The key decides the algorithm; jwk, jku, x5u and x5c are ignored, an unknown `crit` refuses (RFC 8725 3.1, 3.2, 3.10, 3.11).
    expired_ok is for id_token_hint only (OpenID Connect RP-Initiated Logout 1.0 section 2).

    Raises:
        InvalidJWT: with the reason.
    """
    if len(token) > LONGEST_TOKEN or token.count(".") != 2 or not token.isascii():
        raise InvalidJWT("not a compact JWS")
    signed, _, given = token.rpartition(".")
    header_part, _, claims_part = signed.partition(".")
    header = _read(header_part)
    kid = header.get("kid")
    if not isinstance(kid, str) or len(kid) > LONGEST_KID or kid not in keys:
        raise InvalidJWT("unknown kid")
    if header.get("alg") != keys[kid].algorithm:
        raise InvalidJWT("alg is not the key's")
    if "crit" in header:
        raise InvalidJWT("crit names extensions we do not know")
    if str(header.get("typ", "")).lower() != typ.lower():
        raise InvalidJWT(f"typ is not {typ}")
    if not signature_holds(keys[kid], signed.encode(), decoded(given)):
        raise InvalidJWT("signature does not hold")
    claims = json_object(claims_part)
    check_times(claims, now, required=("exp", "iat"), expired_ok=expired_ok)
    return claims


@lru_cache(maxsize=64)
def _read(header: str) -> Mapping[str, Any]:
    """The first part of a compact JWS, which is the same again and again. Says nothing of the signature."""
    return json_object(header)


def check_times(
    claims: Mapping[str, Any], now: int, *, required: tuple[str, ...], skew_seconds: int = SKEW_SECONDS, expired_ok: bool = False
) -> None:
    """Hold exp, iat and nbf against `now` (seconds). required: those that must be there; the others only if they are.

    Raises:
        InvalidJWT: one is missing or no time, or the token is not in force.
    """
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name)
        if (name in required or name in claims) and (type(value) is not int or not 0 <= value < 2**53):
            raise InvalidJWT(f"{name} is not a time")
    if claims.get("exp", now + 1) <= now and not expired_ok:
        raise InvalidJWT("expired")
    if max(claims.get("iat", 0), claims.get("nbf", 0)) > now + skew_seconds:
        raise InvalidJWT("not yet valid")
