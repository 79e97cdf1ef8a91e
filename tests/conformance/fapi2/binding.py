"""Modules of the FAPI 2.0 Security Profile about tokens and codes that are bound to a key (RFC 9449)."""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from tests.conformance.fapi2.client import FapiClient, check_push_refused
from tests.conformance.proofs import proof, proven, thumbprint
from tests.conformance.provider import json_of
from tests.conformance.relying_party import check_token_error
from tests.conformance.signing import base64url, new_ec_key, new_rsa_key, public, signed, unsigned

_HOUR = 3600
_REFUSALS = ("invalid_request", "invalid_grant", "invalid_dpop_proof")


def test_fapi2_security_profile_final_access_token_type_header_case_sensitivity(fapi: FapiClient) -> None:
    access_token = fapi.complete().tokens["access_token"]

    for scheme in ("DPoP", "dpop", "DPOP"):
        assert fapi.resource(access_token, scheme=scheme).status_code == 200, "RFC 9110 11.1: case does not matter in the scheme"


def test_fapi2_security_profile_final_check_dpop_proof_nbf_exp(fapi: FapiClient) -> None:
    now = int(time.time())
    tokens = fapi.redeemed(fapi.code(fapi.request()), nbf=now, exp=now + 300)

    assert fapi.resource(tokens["access_token"], nbf=now, exp=now + 300).status_code == 200, "RFC 9449 4.2: other claims may be there"


def test_fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_before_succeeds(fapi: FapiClient) -> None:
    _proof_of_another_time_succeeds(fapi, -10)


def test_fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_after_succeeds(fapi: FapiClient) -> None:
    _proof_of_another_time_succeeds(fapi, 10)


def test_fapi2_security_profile_final_ensure_mismatched_dpop_jkt_fails(fapi: FapiClient) -> None:
    answer = fapi.push(fapi.request(dpop_jkt=thumbprint(new_ec_key())), key=fapi.key)

    check_push_refused(answer, "invalid_request", "invalid_dpop_proof")


def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(fapi: FapiClient) -> None:
    """The proof that came with the pushed request binds the code to its key."""
    request = fapi.request()
    code = fapi.party.code(request, fapi.go(fapi.pushed(request, key=new_ec_key())))

    check_token_error(fapi.redeem(code), *_REFUSALS)


def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(fapi: FapiClient) -> None:
    """The thumbprint in the request binds the code to its key (RFC 9449 10)."""
    code = fapi.code(fapi.request(dpop_jkt=thumbprint(new_ec_key())))

    check_token_error(fapi.redeem(code), *_REFUSALS)


def test_fapi2_security_profile_final_ensure_dpopproof_at_par_endpoint_binding_success(fapi: FapiClient) -> None:
    request = fapi.request()

    fapi.finish(request, fapi.go(fapi.pushed(request, key=fapi.key)))


def test_fapi2_security_profile_final_ensure_dpop_auth_code_binding_success(fapi: FapiClient) -> None:
    fapi.complete(dpop_jkt=thumbprint(fapi.key))


def test_fapi2_security_profile_final_ensure_holder_of_key_required(fapi: FapiClient) -> None:
    check_token_error(fapi.redeem(fapi.code(fapi.request()), proven=False), *_REFUSALS)


def test_fapi2_security_profile_final_dpop_negative_tests(fapi: FapiClient) -> None:
    access_token = fapi.complete().tokens["access_token"]
    url = fapi.provider.metadata["userinfo_endpoint"]
    claims = proven("GET", url, access_token=access_token)
    for name, made in _bad_proofs(fapi, url, access_token, claims).items():
        _assert_refused(name, fapi.present(access_token, [("dpop", made)]))
    twice = [("dpop", proof(fapi.key, "GET", url, access_token=access_token)) for _ in range(2)]
    _assert_refused("two proofs", fapi.present(access_token, twice))
    _assert_refused("no proof", fapi.present(access_token, []))
    _assert_refused("as a bearer token", fapi.present(access_token, twice[:1], scheme="Bearer"))

    query = fapi.resource(access_token, htu=f"{url}?query=1#fragment")
    assert query.status_code == 200, "RFC 9449 4.3: query and fragment of htu are ignored"
    assert fapi.resource(access_token, unknown="claim").status_code == 200, "RFC 9449 4.2: unknown claims are ignored"
    shouted = fapi.present(access_token, [("DPOP", proof(fapi.key, "GET", url, access_token=access_token))])
    assert shouted.status_code == 200, "RFC 9110 5.1: case does not matter in the name of a header"
    assert json_of(fapi.resource(access_token))["sub"], "and after all this the token is still good"


def _bad_proofs(fapi: FapiClient, url: str, access_token: str, claims: Mapping[str, Any]) -> dict[str, str]:
    """By what is wrong with them (RFC 9449 4.3)."""
    now = int(time.time())
    changed: dict[str, dict[str, Any]] = {
        "no jti": {"jti": None},
        "no htm": {"htm": None},
        "no htu": {"htu": None},
        "no iat": {"iat": None},
        "no ath": {"ath": None},
        "another ath": {"ath": thumbprint(fapi.key)},
        "another method": {"htm": "PUT"},
        "another URL": {"htu": "https://other.example/userinfo"},
        "an hour old": {"iat": now - _HOUR},
        "an hour early": {"iat": now + _HOUR},
    }
    headers: dict[str, dict[str, Any]] = {
        "no typ": {"typ": None},
        "another typ": {"typ": "JWT"},
        "no alg": {"alg": None},
        "no jwk": {"jwk": None},
        "a private jwk": {"jwk": {name: value for name, value in fapi.key.items() if name != "alg"}},
        "another key's jwk": {"jwk": public(new_ec_key())},
    }
    rsa = new_rsa_key("RS256")
    good = proof(fapi.key, "GET", url, access_token=access_token)
    usual = {"typ": "dpop+jwt", "jwk": public(fapi.key)}
    bad = {name: proof(fapi.key, "GET", url, access_token=access_token, **change) for name, change in changed.items()}
    bad |= {name: proof(fapi.key, "GET", url, access_token=access_token, header=change) for name, change in headers.items()}
    return bad | {
        "no JWT": good.replace(".", "~"),
        "the algorithm none": unsigned(claims, usual),
        "a symmetric algorithm": f"{base64url(usual | {'alg': 'HS256'})}.{base64url(claims)}.{good.rpartition('.')[2]}",
        "RS256": signed(rsa, claims, {"typ": "dpop+jwt", "jwk": public(rsa)}),
        "a broken signature": good[:-8] + ("A" * 8 if good[-8:] != "A" * 8 else "B" * 8),
        "another key": proof(new_ec_key(), "GET", url, access_token=access_token),
    }


def _assert_refused(name: str, answer: httpx.Response) -> None:
    assert answer.status_code in (400, 401), f"RFC 9449 4.3: {name}: {answer.status_code} {answer.text}"


def _proof_of_another_time_succeeds(fapi: FapiClient, seconds: int) -> None:
    tokens = fapi.redeemed(fapi.code(fapi.request()), iat=int(time.time()) + seconds)

    answer = fapi.resource(tokens["access_token"], iat=int(time.time()) + seconds)
    assert answer.status_code == 200, "FAPI 2.0 5.3.2.1: clocks may differ by 10 seconds"
