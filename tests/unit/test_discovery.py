"""What the discovery documents promise, and that they promise nothing else (OpenID Connect Discovery 1.0, RFC 8414)."""

import json
from pathlib import Path
from typing import Any

import pytest

from gatehouse import key_rotation, keys, settings
from gatehouse.users import PROFILE_CLAIMS
from tests.unit.conftest import ISSUER, call, forget, template
from tests.unit.flows import Browser, new_client, token

GOLDEN = Path(__file__).parents[1] / "golden" / "openid-configuration.json"
OPENID = "/.well-known/openid-configuration"
# OpenID Connect Discovery 3, RFC 8414 2, RFC 9207 3, RP-Initiated Logout 2.1, Initiating User Registration 2.
REGISTERED = {
    *("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint"),
    *(
        "revocation_endpoint",
        "end_session_endpoint",
        "scopes_supported",
        "response_types_supported",
        "grant_types_supported",
    ),
    *(
        "response_modes_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "claims_supported",
    ),
    *(
        "token_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_methods_supported",
        "claim_types_supported",
    ),
    *("revocation_endpoint_auth_methods_supported", "code_challenge_methods_supported", "prompt_values_supported"),
    *("claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"),
    *("authorization_response_iss_parameter_supported", "acr_values_supported", "ui_locales_supported"),
    # RFC 9126 5, RFC 8628 4, RFC 9449 5.1, RFC 9701 7, OpenID Connect Back-Channel Logout 2.1, OpenID Connect Discovery 3.
    *("pushed_authorization_request_endpoint", "require_pushed_authorization_requests", "device_authorization_endpoint"),
    *("registration_endpoint", "dpop_signing_alg_values_supported", "introspection_signing_alg_values_supported"),
    *("backchannel_logout_supported", "backchannel_logout_session_supported", "display_values_supported"),
    *(f"{endpoint}_endpoint_auth_signing_alg_values_supported" for endpoint in ("token", "introspection", "revocation")),
    *("service_documentation", "request_object_signing_alg_values_supported", "op_policy_uri", "op_tos_uri"),
}


def document(path: str = OPENID) -> dict[str, Any]:
    answer = call("discovery", "GET", path)
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def test_the_issuer_is_the_configured_one_to_the_letter() -> None:
    assert document()["issuer"] == ISSUER


@pytest.mark.parametrize("issuer", ["https://id.example.com/", "http://localhost:8080", "https://id.example.com/tenant"])
def test_the_issuer_stays_as_it_is_written_and_endpoints_are_below_it(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUER", issuer)
    forget()

    found = document()

    assert found["issuer"] == issuer
    assert found["token_endpoint"] == f"{issuer.rstrip('/')}/oauth/token"


def test_the_document_is_the_one_that_is_agreed() -> None:
    """A change of this contract is a change of tests/golden, for reviewers to see."""
    assert document() == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_both_well_known_addresses_tell_the_same() -> None:
    assert document("/.well-known/oauth-authorization-server") == document(OPENID)


def test_only_registered_members_are_used() -> None:
    assert set(document()) <= REGISTERED


def test_every_endpoint_has_a_route() -> None:
    found = document()
    routed = {
        event["Properties"]["Path"]
        for resource in template()["Resources"].values()
        for event in (resource.get("Properties") or {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }

    for name, url in found.items():
        if name.endswith(("_endpoint", "_uri")):
            assert url.removeprefix(ISSUER) in routed


def test_what_is_not_there_is_said_so_where_silence_would_mean_yes() -> None:
    found = document()

    assert found["request_uri_parameter_supported"] is False
    assert "none" not in found["request_object_signing_alg_values_supported"]


def test_every_response_type_scope_and_grant_that_is_offered_is_served() -> None:
    found = document()
    app, machine = new_client(scopes=found["scopes_supported"]), new_client("machine")

    for scope in found["scopes_supported"]:
        assert Browser().authorize(app.client_id, scope=f"openid {scope}").location.startswith(f"{ISSUER}/u/login")
    for grant_type in found["grant_types_supported"]:
        refused = token(grant_type=grant_type, client_id=machine.client_id, authorization="Basic x")
        assert refused.json["error"] != "unsupported_grant_type"
    assert found["response_types_supported"] == ["code"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert set(PROFILE_CLAIMS) < set(found["claims_supported"])


@pytest.mark.parametrize("path", [OPENID, "/.well-known/jwks.json"])
def test_it_may_be_cached_and_read_from_any_page(path: str) -> None:
    answer = call("discovery", "GET", path, headers={"origin": "https://evil.test"}, cookies={"a": "b"})

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert not answer.cookies


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_is_only_for_reading(method: str) -> None:
    answer = call("discovery", method, OPENID)

    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert call("discovery", "HEAD", OPENID).status == 200
    assert call("discovery", "OPTIONS", OPENID).status == 204


def test_forged_host_headers_change_nothing() -> None:
    before = document()
    headers = {
        "host": "evil.test",
        "x-forwarded-host": "evil.test",
        "forwarded": "host=evil.test",
        "x-forwarded-proto": "http",
    }

    assert call("discovery", "GET", OPENID, headers=headers).json == before


def test_the_key_set_has_a_current_and_a_next_key_of_each_algorithm_and_no_private_part() -> None:
    answer = call("discovery", "GET", "/.well-known/jwks.json")

    keys = answer.json["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256", "ES256", "EdDSA", "EdDSA", "RS256", "RS256"]
    assert not any({"d", "p", "q", "k"} & set(key) for key in keys)


def test_the_key_set_follows_what_is_switched_on_and_what_was_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/.well-known/jwks.json"
    before = {key["kid"] for key in call("discovery", "GET", path).json["keys"]}
    monkeypatch.setenv("SIGNING_ALGORITHMS", "ES256")
    settings.settings.cache_clear()
    assert {key["alg"] for key in call("discovery", "GET", path).json["keys"]} == {"ES256"}

    monkeypatch.undo()
    settings.settings.cache_clear()
    key_rotation.rotate("test", force=True)
    keys.forget()
    after = {key["kid"] for key in call("discovery", "GET", path).json["keys"]}

    assert after - before
    assert before - after
