"""An application by hand: what OAuth 2.0 and OpenID Connect let a client send, one function per request."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from gatehouse.client_registration import Registered
from tests.e2e.deployment import Deployment

TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Beginning:
    """An authorization request, and what must be remembered until the answer comes."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Application:
    """A registered client at its one redirect URI."""

    deployment: Deployment
    registered: Registered
    redirect_uri: str
    scope: str = "openid profile email"

    @property
    def client_id(self) -> str:
        return self.registered.client_id

    def begin(self, **parameters: str) -> Beginning:
        """Parameters of the request override the usual ones."""
        state, nonce, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        url = f"{self.deployment.issuer}/authorize?{urlencode(query | parameters)}"
        return Beginning(url, state, nonce, verifier)

    def finish(self, beginning: Beginning, landed_at: str) -> dict[str, Any]:
        """The token response for the code in the address that the browser landed at."""
        answer = sent_back(landed_at)
        assert answer.get("state") == beginning.state, landed_at
        assert answer.get("iss") == self.deployment.issuer
        tokens = self.token(
            grant_type="authorization_code",
            code=answer["code"],
            redirect_uri=self.redirect_uri,
            code_verifier=beginning.verifier,
        )
        assert tokens.status_code == 200, tokens.text
        body: dict[str, Any] = tokens.json()
        return body

    def token(self, **form: str) -> httpx.Response:
        return self._post("/oauth/token", form)

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def introspect(self, token: str) -> dict[str, Any]:
        answer = self._post("/oauth/introspect", {"token": token})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        """Authenticated as the client is registered: by Basic with a secret, else by its name alone."""
        url = self.deployment.issuer + path
        if self.registered.secret:
            credentials = (self.client_id, self.registered.secret)
            return httpx.post(url, data=form, auth=credentials, timeout=TIMEOUT_SECONDS)
        return httpx.post(url, data={"client_id": self.client_id} | form, timeout=TIMEOUT_SECONDS)


def sent_back(url: str) -> dict[str, str]:
    """The parameters of an authorization response, none of them twice."""
    given = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in given.values()), url
    return {name: value for name, (value,) in given.items()}


def get(url: str, access_token: str = "") -> httpx.Response:
    """GET with a bearer token if one is given."""
    headers = {"authorization": f"Bearer {access_token}"} if access_token else {}
    return httpx.get(url, headers=headers, timeout=TIMEOUT_SECONDS)


def post(url: str, access_token: str, **more: Any) -> httpx.Response:
    """POST with a bearer token."""
    return httpx.post(url, headers={"authorization": f"Bearer {access_token}"}, timeout=TIMEOUT_SECONDS, **more)
