"""Modules of the FAPI 2.0 Security Profile about codes and refresh tokens: whose they are, and how often they serve."""

import time
from collections.abc import Mapping
from concurrent.futures import Future

import httpx
import jwt
import pytest

from tests.conformance.fapi2.client import FapiClient, Granted, check_bound
from tests.conformance.provider import Provider, check_id_token, json_of
from tests.conformance.relying_party import check_token_error


@pytest.mark.row(9)
def test_fapi2_security_profile_final_ensure_authorization_code_is_bound_to_client(fapi: FapiClient, other_fapi: FapiClient) -> None:
    form = {"grant_type": "authorization_code", "code": fapi.code(fapi.request()), "redirect_uri": fapi.client.redirect_uri}

    check_token_error(other_fapi.token(form | {"code_verifier": fapi.verifier}), "invalid_grant")


@pytest.mark.row(11)
def test_fapi2_security_profile_final_attempt_reuse_authorization_code_after_one_second(fapi: FapiClient) -> None:
    granted = fapi.complete()
    time.sleep(1)

    check_token_error(fapi.redeem(granted.code), "invalid_grant")
    answer = fapi.resource(granted.tokens["access_token"])
    assert 400 <= answer.status_code < 500, "RFC 6749 4.1.2: what the code bought is revoked when it comes again"


@pytest.mark.row(10)
def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_expired_auth_code(expired_code: Future[httpx.Response]) -> None:
    check_token_error(expired_code.result(), "invalid_grant")


@pytest.mark.row(35)
def test_fapi2_security_profile_final_refresh_token(op: Provider, fapi: FapiClient, other_fapi: FapiClient) -> None:
    granted = _offline(op, fapi)
    if "refresh_token" not in granted.tokens:
        pytest.skip("no refresh token was issued")
    form = {"grant_type": "refresh_token", "refresh_token": granted.tokens["refresh_token"]}
    time.sleep(1)  # whole seconds tell the two ID tokens apart
    tokens = check_bound(fapi.token(form))
    assert json_of(fapi.resource(tokens["access_token"]))["sub"] == granted.claims["sub"]
    assert tokens.get("refresh_token", form["refresh_token"]) == form["refresh_token"], "FAPI 2.0 5.3.2.1: no rotation"
    if "id_token" in tokens:
        claims = check_id_token(op, fapi.client, tokens, granted.claims["nonce"] if echoes_nonce(tokens) else None)
        assert claims["sub"] == granted.claims["sub"] and claims["iat"] != granted.claims["iat"], "Core 12.2"

    nameless = fapi.token(form, authentication={"client_id": fapi.client.client_id})
    check_token_error(nameless, "invalid_client", status=nameless.status_code)
    _offline(op, other_fapi)
    check_token_error(other_fapi.token(form), "invalid_grant")
    check_bound(fapi.token(form))


def echoes_nonce(tokens: Mapping[str, str]) -> bool:
    """Whether a refreshed ID token has a nonce, which it should not have, but then the old one (Core 12.2)."""
    return "nonce" in jwt.decode(tokens["id_token"], options={"verify_signature": False})


def _offline(op: Provider, fapi: FapiClient) -> Granted:
    if op.offers("scopes_supported", "offline_access"):
        return fapi.complete(scope="openid offline_access", prompt="consent")
    return fapi.complete()
