"""JSON Web Signatures by hand, so that a test can get any part of one wrong (RFC 7515)."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# What a key signs with that does not say.
_ALGORITHMS = {"EC": "ES256", "OKP": "EdDSA", "RSA": "PS256"}
_PUBLIC = ("kty", "crv", "x", "y", "n", "e")


def new_ec_key() -> dict[str, Any]:
    """A private JWK for ES256."""
    return _private(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()))) | {"alg": "ES256"}


def new_rsa_key(alg: str) -> dict[str, Any]:
    """A private JWK for RS256 or PS256."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return _private(jwt.algorithms.RSAAlgorithm.to_jwk(private)) | {"alg": alg}


def public(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The public part, with nothing but what makes the key (RFC 7638 3.2)."""
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def algorithm(jwk: Mapping[str, Any]) -> str:
    return str(jwk.get("alg") or _ALGORITHMS[jwk["kty"]])


def signed(jwk: Mapping[str, Any], payload: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """A JWS under a private JWK. header: overrides the usual one; a member that is None is left out, but signed as usual."""
    alg = algorithm(jwk)
    usual = {"alg": alg, "typ": "JWT"} | ({"kid": jwk["kid"]} if "kid" in jwk else {})
    members = {name: value for name, value in (usual | dict(header or {})).items() if value is not None}
    signing_input = f"{base64url(members)}.{base64url(payload)}"
    method = jwt.get_algorithm_by_name(alg)
    signature = method.sign(signing_input.encode(), jwt.PyJWK.from_dict(dict(jwk), algorithm=alg).key)
    return f"{signing_input}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def unsigned(payload: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """A JWS with the algorithm none."""
    return f"{base64url({'alg': 'none', 'typ': 'JWT'} | dict(header or {}))}.{base64url(payload)}."


def base64url(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(dict(value)).encode()).rstrip(b"=").decode()


def _private(jwk: str) -> dict[str, Any]:
    """Without key_ops, which would say that the key cannot verify."""
    return {name: value for name, value in json.loads(jwk).items() if name != "key_ops"}
