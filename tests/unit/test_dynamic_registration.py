"""Clients that register themselves: who may, what may be asked for, and what is never given (RFC 7591)."""

from typing import Any

import pytest

from gatehouse import clients, role_holders, table
from gatehouse.clients import DEVICE_GRANT, STANDARD_SCOPES
from tests.unit.conftest import ISSUER, call
from tests.unit.devices import codes
from tests.unit.flows import (
    CALLBACK,
    Browser,
    basic,
    new_client,
    new_user,
    sign_out_everywhere,
    signed_in,
    token,
    tokens_of,
)
from tests.unit.operators import giving
from tests.unit.registrations import EC_JWK, METADATA, SCOPE, initial_access_token, post, registered


def test_a_client_is_told_everything_about_itself_once() -> None:
    answer = post(METADATA)
    told = answer.json

    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    assert len(told["client_id"]) == 22 and len(told["client_secret"]) == len(told["registration_access_token"]) == 43
    assert told["registration_client_uri"] == f"{ISSUER}/oidc/register/{told['client_id']}"
    assert told["client_secret_expires_at"] == 0
    assert type(told["client_id_issued_at"]) is int
    assert {name: told[name] for name in METADATA} == METADATA


def test_what_is_left_out_gets_the_defaults_of_the_specifications() -> None:
    told = post({"redirect_uris": [CALLBACK]}).json

    defaults = {
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "application_type": "web",
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": "RS256",
        "subject_type": "public",
        "scope": " ".join(STANDARD_SCOPES),
        "client_name": "app.example.com",
        "require_pkce": True,
        "require_auth_time": True,
        "dpop_bound_access_tokens": False,
    }
    assert {name: told[name] for name in defaults} == defaults
    assert not {"jwks", "jwks_uri", "logo_uri", "contacts", "default_max_age", "software_id", "audience"} & told.keys()


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"client_uri": "https://ledger.example/about"}, "ledger.example"),
        ({"application_type": "native", "redirect_uris": ["com.example.app:/cb"]}, "Unnamed application"),
        ({"client_name": None}, "app.example.com"),
        ({"client_name": "Ledger"}, "Ledger"),
    ],
)
def test_an_application_without_a_name_is_called_by_where_it_lives(members: dict[str, Any], name: str) -> None:
    assert post({"redirect_uris": [CALLBACK]} | members).json["client_name"] == name


def test_all_that_can_be_registered_comes_back_and_is_what_the_client_then_is() -> None:
    members: dict[str, Any] = METADATA | {
        "response_types": ["code"],
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "client_uri": "https://ledger.example/",
        "logo_uri": "https://ledger.example/logo.png",
        "policy_uri": "https://ledger.example/privacy",
        "tos_uri": "https://ledger.example/terms",
        "contacts": ["ops@ledger.example"],
        "scope": "openid email",
        "jwks": {"keys": [EC_JWK]},
        "id_token_signed_response_alg": "ES256",
        "request_object_signing_alg": "ES256",
        "default_max_age": 3600,
        "require_auth_time": True,
        "initiate_login_uri": "https://ledger.example/login",
        "post_logout_redirect_uris": ["https://ledger.example/bye"],
        "backchannel_logout_uri": "https://ledger.example/backchannel",
        "backchannel_logout_session_required": True,
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
        "require_signed_request_object": True,
        "require_pkce": False,
        "subject_type": "public",
        "default_acr_values": ["urn:gatehouse:acr:1fa"],
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.1",
    }
    told = post(members).json
    client = clients.get(told["client_id"])

    assert {name: told[name] for name in members} == members
    assert told.keys() - members.keys() == {
        "client_id",
        "client_id_issued_at",
        "registration_access_token",
        "registration_client_uri",
    }
    assert client and client.jwks == (EC_JWK,) and client.scopes == ("openid", "email")
    assert (client.default_max_age, client.id_token_alg, client.require_pkce) == (3600, "ES256", False)


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({}, "web"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "web"),
        ({"token_endpoint_auth_method": "none"}, "spa"),
        ({"application_type": "native", "redirect_uris": ["com.example.app:/cb", "http://127.0.0.1/cb"]}, "native"),
        ({"application_type": "native", "token_endpoint_auth_method": "none"}, "native"),
        (
            {
                "application_type": "native",
                "redirect_uris": [],
                "grant_types": [DEVICE_GRANT, "refresh_token"],
                "response_types": [],
            },
            "native",
        ),
    ],
)
def test_application_type_and_authentication_method_make_the_type(members: dict[str, Any], kind: str) -> None:
    told = registered(**members).told

    client = clients.get(told["client_id"])
    assert client and client.type == kind
    assert ("client_secret" in told) == (kind == "web") == ("client_secret_expires_at" in told)


def test_a_client_that_registered_itself_is_a_third_party_and_gets_nothing_but_people() -> None:
    wished = {
        "first_party": True,
        "audience": f"{ISSUER}/api/v2/",
        "resources": ["https://orders.example.com"],
        "introspection_audiences": [ISSUER],
        "token_exchange": "impersonation",
        "security_profile": "",
        "access_token_seconds": 86_400,
        "sessions_not_before": 0,
        "refresh_cookie": True,
        "web_origins": ["https://evil.test"],
        "claims_in_id_token": True,
        "type": "machine",
        "scopes": [SCOPE],
        "client_id": "chosen",
        "client_secret": "chosen",
        "registration_digest": "chosen",
        "pk": "CLIENT#other",
    }
    told = registered(**wished).told
    client = clients.get(told["client_id"])
    item = table.get(table.client_key(told["client_id"]))

    assert client and item and "chosen" not in (told["client_id"], told["client_secret"])
    assert (client.first_party, client.audience, client.resources, client.introspection_audiences) == (False, "", (), ())
    assert (client.token_exchange, client.refresh_cookie, client.claims_in_id_token) == ("", False, False)
    assert client.scopes == STANDARD_SCOPES
    assert not wished.keys() & item.keys() - {"first_party", "type", "scopes", "client_id", "registration_digest", "pk"}


@pytest.mark.row(25)
def test_the_table_holds_neither_the_secret_nor_the_registration_token() -> None:
    told = registered().told
    stored = repr(table.get(table.client_key(told["client_id"])))

    assert told["client_secret"] not in stored
    assert told["registration_access_token"] not in stored


def test_whoever_registered_signs_somebody_in_after_asking_them_and_refreshes() -> None:
    new_user()
    links = {name: f"https://ledger.example/{name}" for name in ("client_uri", "logo_uri", "policy_uri", "tos_uri")}
    app, browser = registered(**links), Browser()

    login = browser.get("hosted_pages", browser.authorize(app.client_id).location)
    asked = browser.sign_in(app.client_id)
    consent = browser.get("hosted_pages", asked.location)
    for page in (login, consent):
        assert all(links[name] in page.body for name in ("logo_uri", "policy_uri", "tos_uri"))
    assert "Ledger" in consent.body and "ledger.example" in consent.body
    browser.fill(consent, "/u/consent", decision="allow")
    tokens = tokens_of(app.client_id, browser, secret=app.secret)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert token(client_id=app.client_id, client_secret=app.secret, **form).json["error"] == "invalid_client"
    assert token(authorization=basic(app.client_id, app.secret), **form).status == 200


def test_a_device_registers_and_gets_its_codes() -> None:
    app = registered(application_type="native", redirect_uris=[], grant_types=[DEVICE_GRANT], response_types=[])

    assert codes(app.client_id)["user_code"]


def test_a_desk_that_needs_no_pkce_demands_none_of_clients_that_can_keep_a_secret() -> None:
    desk = initial_access_token(require_pkce=False)

    assert post(METADATA, desk).json["require_pkce"] is False
    assert post(METADATA | {"require_pkce": True}, desk).json["require_pkce"] is True
    for public in ({"token_endpoint_auth_method": "none"}, {"application_type": "native"}):
        assert post(METADATA | public, desk).json["require_pkce"] is True


# Who may register


@pytest.mark.row(84)
def test_without_a_token_there_is_a_challenge_that_names_no_error() -> None:
    for header in ("", "Basic YTpi"):
        answer = post(METADATA, authorization=header)

        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="gatehouse"'


@pytest.mark.row(84)
def test_only_a_token_for_the_management_api_with_the_scope_registers() -> None:
    new_user()
    person = signed_in(new_client().client_id)

    for wrong in (person["access_token"], person["id_token"], person["refresh_token"], "garbage"):
        answer = post(METADATA, wrong)
        assert (answer.status, answer.json["error"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert post(METADATA, initial_access_token(audience="https://orders.example.com")).status == 401
    unscoped = post(METADATA, initial_access_token("delete:sessions"))
    assert (unscoped.status, unscoped.json["error"]) == (403, "insufficient_scope")
    assert f'scope="{SCOPE}"' in unscoped.headers["www-authenticate"]


def test_a_person_with_the_scope_registers_until_they_sign_out() -> None:
    role_holders.assign(new_user().user_id, [giving("registrar", SCOPE)])
    console = new_client(audience=f"{ISSUER}/api/v2/", scopes=["openid", SCOPE])
    ours = new_client()
    browser = Browser()
    tokens = signed_in(console.client_id, browser, scope=f"openid {SCOPE}")

    assert post(METADATA, tokens["access_token"]).status == 201
    sign_out_everywhere(tokens_of(ours.client_id, browser)["access_token"])
    answer = post(METADATA, tokens["access_token"])
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")


def test_the_token_is_looked_at_before_the_body() -> None:
    assert post("no json", "garbage").status == 401


def test_keys_may_come_with_what_browsers_export_beside_them() -> None:
    exported = EC_JWK | {"key_ops": ["verify"], "ext": True, "x5t": "abc", "x5c": ["MIIB"], "alg": "ES256", "use": "sig"}

    told = registered(jwks={"keys": [exported]}).told

    assert told["jwks"] == {"keys": [EC_JWK | {"alg": "ES256", "use": "sig"}]}


def test_only_post_registers() -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = call("registration", method, "/oidc/register")
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert call("registration", "PATCH", "/oidc/register").status == 405
    assert call("registration", "OPTIONS", "/oidc/register").headers["access-control-allow-methods"] == "POST"


def test_discovery_says_where() -> None:
    assert call("discovery", "GET", "/.well-known/openid-configuration").json["registration_endpoint"] == f"{ISSUER}/oidc/register"
