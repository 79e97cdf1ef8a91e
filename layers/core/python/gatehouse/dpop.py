"""DPoP (RFC 9449): proof that whoever sends a request holds a key. Nothing is stored; how long a proof can be repeated is bounded.

At the token and pushed-request endpoints a proof carries a nonce of ours. What it buys there is bound to the key or single-use by itself,
so that a repeated proof buys nothing. At a resource it names the access token and is good for PROOF_SECONDS.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from gatehouse import clock, jose, keys
from gatehouse.errors import InvalidDpopProof, UseDpopNonce
from gatehouse.jose import foreign

ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")
_PURPOSE = "dpop-nonce"
_TYPE = "dpop+jwt"
LONGEST_PROOF = 4096
LONGEST_JTI = 256
PROOF_SECONDS = 60
# With a nonce that tells when it was made, the sender's clock may be wrong by more.
PROOF_SECONDS_WITH_NONCE = 300
# A nonce is the minute it was given in, and good for this many minutes.
_NONCE_SECONDS = 60
_NONCE_AGE = 5


def nonce() -> str:
    """A nonce for the next proof; the same within a minute."""
    return keys.authenticate(_PURPOSE, str(clock.now() // _NONCE_SECONDS))


def authorized(proof: str, *, method: str, url: str, algorithms: Collection[str] = ALGORITHMS) -> str:
    """The thumbprint of the key that signed a proof for the authorization server itself, with a nonce of ours.

    Raises:
        InvalidDpopProof: it is none for this request.
        UseDpopNonce: its nonce is missing or old.
    """
    thumbprint, claims = _verified(proof, method, url, algorithms)
    if not _fresh(claims.get("nonce")):
        raise UseDpopNonce(nonce())
    _check_age(claims, PROOF_SECONDS_WITH_NONCE)
    return thumbprint


def presented(proof: str, access_token: str, *, method: str, url: str) -> str:
    """The thumbprint of the key that signed a proof for a resource, beside this access token.

    Raises:
        InvalidDpopProof: it is none for this request and token.
    """
    thumbprint, claims = _verified(proof, method, url, ALGORITHMS)
    _check_age(claims, PROOF_SECONDS)
    if claims.get("ath") != jose.b64encode(hashlib.sha256(access_token.encode()).digest()):
        raise InvalidDpopProof("ath is not the hash of the access token")
    return thumbprint


def _verified(proof: str, method: str, url: str, algorithms: Collection[str]) -> tuple[str, Mapping[str, Any]]:
    if len(proof) > LONGEST_PROOF:
        raise InvalidDpopProof("the DPoP header is too long")
    try:
        jwk = foreign.header_of(proof).get("jwk")
        if not isinstance(jwk, dict):
            raise jose.InvalidJWT("the header has no jwk")
        foreign.public_key(jwk)
        claims = foreign.verify(proof, [jwk], algorithms=algorithms, types=(_TYPE,))
        jose.check_times(claims, clock.now(), required=("iat",), skew_seconds=PROOF_SECONDS_WITH_NONCE)
    except (jose.InvalidJWT, foreign.InvalidKey) as flaw:
        raise InvalidDpopProof("the DPoP header holds no valid proof", detail=str(flaw)) from flaw
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise InvalidDpopProof("jti is missing")
    if claims.get("htm") != method:
        raise InvalidDpopProof("htm is another method")
    htu = claims.get("htu")
    if not isinstance(htu, str) or (place := _same_place(htu)) is None or place != _same_place(url):
        raise InvalidDpopProof("htu is another address")
    return foreign.thumbprint(jwk), claims


def _check_age(claims: Mapping[str, Any], seconds: int) -> None:
    if abs(clock.now() - claims["iat"]) > seconds:
        raise InvalidDpopProof("iat is too long ago or ahead")


def _fresh(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        minute = int(keys.authenticated(_PURPOSE, value))
    except jose.Forged:
        return False
    return -1 <= clock.now() // _NONCE_SECONDS - minute <= _NONCE_AGE


def _same_place(url: str) -> tuple[str, str, int | None, str] | None:
    """What of a URL counts: without query and fragment, scheme and host in lower case, the usual port left out (RFC 9449 4.3)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", None if port == usual else port, parts.path or "/"
