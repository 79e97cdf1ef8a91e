"""The same steps with pushed requests and tokens bound to a key: by a public client, and by one of the FAPI 2.0 profile."""

import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from bench.operations import CALLBACK, CHALLENGE, SCOPE, VERIFIER, Context, Event, Operation, World, event, handler
from gatehouse import client_registration, dpop, jose
from gatehouse.jose import signatures
from gatehouse.settings import settings

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class StrictClient:
    """A client with one key, which signs its proofs and, unless it is public, its assertions."""

    def __init__(self, world: World, *, public: bool) -> None:
        self.public = public
        self.world = world
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        x, y = (jose.b64encode(value.to_bytes(32)) for value in (numbers.x, numbers.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        common: dict[str, Any] = {"redirect_uris": [CALLBACK], "scopes": SCOPE.split()}
        common |= {"dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}
        strict: dict[str, Any] = {"security_profile": "fapi2", "jwks": [self.jwk]}
        own = {"type": "native", "id_token_alg": world.algorithm, "access_token_alg": world.algorithm} if public else strict
        self.client_id = client_registration.register(name="Bank", **common, **own).client_id

    def post(self, sample: str, path: str, form: dict[str, str]) -> Event:
        """A request with a fresh proof, and a fresh assertion unless the client is public."""
        now, url = int(time.time()), settings().base_url + path
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": settings().issuer, "exp": now + 60, "jti": secrets.token_urlsafe(12)}
        proof = {"htm": "POST", "htu": url, "iat": now, "jti": secrets.token_urlsafe(12), "nonce": dpop.nonce()}
        asserted = {"client_assertion_type": _ASSERTION, "client_assertion": self._signed(claims, {"typ": "JWT"})}
        signed = form | ({"client_id": self.client_id} if self.public else asserted)
        return event(sample, form=signed, headers={"dpop": self._signed(proof, {"typ": "dpop+jwt", "jwk": self.jwk})})

    def _signed(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        parts = f"{_encoded({'alg': 'ES256'} | header)}.{_encoded(claims)}"
        key = jose.SigningKey("", "ES256", self.private)
        return f"{parts}.{jose.b64encode(signatures.signature(key, parts.encode()))}"

    def pushing(self) -> Event:
        asked = {"redirect_uri": CALLBACK, "response_type": "code", "scope": SCOPE, "state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj"}
        pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        return self.post("push_authorization", "/oauth/par", asked | pkce)

    def asking(self, cookies: list[str]) -> Event:
        pushed = json.loads(handler("push_authorization")(self.pushing(), Context())["body"])
        return event("authorize", query={"client_id": self.client_id, "request_uri": pushed["request_uri"]}, cookies=cookies)

    def code(self, cookies: list[str]) -> Event:
        answer = handler("authorize")(self.asking(cookies), Context())
        code = dict(parse_qsl(urlsplit(answer["headers"]["location"]).query))["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post("token_exchange_authorization_code", "/oauth/token", form)

    def refresh(self, cookies: list[str]) -> Event:
        tokens = json.loads(handler("token_exchange")(self.code(cookies), Context())["body"])
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.post("token_exchange_refresh_token", "/oauth/token", form)


def operations(world: World) -> list[Operation]:
    """The operations of such clients; each that authenticates by an assertion writes that it is used."""
    return [*_of("bound", StrictClient(world, public=True)), *_of("FAPI", StrictClient(world, public=False))]


def _of(kind: str, client: StrictClient) -> list[Operation]:
    sign_on = client.world.signed_on()
    return [
        Operation(f"push, {kind}", "push_authorization", client.pushing, 201),
        Operation(f"authorize, {kind}", "authorize", lambda: client.asking(sign_on), 303),
        Operation(f"code exchange, {kind}", "token_exchange", lambda: client.code(sign_on)),
        Operation(f"refresh, {kind}", "token_exchange", lambda: client.refresh(sign_on)),
    ]


def _encoded(part: dict[str, Any]) -> str:
    return jose.b64encode(json.dumps(part).encode())
