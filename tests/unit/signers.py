"""Keys of clients, and what they sign with them: assertions, request objects, DPoP proofs. By PyJWT, so that it mirrors nothing of ours."""

import base64
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gatehouse.client_registration import Registered
from gatehouse.settings import settings
from tests.unit.conftest import Answer, call
from tests.unit.flows import Browser, basic, new_client, token
from tests.unit.forgery import jws

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
BY_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN = "/oauth/token"


def spelled(value: object) -> str:
    """A value as the id of a test: without what is random in keys, because every process names the same tests."""
    return re.sub(r"(?<![\w-])[\w-]{43}(?![\w-])", "…", repr(value))


@dataclass(frozen=True)
class Key:
    """A client's key pair. kid: as it stands in its JWK and in the headers it signs, empty for none."""

    algorithm: str
    private: Any
    kid: str = ""

    @property
    def jwk(self) -> dict[str, str]:
        """The public half."""
        made: dict[str, Any] = json.loads(jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key()))
        members = {name: made[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in made}
        return members | ({"kid": self.kid} if self.kid else {})

    @property
    def private_jwk(self) -> dict[str, str]:
        made: dict[str, str] = json.loads(jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private))
        return {name: value for name, value in made.items() if isinstance(value, str)}

    @property
    def public_pem(self) -> bytes:
        public: bytes = self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return public

    @property
    def thumbprint(self) -> str:
        """RFC 7638, section 3."""
        members = {name: value for name, value in sorted(self.jwk.items()) if name != "kid"}
        digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def sign(self, claims: Mapping[str, Any] | bytes, **header: Any) -> str:
        """A JWT of these claims, those that are None left out, or of these bytes. Members of the header that are None are left out too."""
        usual = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid or None}
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        payload = claims if isinstance(claims, bytes) else _given(claims)
        return jws(_given(usual | header), payload, lambda signed: algorithm.sign(signed, self.private))


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@cache
def key(algorithm: str = "ES256", kid: str = "", *, bits: int = 2048) -> Key:
    """The key of that name, the same whenever it is asked for."""
    if algorithm in ("RS256", "PS256"):
        return Key(algorithm, rsa.generate_private_key(public_exponent=65537, key_size=bits), kid)
    return Key(algorithm, ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate(), kid)


def signing_client(of: Key, kind: str = "web", **properties: Any) -> Registered:
    """A client that authenticates by assertions of this key."""
    return new_client(kind, **({"token_endpoint_auth_method": "private_key_jwt", "jwks": [of.jwk]} | properties))


def assertion(of: Key, client_id: str, /, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """A client assertion, with these claims instead of good ones; None leaves one out."""
    now = int(time.time())
    good = {"iss": client_id, "sub": client_id, "aud": settings().issuer, "jti": os.urandom(12).hex(), "iat": now, "exp": now + 60}
    return of.sign(good | claims, **(header or {}))


def by_assertion(signed: str) -> dict[str, str]:
    """The parameters that carry it."""
    return {"client_assertion_type": BY_ASSERTION, "client_assertion": signed}


def machine_token(of: Key, client_id: str, /, *, header: Mapping[str, Any] | None = None, **claims: Any) -> Answer:
    """What the token endpoint says to a machine that authenticates by such an assertion."""
    return token(grant_type="client_credentials", **by_assertion(assertion(of, client_id, header=header, **claims)))


def request_object(of: Key, client_id: str, /, *, header: Mapping[str, Any] | None = None, **parameters: Any) -> str:
    """A signed authorization request; None leaves a member out."""
    now = int(time.time())
    own = {"iss": client_id, "client_id": client_id, "aud": settings().issuer, "iat": now, "nbf": now, "exp": now + 300}
    return of.sign(own | parameters, **({"typ": "oauth-authz-req+jwt"} | dict(header or {})))


def proof(
    of: Key, path: str = TOKEN, *, method: str = "POST", nonce: Any = "", access_token: str = "", header: Any = None, **claims: Any
) -> str:
    """A DPoP proof for our own endpoint at this path, with these members and claims instead of good ones; None leaves one out."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()
    good = {
        "jti": os.urandom(12).hex(),
        "htm": method,
        "htu": f"{settings().base_url}{path}",
        "iat": int(time.time()),
        "nonce": nonce or None,
        "ath": digest if access_token else None,
    }
    return of.sign(good | claims, **({"typ": "dpop+jwt", "jwk": of.jwk} | dict(header or {})))


def nonce() -> str:
    """What the token endpoint gives to whoever sends a proof without one."""
    app = machine("ES256")
    refused = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret), dpop=proof(key()))
    assert (refused.status, refused.json["error"]) == (400, "use_dpop_nonce"), refused.body
    return refused.headers["dpop-nonce"]


def machine(algorithm: str = "RS256", **properties: Any) -> Registered:
    return new_client("machine", access_token_alg=algorithm, **properties)


def bound(of: Key, send: Callable[[str], Answer], path: str = TOKEN) -> Answer:
    """As a client does: send a proof of this key, and once more with the nonce that the answer asks for."""
    refused = send(proof(of, path))
    assert (refused.status, refused.json["error"]) == (400, "use_dpop_nonce"), refused.body
    return send(proof(of, path, nonce=refused.headers["dpop-nonce"]))


def bound_token(of: Key, **form: str) -> Answer:
    """The token endpoint's answer to this form, sent with proofs of this key."""
    return bound(of, lambda signed: token(**form, dpop=signed))


def push(form: Mapping[str, str], *, authorization: str = "", dpop: str = "") -> Answer:
    """POST /oauth/par"""
    headers = {name: value for name, value in {"authorization": authorization, "dpop": dpop}.items() if value}
    return call("push_authorization", "POST", "/oauth/par", form=dict(form), headers=headers)


def go(browser: Browser, client_id: str, request_uri: str, **more: str) -> Answer:
    """GET /authorize with a request_uri and nothing else but `more`."""
    return browser.get("authorize", f"/authorize?{urlencode({'client_id': client_id, 'request_uri': request_uri} | more)}")


def resource(function: str, path: str, access_token: str, proven: str, *, method: str = "GET", scheme: str = "DPoP") -> Answer:
    """An endpoint of ours that takes access tokens, called with a proof."""
    headers = {"authorization": f"{scheme} {access_token}"} | ({"dpop": proven} if proven else {})
    return call(function, method, path, headers=headers)


def bound_userinfo(of: Key, access_token: str, **changes: Any) -> Answer:
    """Userinfo, called as the holder of the key does; changes: to the proof."""
    return resource(
        "userinfo", "/userinfo", access_token, proof(of, "/userinfo", **({"method": "GET", "access_token": access_token} | changes))
    )


@dataclass
class KeyServer:
    """A client's own host. body: of its answers, with this status. asked: how often it was called."""

    url: str
    body: bytes = b""
    status: int = 200
    asked: int = 0

    def publish(self, *these: Key) -> None:
        self.body = json.dumps({"keys": [one.jwk for one in these]}).encode()


@contextmanager
def serving(*these: Key) -> Iterator[KeyServer]:
    """A host on this machine that publishes these keys until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked += 1
            self.send_response(host.status)
            self.send_header("content-length", str(len(host.body)))
            self.end_headers()
            self.wfile.write(host.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = KeyServer(f"http://localhost:{server.server_port}/jwks.json")
    host.publish(*these)
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
