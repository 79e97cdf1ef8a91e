"""DPoP proofs: that whoever calls holds the key that the token is bound to (RFC 9449)."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from tests.conformance.signing import public, signed


def proof(
    key: Mapping[str, Any],
    method: str,
    url: str,
    *,
    access_token: str = "",
    nonce: str = "",
    header: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A proof for one request (RFC 9449 4.2); a change to None leaves a claim out."""
    claims = proven(method, url, access_token=access_token, nonce=nonce) | changes
    return signed(key, _given(claims), {"typ": "dpop+jwt", "jwk": public(key), "kid": None} | dict(header or {}))


def proven(method: str, url: str, *, access_token: str = "", nonce: str = "") -> dict[str, Any]:
    """The claims of a good proof."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()
    more = {"ath": digest if access_token else None, "nonce": nonce or None}
    return _given({"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())} | more)


def thumbprint(key: Mapping[str, Any]) -> str:
    """The JWK thumbprint, as dpop_jkt names a key (RFC 7638)."""
    canonical = json.dumps(public(key), sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def _given(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}
