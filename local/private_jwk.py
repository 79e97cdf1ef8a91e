"""Private keys as JWK (RFC 7517), for clients that prove themselves with one."""

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gatehouse.clients import new_identifier

_RSA_BITS = 2048
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


def new_jwk(algorithm: str) -> dict[str, str]:
    """A key for signatures with PS256 or ES256."""
    common = {"kid": new_identifier(16), "use": "sig", "alg": algorithm}
    return common | (_elliptic() if algorithm == "ES256" else _rsa())


def public_part(jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name not in _PRIVATE}


def _elliptic() -> dict[str, str]:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    coordinates = {"d": numbers.private_value, "x": point.x, "y": point.y}
    return {"kty": "EC", "crv": "P-256"} | {name: _encoded(value, 32) for name, value in coordinates.items()}


def _rsa() -> dict[str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS).private_numbers()
    public = private.public_numbers
    crt = {"p": private.p, "q": private.q, "dp": private.dmp1, "dq": private.dmq1, "qi": private.iqmp}
    numbers = {"n": public.n, "e": public.e, "d": private.d} | crt
    return {"kty": "RSA"} | {name: _encoded(value, (value.bit_length() + 7) // 8) for name, value in numbers.items()}


def _encoded(number: int, length: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(length)).rstrip(b"=").decode()
