"""Modules of the Basic plan about what an authorization request may hold."""

import base64
import hashlib
import secrets
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.conformance.provider import Provider
from tests.conformance.relying_party import RelyingParty, check_error_page, random_text


def test_oidcc_response_type_missing(party: RelyingParty) -> None:
    request = party.request(response_type=None)
    landing = party.go(request)

    if landing.at_application:
        party.refused(request, landing, "unsupported_response_type", "invalid_request")
    else:
        check_error_page(landing)


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(party: RelyingParty) -> None:
    outcome = party.complete(nonce=None)

    assert "nonce" not in outcome.claims, "Core 3.1.2.1: nonce is optional for code, and none is made up"


def test_oidcc_alternate_happy_flow(op: Provider, party: RelyingParty) -> None:
    scope = " ".join(name for name in ("email", "profile", "openid") if op.offers("scopes_supported", name))
    request = dict(reversed(party.request(scope=scope).items()))

    outcome = party.finish(request, party.go(request))

    granted = outcome.tokens.get("scope", scope)
    assert set(granted.split()) == set(scope.split()), "RFC 6749 3.3: the order of scope values does not matter"


def test_oidcc_display_page(party: RelyingParty) -> None:
    party.complete(display="page")


def test_oidcc_display_popup(party: RelyingParty) -> None:
    party.complete(display="popup")


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(party: RelyingParty) -> None:
    party.complete(extra="foobar")


def test_oidcc_login_hint(op: Provider, party: RelyingParty) -> None:
    party.complete(login_hint=f"buffy@{urlsplit(op.issuer).hostname}")


def test_oidcc_ui_locales(party: RelyingParty) -> None:
    party.complete(ui_locales="se")


def test_oidcc_claims_locales(party: RelyingParty) -> None:
    party.complete(claims_locales="se")


@pytest.mark.row(1, 4)
def test_oidcc_ensure_registered_redirect_uri(party: RelyingParty) -> None:
    request = party.request(redirect_uri=f"{party.client.redirect_uri}/{random_text(10)}")

    landing = party.go(request)

    assert not landing.url.startswith(request["redirect_uri"]), "RFC 6749 3.1.2.3: an unregistered address is sent nothing"
    check_error_page(landing)


def test_oidcc_ensure_post_request_succeeds(op: Provider, party: RelyingParty) -> None:
    request = party.request()

    landing = party.browser.open(op.metadata["authorization_endpoint"], request)

    party.finish(request, landing)


def test_oidcc_server_client_secret_post(op: Provider, party: RelyingParty) -> None:
    assert op.offers("token_endpoint_auth_methods_supported", "client_secret_post"), "discovery offers what is tested here"

    replace(party, client=op.configuration.clients["post"]).complete()


@pytest.mark.row(7)
def test_oidcc_ensure_request_with_valid_pkce_succeeds(party: RelyingParty) -> None:
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

    party.complete(verifier=verifier, code_challenge=challenge, code_challenge_method="S256")
