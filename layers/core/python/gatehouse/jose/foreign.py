"""Keys and JSON Web Tokens that clients made: their assertions, request objects and DPoP proofs (RFC 7517, 7638, 8725)."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from gatehouse.jose import LONGEST_KID, LONGEST_TOKEN
from gatehouse.jose.encoding import InvalidJWT, b64decode, b64encode, decoded, json_bytes, json_object, number
from gatehouse.jose.signatures import PublicKey, VerificationKey, signature_holds

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
# What FAPI 2.0 leaves of them (Security Profile 5.4.1).
STRONG_ALGORITHMS: Final = ("PS256", "ES256", "EdDSA")
MOST_KEYS: Final = 10
# Clocks of clients are nobody's to correct; FAPI 2.0 wants 10 seconds taken and 60 refused.
SKEW_SECONDS: Final = 30
_MEMBERS: Final = {"RSA": ("e", "n"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CURVES: Final = {"EC": "P-256", "OKP": "Ed25519"}
_KINDS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_RSA_BITS: Final = (2048, 4096)


class InvalidKey(Exception):
    """A JWK that no signature is verified with; the message says why."""


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """The key of a JWK: RSA of 2048 to 4096 bits, P-256 or Ed25519.

    Raises:
        InvalidKey: another kind, a malformed one, or one that gives its private half away.
    """
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        raise InvalidKey("kty must be RSA, EC or OKP")
    if any(name in jwk for name in _PRIVATE):
        raise InvalidKey("the key holds its private half")
    if not all(isinstance(jwk.get(name), str) for name in _MEMBERS[kind]):
        raise InvalidKey(f"{kind} needs {', '.join(_MEMBERS[kind])}")
    if kind in _CURVES and jwk["crv"] != _CURVES[kind]:
        raise InvalidKey(f"crv must be {_CURVES[kind]}")
    try:
        return _made(kind, jwk)
    except ValueError as error:
        raise InvalidKey("the numbers make no key") from error


def _made(kind: str, jwk: Mapping[str, Any]) -> PublicKey:
    if kind == "EC":
        return ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
    if kind == "OKP":
        return Ed25519PublicKey.from_public_bytes(b64decode(jwk["x"]))
    key = RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()
    if not _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
        raise ValueError("RSA of an unusual size")
    return key


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a JWK that `public_key` takes (RFC 7638), base64url."""
    members = {name: jwk[name] for name in ("kty", *_MEMBERS[jwk["kty"]])}
    return b64encode(hashlib.sha256(json_bytes(dict(sorted(members.items())))).digest())


def header_of(token: str) -> dict[str, Any]:
    """The header of a compact JWS, which proves nothing yet.

    Raises:
        InvalidJWT: it is none.
    """
    if len(token) > LONGEST_TOKEN or token.count(".") != 2 or not token.isascii():
        raise InvalidJWT("not a compact JWS")
    return json_object(token.partition(".")[0])


def unverified_claims(token: str) -> dict[str, Any]:
    """What a compact JWS says, which proves nothing yet.

    Raises:
        InvalidJWT: it is none.
    """
    header_of(token)
    return json_object(token.split(".")[1])


def verify(token: str, jwks: Sequence[Mapping[str, Any]], *, algorithms: Collection[str], types: Collection[str]) -> dict[str, Any]:
    """The claims of a token that one of `jwks` signed; times, issuer and audience are for the caller to check.

    types: what the header's typ may be, in lower case, "" for absent. A key is taken by kid, or else by its kind.

    Raises:
        InvalidJWT: with the reason.
    """
    header = header_of(token)
    algorithm, kid = _usual(header.get("alg")), header.get("kid")
    if algorithm not in algorithms or not isinstance(algorithm, str):
        raise InvalidJWT("alg is not one that is allowed")
    if "crit" in header or "b64" in header:
        raise InvalidJWT("the header names extensions we do not know")
    if str(header.get("typ", "")).lower().removeprefix("application/") not in types:
        raise InvalidJWT("typ is another")
    if kid is not None and (not isinstance(kid, str) or len(kid) > LONGEST_KID):
        raise InvalidJWT("kid is no key id")
    signed, _, given = token.rpartition(".")
    proof = decoded(given)
    for jwk in [jwk for jwk in jwks if _fits(jwk, algorithm, kid)][:MOST_KEYS]:
        try:
            key = VerificationKey(algorithm, public_key(jwk))
        except InvalidKey:
            continue
        if signature_holds(key, signed.encode(), proof):
            return json_object(signed.partition(".")[2])
    raise InvalidJWT("no key of the client verifies it")


def _fits(jwk: Mapping[str, Any], algorithm: str, kid: str | None) -> bool:
    if jwk.get("kty") != _KINDS[algorithm] or jwk.get("use", "sig") != "sig":
        return False
    # A key that names its algorithm is for that one alone (RFC 8725 3.1).
    return _usual(jwk.get("alg", algorithm)) == algorithm and kid in (None, jwk.get("kid", kid))


def _usual(algorithm: object) -> object:
    """The name that we use: RFC 9864 gave EdDSA with Ed25519 one of its own, and newer libraries send that."""
    return "EdDSA" if algorithm == "Ed25519" else algorithm
