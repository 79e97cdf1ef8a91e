"""Modules of the Basic plan about request objects, which a provider may serve or must refuse by name (Core 6)."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.conformance import signing
from tests.conformance.browser import Landing
from tests.conformance.provider import Provider
from tests.conformance.registration import registered
from tests.conformance.relying_party import RelyingParty, random_text


@pytest.mark.row(18)
def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(op: Provider, party: RelyingParty) -> None:
    stated = op.metadata.get("request_uri_parameter_supported")
    assert stated is False, "Discovery 3: request_uri_parameter_supported is true when omitted, so a provider without it says false"
    request = party.request(request_uri="https://rp.example/request.jwt")

    party.refused(request, party.go(request), "request_uri_not_supported")


@pytest.mark.row(18, 47)
def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(op: Provider, party: RelyingParty) -> None:
    inner, outer = _split(party)

    landing = party.go(outer | {"request": signing.unsigned(_claims(op, party, inner))})

    if op.offers("request_object_signing_alg_values_supported", "none"):
        party.finish(inner, landing)
    else:
        assert "request_object_signing_alg_values_supported" in op.metadata, "the suite skips this module only if the list is published"
        assert _error(landing) in ("request_not_supported", "invalid_request_object"), "an unsigned request object is refused by name"


@pytest.mark.row(18)
def test_oidcc_ensure_request_object_with_redirect_uri(op: Provider, party: RelyingParty) -> None:
    if not op.offers("request_object_signing_alg_values_supported", "none"):
        assert "request_object_signing_alg_values_supported" in op.metadata, "the suite skips this module only if the list is published"
        return
    inner, outer = _split(party)
    outer["redirect_uri"] = f"{party.client.redirect_uri}/{random_text(10)}"

    landing = party.go(outer | {"request": signing.unsigned(_claims(op, party, inner))})

    if landing.at_application:
        party.finish(inner, landing)
    else:
        assert "redirect_uri" in landing.text, "Core 6.1: the object's redirect URI counts, or the page tells what is wrong"


def test_oidcc_idtoken_unsigned(op: Provider, party: RelyingParty) -> None:
    if not op.offers("id_token_signing_alg_values_supported", "none"):
        return
    client = registered(op, party.client, id_token_signed_response_alg="none")
    raise AssertionError(f"{client.client_id}: the provider offers unsigned ID tokens, which nobody should (RFC 8725 3.2)")


def _split(party: RelyingParty) -> tuple[dict[str, str], dict[str, str]]:
    """A request, and what OAuth demands of it outside of the request object (Core 6.1): the state is only inside."""
    inner = party.request()
    names = ("client_id", "redirect_uri", "response_type", "response_mode", "scope")
    return inner, {name: inner[name] for name in names if name in inner}


def _claims(op: Provider, party: RelyingParty, request: Mapping[str, str]) -> dict[str, Any]:
    return dict(request) | {"iss": party.client.client_id, "aud": op.issuer}


def _error(landing: Landing) -> str | None:
    """Only the error: without the object's state nothing else can be expected."""
    return (landing.query | landing.form).get("error")
