"""The application that the conformance suite plays: an authorization request, its answer, the code for tokens, and userinfo."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.conformance.browser import Browser, Landing, once
from tests.conformance.configuration import Client
from tests.conformance.provider import Provider, check_id_token, json_of

_SUCCESS = {"code", "state", "iss", "session_state"}
_REFUSAL = {"error", "error_description", "error_uri", "state", "iss", "session_state"}
# Errors of a request that was not to ask the person and would have had to (Core 3.1.2.6).
NEEDS_THE_PERSON = ("login_required", "interaction_required", "account_selection_required", "consent_required")


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of one completed authorization. claims: of the ID token."""

    request: Mapping[str, str]
    landing: Landing
    code: str
    tokens: dict[str, Any]
    claims: dict[str, Any]
    userinfo: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """A client at work in one browser. response_mode: empty for the default one."""

    provider: Provider
    client: Client
    browser: Browser
    response_mode: str = ""

    def request(self, **changes: str | None) -> dict[str, str]:
        """The usual authorization request, without PKCE; a change to None leaves a parameter out."""
        usual: dict[str, str | None] = {
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": "openid",
            "state": random_text(10),
            "nonce": random_text(10),
            "response_type": "code",
            "response_mode": self.response_mode or None,
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def url(self, request: Mapping[str, str]) -> str:
        endpoint = self.provider.metadata["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(request)}"

    def go(self, request: Mapping[str, str], *, unattended: bool = False) -> Landing:
        """Send the browser to the authorization endpoint, and the person through what it asks."""
        return self.browser.open(self.url(request), unattended=unattended)

    def complete(self, *, verifier: str = "", **changes: str | None) -> Outcome:
        """The whole of an authorization: request, code, tokens, ID token, userinfo, everything checked."""
        request = self.request(**changes)
        return self.finish(request, self.go(request), verifier=verifier)

    def finish(self, request: Mapping[str, str], landing: Landing, *, verifier: str = "") -> Outcome:
        """Everything after the browser came back."""
        code = self.code(request, landing)
        tokens = self.redeemed(request, code, verifier=verifier)
        claims = check_id_token(self.provider, self.client, tokens | {"code": code}, request.get("nonce"))
        userinfo = json_of(self.provider.userinfo(tokens["access_token"]))
        assert userinfo["sub"] == claims["sub"], "Core 5.3.2: sub of userinfo and of the ID token are the same"
        return Outcome(request, landing, code, tokens, claims, userinfo)

    def code(self, request: Mapping[str, str], landing: Landing) -> str:
        """The code of a success response."""
        answer = self.answered(request, landing)
        assert "error" not in answer, f"an authorization was expected: {answer}"
        assert set(answer) <= _SUCCESS, f"nothing unknown in the response: {answer}"
        return answer["code"]

    def refused(self, request: Mapping[str, str], landing: Landing, *errors: str) -> None:
        """Hold an error response to one of the errors."""
        answer = self.answered(request, landing)
        assert answer.get("error") in errors, f"one of {errors} was expected: {answer}"
        assert set(answer) <= _REFUSAL, f"nothing unknown in the response: {answer}"

    def answered(self, request: Mapping[str, str], landing: Landing) -> dict[str, str]:
        """The parameters of an authorization response, sent in the way that was asked for."""
        assert landing.at_application, f"a response was expected, not a page at {landing.url}: {landing.status} {landing.text}"
        registered = once(self.client.redirect_uri.partition("?")[2])
        query = {name: value for name, value in landing.query.items() if name not in registered}
        if request.get("response_mode") == "form_post":
            assert landing.method == "POST" and not query, "Form Post 2: everything in a POST, nothing in the query"
        else:
            assert landing.method == "GET", "RFC 6749 4.1.2: the answer is a redirect"
        answer = landing.form if landing.method == "POST" else query
        assert answer.get("state") == request.get("state"), "RFC 6749 4.1.2: the state comes back unchanged"
        if self.provider.metadata.get("authorization_response_iss_parameter_supported"):
            assert answer.get("iss") == self.provider.issuer, "RFC 9207 2: the response names the issuer"
        return answer

    def redeem(self, request: Mapping[str, str], code: str, *, verifier: str = "") -> httpx.Response:
        """What the token endpoint says to the code."""
        known = {"redirect_uri": request["redirect_uri"]} if "redirect_uri" in request else {}
        proof = {"code_verifier": verifier} if verifier else {}
        return self.provider.token(self.client, grant_type="authorization_code", code=code, **known, **proof)

    def redeemed(self, request: Mapping[str, str], code: str, *, verifier: str = "") -> dict[str, Any]:
        """The token response for the code."""
        return check_token_response(self.redeem(request, code, verifier=verifier))

    def silent(self, **changes: str | None) -> Landing:
        """Where a request with prompt=none leads a browser that nobody sits at."""
        request = self.request(prompt="none", **changes)
        return self.go(request, unattended=True)


def check_token_response(response: httpx.Response) -> dict[str, Any]:
    """A success response of the token endpoint (Core 3.1.3.3, RFC 6749 5.1)."""
    tokens: dict[str, Any] = json_of(response)
    assert "no-store" in response.headers.get("cache-control", ""), "Core 3.1.3.3: Cache-Control is no-store"
    assert tokens["token_type"].lower() == "bearer", "Core 3.1.3.3: token_type is Bearer"
    assert isinstance(tokens["expires_in"], int) and tokens["expires_in"] > 0, "RFC 6749 5.1: expires_in is a number of seconds"
    assert isinstance(tokens["access_token"], str) and tokens["access_token"], "RFC 6749 5.1: access_token"
    return tokens


def check_token_error(response: httpx.Response, *errors: str, status: int = 400) -> None:
    """An error response of the token endpoint (RFC 6749 5.2)."""
    assert response.status_code == status, f"RFC 6749 5.2: {status} was expected: {response.status_code} {response.text}"
    assert json_of(response, status=status).get("error") in errors, f"one of {errors} was expected: {response.text}"


def check_error_page(landing: Landing) -> None:
    """The provider shows an error and neither goes on nor sends the browser to the application (RFC 6749 3.1.2.4)."""
    assert not landing.at_application, f"nothing may be sent to {landing.url}"
    assert 400 <= landing.status < 500, f"a page that shows an error was expected: {landing.status} {landing.text}"
    assert 'type="password"' not in landing.text, "the request is refused before anybody signs in"


def random_text(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
