"""Modules of the FAPI 2.0 Security Profile about how a client proves who it is (RFC 7523, FAPI 2.0 5.3.2.1)."""

import time
from collections.abc import Mapping

import pytest

from tests.conformance.fapi2.client import FapiClient, check_push_refused
from tests.conformance.provider import Provider, json_of
from tests.conformance.relying_party import check_token_error
from tests.conformance.signing import new_ec_key, new_rsa_key


@pytest.mark.row(30)
def test_fapi2_security_profile_final_ensure_client_assertion_in_token_endpoint(fapi: FapiClient) -> None:
    code = fapi.code(fapi.request())

    refused_client(fapi, code, {"client_id": fapi.client.client_id})


@pytest.mark.row(30)
def test_fapi2_security_profile_final_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(fapi: FapiClient) -> None:
    long_ago = int(time.time()) - 300

    refused_client(fapi, fapi.code(fapi.request()), fapi.authentication(exp=long_ago, iat=long_ago - 60, nbf=long_ago - 60))


@pytest.mark.row(30)
def test_fapi2_security_profile_final_ensure_client_assertion_with_wrong_aud_fails(fapi: FapiClient) -> None:
    refused_client(fapi, fapi.code(fapi.request()), fapi.authentication("https://other.example"))


@pytest.mark.row(30)
def test_fapi2_security_profile_final_ensure_client_assertion_with_no_sub_fails(fapi: FapiClient) -> None:
    refused_client(fapi, fapi.code(fapi.request()), fapi.authentication(sub=None))


@pytest.mark.row(30, 59)
def test_fapi2_security_profile_final_ensure_signed_client_assertion_with_rs256_fails(fapi: FapiClient) -> None:
    """With the client's own key if it is for RSA; else the suite skips this, and a foreign one must not do either."""
    own = dict(fapi.client.jwk)
    key = own | {"alg": "RS256"} if own["kty"] == "RSA" else new_rsa_key("RS256") | {"kid": own.get("kid", "")}

    refused_client(fapi, fapi.code(fapi.request()), fapi.authentication(jwk=key))


@pytest.mark.row(30)
def test_fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(fapi: FapiClient) -> None:
    soon = int(time.time()) + 8

    fapi.accepted(fapi.request(), authentication=fapi.authentication(nbf=soon, iat=soon))


@pytest.mark.row(30)
def test_fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(fapi: FapiClient) -> None:
    later = int(time.time()) + 70

    refused_when_pushing(fapi, fapi.authentication(nbf=later, iat=later, exp=later + 60))


@pytest.mark.row(30)
def test_fapi2_security_profile_final_par_test_array_as_audience_fails(op: Provider, fapi: FapiClient) -> None:
    refused_when_pushing(fapi, fapi.authentication([op.issuer, op.metadata["pushed_authorization_request_endpoint"]]))


@pytest.mark.row(30)
def test_fapi2_security_profile_final_par_test_par_endpoint_url_as_audience_fails(op: Provider, fapi: FapiClient) -> None:
    refused_when_pushing(fapi, fapi.authentication(op.metadata["pushed_authorization_request_endpoint"]))


@pytest.mark.row(30)
def test_fapi2_security_profile_final_par_test_token_endpoint_url_as_audience_fails(op: Provider, fapi: FapiClient) -> None:
    refused_when_pushing(fapi, fapi.authentication(op.metadata["token_endpoint"]))


@pytest.mark.row(9, 30)
def test_fapi2_security_profile_final_ensure_client_id_in_token_endpoint(fapi: FapiClient, other_fapi: FapiClient) -> None:
    code = fapi.code(fapi.request())
    of_another = {"client_id": other_fapi.client.client_id}
    answer = fapi.redeem(code, authentication=fapi.authentication() | of_another)

    assert answer.status_code in (400, 401), "RFC 7521 4.2: client_id is that of the assertion, or the request is refused"
    assert json_of(answer, status=answer.status_code)["error"] in ("invalid_client", "invalid_request", "invalid_grant")


@pytest.mark.row(30)
def test_an_assertion_serves_once(fapi: FapiClient) -> None:
    authentication = fapi.authentication()
    fapi.accepted(fapi.request(), authentication=authentication)

    refused_when_pushing(fapi, authentication)


@pytest.mark.row(30)
def test_an_assertion_under_a_key_of_nobody_is_refused(fapi: FapiClient) -> None:
    refused_when_pushing(fapi, fapi.authentication(jwk=new_ec_key() | {"kid": fapi.client.jwk.get("kid", "")}))


def refused_client(fapi: FapiClient, code: str, authentication: Mapping[str, str]) -> None:
    """The code buys nothing with this authentication, and is still good with the right one or gone for good."""
    answer = fapi.redeem(code, authentication=authentication)
    assert answer.status_code in (400, 401), f"RFC 6749 5.2: 400, or 401 for a client: {answer.status_code} {answer.text}"
    check_token_error(answer, "invalid_client", status=answer.status_code)


def refused_when_pushing(fapi: FapiClient, authentication: Mapping[str, str]) -> None:
    check_push_refused(fapi.push(fapi.request(), authentication=authentication), "invalid_client", statuses=(400, 401))
