"""A client of the FAPI 2.0 Security Profile: pushes its requests, signs who it is, and proves that it holds its key."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.conformance import assertions
from tests.conformance.browser import Browser, Landing
from tests.conformance.configuration import Client
from tests.conformance.proofs import proof
from tests.conformance.provider import Provider, check_id_token, json_of
from tests.conformance.relying_party import RelyingParty, random_text
from tests.conformance.signing import new_ec_key

LONGEST_REQUEST_URI_SECONDS = 600
LONGEST_CODE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Granted:
    """All of one completed authorization. claims: of the ID token."""

    code: str
    tokens: dict[str, Any]
    claims: dict[str, Any]


@dataclass(frozen=True)
class FapiClient:
    """The client at work in one browser. key: the private JWK of its DPoP proofs. verifier: of its code challenges."""

    provider: Provider
    client: Client
    browser: Browser
    key: Mapping[str, Any] = field(default_factory=new_ec_key)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def party(self) -> RelyingParty:
        """What a FAPI client has in common with others."""
        return RelyingParty(self.provider, self.client, self.browser)

    def request(self, **changes: str | None) -> dict[str, str]:
        """The authorization request to push; a change to None leaves a parameter out."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        return self.party.request(**({"code_challenge": challenge, "code_challenge_method": "S256", "state": random_text(10)} | changes))

    def push(
        self, request: Mapping[str, str], *, authentication: Mapping[str, str] | None = None, key: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """What the pushed authorization request endpoint says (RFC 9126 2). key: the private JWK of a proof that goes with it."""
        url = self.provider.metadata["pushed_authorization_request_endpoint"]
        return self._post(url, request, authentication, lambda nonce: proof(key, "POST", url, nonce=nonce) if key else "")

    def pushed(self, request: Mapping[str, str], **more: Any) -> str:
        """The request_uri of a request that is accepted (RFC 9126 2.2)."""
        return str(self.accepted(request, **more)["request_uri"])

    def accepted(self, request: Mapping[str, str], **more: Any) -> dict[str, Any]:
        """The answer to a request that is accepted (RFC 9126 2.2)."""
        answer: dict[str, Any] = json_of(self.push(request, **more), status=201)
        assert 5 <= answer["expires_in"] < LONGEST_REQUEST_URI_SECONDS, "FAPI 2.0 5.3.2.2: a request_uri lives for less than 600 seconds"
        return answer

    def go(self, request_uri: str, *, unattended: bool = False, refuse: bool = False, **outside: str) -> Landing:
        """Send the browser to the authorization endpoint with nothing but client_id and request_uri (RFC 9126 4)."""
        url = self.party.url({"client_id": self.client.client_id, "request_uri": request_uri} | outside)
        return self.browser.open(url, unattended=unattended, refuse=refuse)

    def code(self, request: Mapping[str, str]) -> str:
        """A code for the request, from pushing to coming back."""
        return self.party.code(request, self.go(self.pushed(request)))

    def authentication(self, audience: object = None, jwk: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, str]:
        """Form fields of client authentication; its audience is the issuer as a plain string (FAPI 2.0 5.3.2.1)."""
        return assertions.authentication(self.client, assertions.claims(self.client, audience or self.provider.issuer, **changes), jwk)

    def token(
        self, form: Mapping[str, str], *, authentication: Mapping[str, str] | None = None, proven: bool = True, **claims: Any
    ) -> httpx.Response:
        """What the token endpoint says. claims: changes to the proof's; proven: whether there is a proof at all."""
        url = self.provider.metadata["token_endpoint"]
        return self._post(url, form, authentication, lambda nonce: proof(self.key, "POST", url, nonce=nonce, **claims) if proven else "")

    def redeem(self, code: str, **more: Any) -> httpx.Response:
        """What the token endpoint says to the code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.client.redirect_uri, "code_verifier": self.verifier}
        return self.token(form, **more)

    def redeemed(self, code: str, **more: Any) -> dict[str, Any]:
        """The token response for the code."""
        return check_bound(self.redeem(code, **more))

    def complete(self, **changes: str | None) -> Granted:
        """The whole of an authorization, everything checked."""
        request = self.request(**changes)
        return self.finish(request, self.go(self.pushed(request)))

    def finish(self, request: Mapping[str, str], landing: Landing) -> Granted:
        """Everything after the browser came back."""
        code = self.party.code(request, landing)
        tokens = self.redeemed(code)
        claims = check_id_token(self.provider, self.client, tokens | {"code": code}, request.get("nonce"))
        userinfo = json_of(self.resource(tokens["access_token"]))
        assert userinfo["sub"] == claims["sub"], "Core 5.3.2: sub of userinfo and of the ID token are the same"
        return Granted(code, tokens, claims)

    def resource(self, access_token: str, *, scheme: str = "DPoP", **claims: Any) -> httpx.Response:
        """What userinfo, the protected resource at hand, says to the token and a proof. claims: changes to the proof's."""
        url = self.provider.metadata["userinfo_endpoint"]
        first = proof(self.key, "GET", url, access_token=access_token, **claims)
        answer = self.present(access_token, [("dpop", first)], scheme=scheme)
        if answer.status_code == 401 and "use_dpop_nonce" in answer.headers.get("www-authenticate", ""):
            nonce = answer.headers["dpop-nonce"]
            second = proof(self.key, "GET", url, access_token=access_token, nonce=nonce, **claims)
            return self.present(access_token, [("dpop", second)], scheme=scheme)
        return answer

    def present(self, access_token: str, headers: list[tuple[str, str]], *, scheme: str = "DPoP") -> httpx.Response:
        """What userinfo says to the token with these headers."""
        url = self.provider.metadata["userinfo_endpoint"]
        return self.provider.http.get(url, headers=[("authorization", f"{scheme} {access_token}"), *headers])

    def _post(
        self, url: str, form: Mapping[str, str], authentication: Mapping[str, str] | None, proof_with: Callable[[str], str]
    ) -> httpx.Response:
        """Once more if the proof needs a nonce of the server (RFC 9449 8)."""
        nonce = ""
        while True:
            proven = proof_with(nonce)
            given = self.authentication() if authentication is None else authentication
            answer = self.provider.http.post(url, data=dict(form) | dict(given), headers={"dpop": proven} if proven else {})
            if nonce or not proven or answer.status_code != 400 or answer.json().get("error") != "use_dpop_nonce":
                return answer
            nonce = answer.headers["dpop-nonce"]


def check_bound(response: httpx.Response) -> dict[str, Any]:
    """A success response of the token endpoint with a token that is bound to a key (RFC 9449 5)."""
    tokens: dict[str, Any] = json_of(response)
    assert "no-store" in response.headers.get("cache-control", ""), "Core 3.1.3.3: Cache-Control is no-store"
    assert tokens["token_type"].lower() == "dpop", "RFC 9449 5: token_type is DPoP"
    assert isinstance(tokens["expires_in"], int) and tokens["expires_in"] > 0, "RFC 6749 5.1: expires_in is a number of seconds"
    return tokens


def check_push_refused(response: httpx.Response, *errors: str, statuses: tuple[int, ...] = (400,)) -> None:
    """An error response of the pushed authorization request endpoint (RFC 9126 2.3)."""
    assert response.status_code in statuses, f"RFC 9126 2.3: one of {statuses} was expected: {response.status_code} {response.text}"
    assert json_of(response, status=response.status_code).get("error") in errors, f"one of {errors} was expected: {response.text}"
