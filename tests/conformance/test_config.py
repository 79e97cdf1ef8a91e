"""oidcc-config-certification-test-plan: what the one module of it, oidcc-discovery-endpoint-verification, fails or warns of."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest

from tests.conformance.provider import Provider, check_keys, json_of

# OpenID Connect Discovery 1.0 and its relatives, RFC 8414 and what is registered beside it, by their types.
LISTS = {
    "acr_values_supported", "authorization_details_types_supported", "authorization_encryption_alg_values_supported",
    "authorization_encryption_enc_values_supported", "authorization_signing_alg_values_supported",
    "backchannel_authentication_request_signing_alg_values_supported", "backchannel_token_delivery_modes_supported",
    "claim_types_supported", "claims_locales_supported", "claims_supported", "code_challenge_methods_supported",
    "display_values_supported", "dpop_signing_alg_values_supported", "grant_types_supported",
    "id_token_encryption_alg_values_supported", "id_token_encryption_enc_values_supported", "id_token_signing_alg_values_supported",
    "introspection_encryption_alg_values_supported", "introspection_encryption_enc_values_supported",
    "introspection_endpoint_auth_methods_supported", "introspection_endpoint_auth_signing_alg_values_supported",
    "introspection_signing_alg_values_supported", "prompt_values_supported", "protected_resources",
    "request_object_encryption_alg_values_supported", "request_object_encryption_enc_values_supported",
    "request_object_signing_alg_values_supported", "response_modes_supported", "response_types_supported",
    "revocation_endpoint_auth_methods_supported", "revocation_endpoint_auth_signing_alg_values_supported", "scopes_supported",
    "subject_types_supported", "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported",
    "ui_locales_supported", "userinfo_encryption_alg_values_supported", "userinfo_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
}  # fmt: skip
URLS = {
    "authorization_endpoint", "backchannel_authentication_endpoint", "check_session_iframe", "device_authorization_endpoint",
    "end_session_endpoint", "global_token_revocation_endpoint", "introspection_endpoint", "issuer", "jwks_uri", "op_policy_uri",
    "op_tos_uri", "pushed_authorization_request_endpoint", "registration_endpoint", "revocation_endpoint", "service_documentation",
    "token_endpoint", "userinfo_endpoint",
}  # fmt: skip
FLAGS = {
    "authorization_response_iss_parameter_supported", "backchannel_logout_session_supported", "backchannel_logout_supported",
    "backchannel_user_code_parameter_supported", "claims_parameter_supported", "frontchannel_logout_session_supported",
    "frontchannel_logout_supported", "request_parameter_supported", "request_uri_parameter_supported",
    "require_pushed_authorization_requests", "require_request_uri_registration", "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
}  # fmt: skip
OTHERS = {"mtls_endpoint_aliases", "signed_metadata"}
_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?")
_RESPONSE_TYPES = {"code", "token", "id_token", "none"}


@pytest.mark.row(58)
def test_oidcc_discovery_endpoint_verification(op: Provider) -> None:
    answer = op.http.get(f"{op.issuer.rstrip('/')}/.well-known/openid-configuration")

    assert answer.status_code == 200, "Discovery 4.2: 200"
    assert json_of(answer) == op.metadata, "Discovery 4.2: application/json, and the same for everybody"
    check_keys(op.keys)


def test_the_issuer_is_a_plain_url_and_the_base_of_the_discovery_url(op: Provider) -> None:
    issuer = urlsplit(op.metadata["issuer"])

    assert op.metadata["issuer"] == op.issuer, "Discovery 4.3: the issuer is the discovery URL without the well-known path"
    assert issuer.scheme in ("https", urlsplit(op.issuer).scheme) and issuer.netloc, "Discovery 3: an https URL"
    assert not (issuer.query or issuer.fragment or issuer.username or "?" in op.issuer or "#" in op.issuer), "RFC 8414 2: and no more"


def test_every_endpoint_is_as_safe_as_the_issuer(op: Provider) -> None:
    given = {name: value for name, value in op.metadata.items() if name.endswith(("_endpoint", "_uri", "_iframe"))}
    flaws = [name for name, value in given.items() if urlsplit(value).scheme != urlsplit(op.issuer).scheme or not urlsplit(value).netloc]

    assert not flaws, f"Discovery 3: https URLs, as the issuer is: {flaws}"
    assert {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= set(given), "Discovery 3: these are required"
    assert "userinfo_endpoint" in given, "Discovery 3: userinfo_endpoint is recommended"


def test_the_document_has_known_members_of_the_right_types(op: Provider) -> None:
    unknown = set(op.metadata) - LISTS - URLS - FLAGS - OTHERS
    lists = {name: op.metadata[name] for name in LISTS & set(op.metadata)}

    assert not unknown, f"only metadata that is registered somewhere: {unknown}"
    assert not [name for name, value in lists.items() if not _of_strings(value)], "RFC 8414 2: JSON arrays of strings"
    assert not [name for name, value in lists.items() if not value], "RFC 8414 3.2: a member with zero elements is left out"
    assert not [name for name, value in lists.items() if len(set(value)) < len(value)], "nothing is offered twice"
    assert not [name for name in URLS & set(op.metadata) if not isinstance(op.metadata[name], str)], "RFC 8414 2: strings"
    assert not [name for name in FLAGS & set(op.metadata) if not isinstance(op.metadata[name], bool)], "RFC 8414 2: booleans"


def test_what_must_be_offered_is_offered(op: Provider) -> None:
    assert op.metadata["response_types_supported"], "Discovery 3: response_types_supported is required"
    for response_type in op.metadata["response_types_supported"]:
        assert set(response_type.split()) <= _RESPONSE_TYPES, f"Discovery 3: {response_type} is no response type"
    assert set(op.metadata["subject_types_supported"]) & {"public", "pairwise"}, "Discovery 3: pairwise, public or both"
    assert op.offers("id_token_signing_alg_values_supported", "RS256"), "Discovery 3: RS256 must be included"
    assert op.metadata.get("grant_types_supported", ["authorization_code"]), "Discovery 3: not empty if it is there"
    assert op.offers("scopes_supported", "openid"), "Discovery 3: openid must be included"
    assert not [scope for scope in op.metadata["scopes_supported"] if not re.fullmatch(r"[!#-\[\]-~]+", scope)], (
        "RFC 6749 3.3: scope tokens"
    )
    assert op.metadata.get("claims_supported"), "Discovery 3: claims_supported is recommended"
    assert isinstance(op.metadata.get("code_challenge_methods_supported", []), list), "RFC 8414 2: an array"


def test_request_objects_are_described_without_leaning_on_defaults(op: Provider) -> None:
    signing = op.metadata.get("request_object_signing_alg_values_supported")

    assert "request_uri_parameter_supported" in op.metadata, "Discovery 3: true when omitted, so it is said"
    assert signing is None or "RS256" in signing, "Discovery 3: RS256 should be among the algorithms of request objects"
    assert signing is not None or not op.metadata.get("request_parameter_supported"), "Discovery 3: with request, its algorithms"


def test_locales_are_language_tags_in_their_usual_case(op: Provider) -> None:
    given = [tag for name in ("ui_locales_supported", "claims_locales_supported") for tag in op.metadata.get(name, [])]

    assert not [tag for tag in given if not _LANGUAGE_TAG.fullmatch(tag)], f"RFC 5646 2.1.1: {given}"


def test_the_signing_algorithms_on_offer_are_none_but_asymmetric_ones(op: Provider) -> None:
    given = {alg for name, algs in op.metadata.items() if name.endswith("_alg_values_supported") and "signing" in name for alg in algs}

    assert not {alg for alg in given if alg == "none" or alg.startswith("HS")}, f"RFC 8725 3.2: {given}"


def _of_strings(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str) and all(isinstance(entry, str) for entry in value)
