"""Modules of the FAPI 2.0 Security Profile about pushed authorization requests and PKCE (RFC 9126, RFC 7636)."""

from concurrent.futures import Future

import pytest

from tests.conformance.browser import Landing
from tests.conformance.fapi2.client import FapiClient, check_push_refused
from tests.conformance.relying_party import check_token_error


def test_fapi2_security_profile_final_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(fapi: FapiClient) -> None:
    request = fapi.request()
    request_uri = fapi.pushed(request)

    looked_at = fapi.go(request_uri, unattended=True)
    assert not looked_at.at_application and looked_at.status == 200, "somebody is asked to sign in"

    fapi.finish(request, fapi.go(request_uri))


def test_fapi2_security_profile_final_par_attempt_reuse_request_uri(fapi: FapiClient) -> None:
    request = fapi.request()
    request_uri = fapi.pushed(request)
    fapi.finish(request, fapi.go(request_uri))

    assert_request_uri_refused(fapi.go(request_uri), "RFC 9126 7.3: a request_uri serves one authorization")


def test_fapi2_security_profile_final_par_attempt_to_use_expired_request_uri(expired_request_uri: Future[Landing]) -> None:
    assert_request_uri_refused(expired_request_uri.result(), "RFC 9126 2.2: a request_uri ends when its answer says")


def test_fapi2_security_profile_final_par_attempt_to_use_request_uri_for_different_client(fapi: FapiClient, other_fapi: FapiClient) -> None:
    request_uri = fapi.pushed(fapi.request())

    assert_request_uri_refused(other_fapi.go(request_uri), "RFC 9126 2.2: a request_uri is bound to the client that pushed")


def test_fapi2_security_profile_final_par_authorization_request_containing_request_uri_form_param(fapi: FapiClient) -> None:
    request_uri = fapi.pushed(fapi.request())

    answer = fapi.push(fapi.request() | {"request_uri": request_uri})
    check_push_refused(answer, "invalid_request", "invalid_request_object", "request_uri_not_supported")


def test_fapi2_security_profile_final_par_attempt_invalid_http_method(fapi: FapiClient) -> None:
    url = fapi.provider.metadata["pushed_authorization_request_endpoint"]
    answer = fapi.provider.http.put(url, data=fapi.request() | fapi.authentication())

    assert answer.status_code == 405, "RFC 9126 2.3: only POST"


def test_fapi2_security_profile_final_par_without_duplicate_parameters(fapi: FapiClient) -> None:
    request = fapi.request()

    fapi.finish(request, fapi.go(fapi.pushed(request)))


@pytest.mark.row(7)
def test_fapi2_security_profile_final_par_ensure_pkce_required(fapi: FapiClient) -> None:
    check_push_refused(fapi.push(fapi.request(code_challenge=None, code_challenge_method=None)), "invalid_request")


@pytest.mark.row(7)
def test_fapi2_security_profile_final_par_plain_pkce_rejected(fapi: FapiClient) -> None:
    check_push_refused(fapi.push(fapi.request(code_challenge=fapi.verifier, code_challenge_method="plain")), "invalid_request")


@pytest.mark.row(8)
def test_fapi2_security_profile_final_ensure_pkce_code_verifier_required(fapi: FapiClient) -> None:
    form = {"grant_type": "authorization_code", "code": fapi.code(fapi.request()), "redirect_uri": fapi.client.redirect_uri}

    check_token_error(fapi.token(form), "invalid_grant", "invalid_request")


@pytest.mark.row(8)
def test_fapi2_security_profile_final_incorrect_pkce_code_verifier_rejected(fapi: FapiClient) -> None:
    form = {"grant_type": "authorization_code", "code": fapi.code(fapi.request()), "redirect_uri": fapi.client.redirect_uri}

    check_token_error(fapi.token(form | {"code_verifier": fapi.verifier[::-1]}), "invalid_grant")


def assert_request_uri_refused(landing: Landing, rule: str) -> None:
    if landing.at_application:
        assert landing.query.get("error") in ("invalid_request_uri", "invalid_request", "invalid_request_object"), (
            f"{rule}: {landing.query}"
        )
    else:
        assert 400 <= landing.status < 500, f"{rule}: {landing.status} {landing.text}"
