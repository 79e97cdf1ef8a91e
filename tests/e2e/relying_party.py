"""A relying party that somebody else wrote: a program among tests/e2e/clients, driven by its paths, for a person at a browser."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gatehouse.client_registration import Registered
from tests.e2e.application import TIMEOUT_SECONDS
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.visitor import Visitor

# Nobody listens there: what the browser is sent there with is handed to the program.
REDIRECT_URI = "https://app.example.com/callback"
# The last is EdDSA, under the name that these libraries use (RFC 9864).
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
# Longer than a device waits for its person.
_PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """address: where the program answers."""

    address: str
    issuer: str
    redirect_uri: str

    def said(self, path: str, **query: str) -> Any:
        """What it shows after it has done what the path stands for."""
        return httpx.get(self.address + path, params=query or None, timeout=_PATIENCE_SECONDS).json()

    def login(self) -> str:
        """Where it sends the browser to sign in."""
        answer = httpx.get(f"{self.address}/login", timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def landing(self, visitor: Visitor, person: Person) -> str:
        """The query that the browser comes back with after the person has signed in."""
        landed_at = visitor.landing(self.issuer, self.login(), person)
        assert landed_at.startswith(f"{self.redirect_uri}?"), landed_at
        return urlsplit(landed_at).query

    def signed_in(self, person: Person) -> dict[str, Any]:
        """What it holds after the person has signed in to it in a browser of their own: the token response, and the ID token's claims."""
        return self.answered(self.landing(Visitor(), person))

    def answered(self, query: str) -> dict[str, Any]:
        """What it makes of an authorization response."""
        made: dict[str, Any] = self.said(f"/callback?{query}")
        return made


@contextmanager
def running(
    modules: Modules, script: str, stack: Deployment, registered: Registered, *, port: int = 0, **setup: Any
) -> Iterator[RelyingParty]:
    """Run the program for a registered client until the block ends. port: any, unless it matters. setup: as the program reads it."""
    identity = {"issuer": stack.issuer, "client_id": registered.client_id, "secret": registered.secret}
    setup = identity | {"redirect_uri": REDIRECT_URI, "api": f"{stack.instance.orders_url}/orders"} | setup
    with modules.running(script, {"SETUP": json.dumps(setup), "PORT": str(port)}) as address:
        yield RelyingParty(address, stack.issuer, setup["redirect_uri"])


def new_key(algorithm: str, kid: str = "") -> dict[str, str]:
    """A private JWK that names its algorithm."""
    made = jwt.get_algorithm_by_name("EdDSA" if algorithm == "Ed25519" else algorithm).to_jwk(_private_key(algorithm))
    members = {name: value for name, value in json.loads(made).items() if name != "key_ops"}
    return members | {"alg": algorithm} | ({"kid": kid} if kid else {})


def public(jwk: Mapping[str, str]) -> dict[str, str]:
    """The public half."""
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e", "alg", "kid") if name in jwk}


def _private_key(algorithm: str) -> Any:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
