"""fapi2-message-signing-final-test-plan: the modules that it has beyond the Security Profile, all about signed requests (RFC 9101)."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.conformance import assertions
from tests.conformance.browser import Browser, new_browser
from tests.conformance.configuration import Client
from tests.conformance.fapi2.client import FapiClient, check_push_refused
from tests.conformance.provider import Provider
from tests.conformance.signing import new_rsa_key, signed, unsigned

_LONGEST = 60 * 60
_REFUSALS = ("invalid_request_object", "invalid_request")


@pytest.fixture
def fapi(op: Provider, browser: Browser) -> FapiClient:
    """The first client whose requests must be signed."""
    return FapiClient(op, _signing_client(op, "signing1"), browser)


@pytest.fixture
def other_fapi(op: Provider) -> Iterator[FapiClient]:
    """The second one, in another browser."""
    made = new_browser(op.configuration)
    yield FapiClient(op, _signing_client(op, "signing2"), made)
    made.close()


def test_fapi2_security_profile_final_happy_flow(fapi: FapiClient, other_fapi: FapiClient) -> None:
    for each in (fapi, other_fapi):
        _succeeds(each)


def test_fapi2_security_profile_final_ensure_server_accepts_request_object_with_multiple_aud(op: Provider, fapi: FapiClient) -> None:
    _succeeds(fapi, aud=[op.issuer, "https://other.example"])


def test_fapi2_security_profile_final_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(fapi: FapiClient) -> None:
    _succeeds(fapi, nbf=int(time.time()) + 8)


def test_fapi2_security_profile_final_ensure_request_object_without_exp_fails(fapi: FapiClient) -> None:
    _fails(fapi, exp=None)


def test_fapi2_security_profile_final_ensure_request_object_without_nbf_fails(fapi: FapiClient) -> None:
    _fails(fapi, nbf=None)


def test_fapi2_security_profile_final_ensure_expired_request_object_fails(fapi: FapiClient) -> None:
    _fails(fapi, exp=int(time.time()) - 300, nbf=int(time.time()) - 600)


def test_fapi2_security_profile_final_ensure_request_object_with_bad_aud_fails(fapi: FapiClient) -> None:
    _fails(fapi, aud="https://other.example")


def test_fapi2_security_profile_final_ensure_request_object_with_exp_over_60_fails(fapi: FapiClient) -> None:
    _fails(fapi, exp=int(time.time()) + _LONGEST + 600)


def test_fapi2_security_profile_final_ensure_request_object_with_nbf_over_60_fails(fapi: FapiClient) -> None:
    _fails(fapi, nbf=int(time.time()) - _LONGEST - 600)


def test_fapi2_security_profile_final_ensure_signed_request_object_with_rs256_fails(fapi: FapiClient) -> None:
    """With the client's own key if it is for RSA; else the suite skips this, and a foreign one must not do either."""
    own = dict(fapi.client.jwk)
    _fails_under(fapi, own | {"alg": "RS256"} if own["kty"] == "RSA" else new_rsa_key("RS256") | {"kid": own.get("kid", "")})


@pytest.mark.row(47)
def test_fapi2_security_profile_final_ensure_request_object_signature_algorithm_is_not_none(fapi: FapiClient) -> None:
    check_push_refused(fapi.push({"request": unsigned(_claims(fapi, fapi.request()))}), *_REFUSALS)


def test_fapi2_security_profile_final_ensure_request_object_with_invalid_signature_fails(fapi: FapiClient) -> None:
    good = signed(fapi.client.jwk, _claims(fapi, fapi.request()))
    payload, _, signature = good.rpartition(".")

    check_push_refused(fapi.push({"request": f"{payload}.{signature[::-1]}"}), *_REFUSALS)


def test_fapi2_security_profile_final_ensure_matching_key_in_authorization_request(fapi: FapiClient, other_fapi: FapiClient) -> None:
    _fails_under(fapi, other_fapi.client.jwk)


def test_fapi2_security_profile_final_ensure_unsigned_request_at_par_endpoint_fails(fapi: FapiClient) -> None:
    check_push_refused(fapi.push(fapi.request()), *_REFUSALS)


@pytest.mark.row(18)
def test_fapi2_security_profile_final_par_authorization_request_containing_request_uri(fapi: FapiClient) -> None:
    """Inside of the request object (RFC 9101 4)."""
    request = fapi.request() | {"request_uri": "urn:ietf:params:oauth:request_uri:another"}

    check_push_refused(fapi.push({"request": signed(fapi.client.jwk, _claims(fapi, request))}), *_REFUSALS)


def test_parameters_beside_the_request_object_are_not_used(fapi: FapiClient) -> None:
    request = fapi.request()
    beside = {"state": "beside", "nonce": "beside", "scope": "openid email"}
    pushed = fapi.pushed(beside | {"request": signed(fapi.client.jwk, _claims(fapi, request))})

    granted = fapi.finish(request, fapi.go(pushed))
    assert granted.tokens.get("scope", "openid") == "openid", "RFC 9101 6.3: only what is in the object counts"


def _succeeds(fapi: FapiClient, **changes: Any) -> None:
    request = fapi.request()
    pushed = fapi.pushed({"request": signed(fapi.client.jwk, _claims(fapi, request, **changes))})

    fapi.finish(request, fapi.go(pushed))


def _fails(fapi: FapiClient, **changes: Any) -> None:
    check_push_refused(fapi.push({"request": signed(fapi.client.jwk, _claims(fapi, fapi.request(), **changes))}), *_REFUSALS)


def _fails_under(fapi: FapiClient, jwk: Mapping[str, Any]) -> None:
    check_push_refused(fapi.push({"request": signed(jwk, _claims(fapi, fapi.request()))}), *_REFUSALS)


def _claims(fapi: FapiClient, request: Mapping[str, str], **changes: Any) -> dict[str, Any]:
    """Of the request object: the request, and the frame that the profile demands; a change to None leaves a claim out."""
    frame = assertions.claims(fapi.client, fapi.provider.issuer, sub=None, **changes)
    return dict(request) | frame


def _signing_client(op: Provider, name: str) -> Client:
    if name not in op.configuration.clients:
        pytest.skip(f"the configuration has no client {name}, whose requests must be signed")
    return op.configuration.clients[name]
