"""JSON Web Tokens for the floor: signed and verified with `cryptography` and nothing between."""

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

_ECDSA = ec.ECDSA(hashes.SHA256())
_PADDING = padding.PKCS1v15()
_SHA256 = hashes.SHA256()


class Forged(Exception):
    """No token of ours."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Signer:
    """A key with its algorithm, ES256 or RS256."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.elliptic = algorithm == "ES256"
        self.ec_key = ec.generate_private_key(ec.SECP256R1())
        self.rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec_public = self.ec_key.public_key()
        self.rsa_public = self.rsa_key.public_key()
        self.heads = {typ: self._head(typ) for typ in ("at+jwt", "JWT")}

    def _head(self, typ: str) -> str:
        return b64(json.dumps({"alg": self.algorithm, "kid": self.algorithm.lower(), "typ": typ}).encode()) + "."

    def sign(self, typ: str, claims: dict[str, Any]) -> str:
        unsigned = self.heads[typ] + b64(json.dumps(claims, separators=(",", ":")).encode())
        if self.elliptic:
            r, s = decode_dss_signature(self.ec_key.sign(unsigned.encode(), _ECDSA))
            return f"{unsigned}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
        return f"{unsigned}.{b64(self.rsa_key.sign(unsigned.encode(), _PADDING, _SHA256))}"

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of an access token.

        Raises:
            Forged: it has another header, or not our signature.
        """
        unsigned, _, signature = token.rpartition(".")
        if not unsigned.startswith(self.heads["at+jwt"]):
            raise Forged
        raw = unb64(signature)
        try:
            if self.elliptic:
                der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
                self.ec_public.verify(der, unsigned.encode(), _ECDSA)
            else:
                self.rsa_public.verify(raw, unsigned.encode(), _PADDING, _SHA256)
        except InvalidSignature as trouble:
            raise Forged from trouble
        claims: dict[str, Any] = json.loads(unb64(unsigned.partition(".")[2]))
        return claims

    def jwk(self) -> dict[str, str]:
        about = {"use": "sig", "alg": self.algorithm, "kid": self.algorithm.lower()}
        if self.elliptic:
            point = self.ec_public.public_numbers()
            return about | {"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32, "big")), "y": b64(point.y.to_bytes(32, "big"))}
        numbers = self.rsa_public.public_numbers()
        return about | {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": b64(numbers.e.to_bytes(3, "big"))}
