"""Modules of the FAPI 2.0 Security Profile about what an authorization request may hold, and what comes of it."""

import json
from dataclasses import replace

import pytest

from tests.conformance.browser import Landing
from tests.conformance.fapi2.client import FapiClient, check_push_refused
from tests.conformance.provider import Provider, json_of
from tests.conformance.relying_party import check_error_page, random_text

ALGORITHMS = {"PS256", "ES256", "EdDSA"}


def test_fapi2_security_profile_final_discovery_end_point_verification(op: Provider, fapi: FapiClient) -> None:
    for member in (
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
    ):
        assert set(op.metadata[member]) & ALGORITHMS, f"FAPI 2.0 5.4: {member} has one of {ALGORITHMS}"
    assert op.offers("token_endpoint_auth_methods_supported", "private_key_jwt"), "FAPI 2.0 5.3.2.1: private_key_jwt"
    assert op.offers("code_challenge_methods_supported", "S256"), "FAPI 2.0 5.3.2.2: S256"
    assert op.metadata.get("pushed_authorization_request_endpoint"), "FAPI 2.0 5.3.2.2: pushed requests"
    assert op.metadata.get("authorization_response_iss_parameter_supported") is True, "FAPI 2.0 5.3.2.2: iss in the response"


@pytest.mark.row(13)
def test_fapi2_security_profile_final_happy_flow(fapi: FapiClient, other_fapi: FapiClient) -> None:
    granted = fapi.complete()
    other_fapi.complete(state=random_text(128), nonce=random_text(43))

    plain = fapi.present(granted.tokens["access_token"], [], scheme="Bearer")
    assert plain.status_code == 401, "RFC 9449 7.2: a bound token is no bearer token"


def test_fapi2_security_profile_final_user_rejects_authentication(op: Provider, fapi: FapiClient) -> None:
    """With the client deny1, of whose kind people are asked, if there is one."""
    asking = replace(fapi, client=op.configuration.clients.get("deny1", fapi.client))
    request = asking.request(prompt="consent", state=random_text(128))
    landing = asking.go(asking.pushed(request), refuse=True)
    if "refused" not in landing.did:
        pytest.skip("no page asked for anything that can be refused")

    asking.party.refused(request, landing, "access_denied")


def test_fapi2_security_profile_final_ensure_authorization_request_without_state_success(fapi: FapiClient) -> None:
    fapi.complete(state=None)


def test_fapi2_security_profile_final_ensure_authorization_request_without_nonce_success(fapi: FapiClient) -> None:
    fapi.complete(nonce=None)


def test_fapi2_security_profile_final_ensure_authorization_request_with_64_char_nonce_success(fapi: FapiClient) -> None:
    fapi.complete(nonce=random_text(64))


def test_fapi2_security_profile_final_ensure_other_scope_order_succeeds(op: Provider, fapi: FapiClient) -> None:
    scope = " ".join(name for name in ("email", "profile", "openid") if op.offers("scopes_supported", name))

    fapi.complete(scope=scope)


@pytest.mark.row(19)
def test_fapi2_security_profile_final_test_claims_parameter_identity_claims(op: Provider, fapi: FapiClient) -> None:
    assert op.metadata.get("claims_parameter_supported") is True, "discovery offers what is tested here"
    essential = {"essential": True}
    granted = fapi.complete(claims=json.dumps({"id_token": {"given_name": essential}, "userinfo": {"name": essential}}))
    userinfo = json_of(fapi.resource(granted.tokens["access_token"]))

    assert granted.claims.get("given_name") and "name" not in granted.claims, "Core 5.5: in the ID token what was asked of it"
    assert userinfo.get("name") and "given_name" not in userinfo, "Core 5.5: from userinfo what was asked of it"


def test_fapi2_security_profile_final_ensure_authorization_request_with_long_nonce(fapi: FapiClient) -> None:
    _taken_whole_or_not_at_all(fapi, nonce=random_text(384))


@pytest.mark.row(16)
def test_fapi2_security_profile_final_ensure_authorization_request_with_long_state(fapi: FapiClient) -> None:
    _taken_whole_or_not_at_all(fapi, state=random_text(1000))


def test_fapi2_security_profile_final_ensure_different_nonce_inside_and_outside_request_object(fapi: FapiClient) -> None:
    request = fapi.request()
    landing = fapi.go(fapi.pushed(request), nonce=random_text(10))

    if not _refused(landing):
        fapi.finish(request, landing)


def test_fapi2_security_profile_final_ensure_different_state_inside_and_outside_request_object(fapi: FapiClient) -> None:
    request = fapi.request()
    landing = fapi.go(fapi.pushed(request), state=random_text(10))

    if not _refused(landing):
        fapi.finish(request, landing)


def test_fapi2_security_profile_final_state_only_outside_request_object_not_used(fapi: FapiClient) -> None:
    request = fapi.request(state=None)
    landing = fapi.go(fapi.pushed(request), state=random_text(10))

    if not _refused(landing):
        fapi.finish(request, landing)


def test_fapi2_security_profile_final_ensure_request_object_without_redirect_uri_fails(fapi: FapiClient) -> None:
    check_push_refused(fapi.push(fapi.request(redirect_uri=None)), "invalid_request", "invalid_redirect_uri")


def test_fapi2_security_profile_final_ensure_redirect_uri_in_authorization_request(op: Provider, fapi: FapiClient) -> None:
    answer = fapi.push(fapi.request(redirect_uri=None))
    if answer.status_code == 201:
        landing = fapi.go(answer.json()["request_uri"], redirect_uri=fapi.client.redirect_uri)
        assert _refused(landing), "FAPI 2.0 5.3.2.2: a pushed request names its redirect_uri, and nothing outside counts"


@pytest.mark.row(1)
def test_fapi2_security_profile_final_plain_fapi_tolerate_unregistered_redirect_uri(fapi: FapiClient) -> None:
    request = fapi.request(redirect_uri=f"{fapi.client.redirect_uri}/{random_text(10)}")
    answer = fapi.push(request)
    if answer.status_code == 201:
        landing = fapi.go(answer.json()["request_uri"])
        assert landing.status == 404 or landing.url.startswith(request["redirect_uri"]), "RFC 9126 2.4: allowed, or refused when pushed"
    else:
        check_push_refused(answer, "invalid_request", "invalid_redirect_uri", "invalid_request_object")


def test_fapi2_security_profile_final_ensure_unsigned_authorization_request_without_using_par_fails(fapi: FapiClient) -> None:
    request = fapi.request()
    landing = fapi.party.go(request)

    if landing.at_application:
        fapi.party.refused(request, landing, "invalid_request", "invalid_request_object", "access_denied")
    else:
        check_error_page(landing)


@pytest.mark.row(14)
def test_fapi2_security_profile_final_ensure_response_type_code_idtoken_fails(fapi: FapiClient) -> None:
    _response_type_fails(fapi, "code id_token")


@pytest.mark.row(14)
def test_fapi2_security_profile_final_ensure_response_type_token_fails(fapi: FapiClient) -> None:
    _response_type_fails(fapi, "token")


def _response_type_fails(fapi: FapiClient, response_type: str) -> None:
    answer = fapi.push(fapi.request(response_type=response_type))
    if answer.status_code == 201:
        assert _refused(fapi.go(answer.json()["request_uri"])), "FAPI 2.0 5.3.2.2: response_type is code"
    else:
        check_push_refused(answer, "unsupported_response_type", "invalid_request", "unauthorized_client")


def _taken_whole_or_not_at_all(fapi: FapiClient, **long: str) -> None:
    request = fapi.request(**long)
    answer = fapi.push(request)
    if answer.status_code == 201:
        fapi.finish(request, fapi.go(answer.json()["request_uri"]))
    else:
        check_push_refused(answer, "invalid_request")


def _refused(landing: Landing) -> bool:
    """An error page, or an error that the application is told."""
    return "error" in landing.query if landing.at_application else landing.status >= 400
