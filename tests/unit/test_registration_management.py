"""Clients that manage their own registration, each only its own (RFC 7592)."""

import json
from typing import Any

import pytest

from gatehouse import client_registration, clients, remembered, table
from gatehouse.clients import STANDARD_SCOPES
from tests.unit.conftest import call, context, event, function
from tests.unit.flows import (
    CALLBACK,
    Browser,
    basic,
    introspect,
    later,
    new_client,
    new_user,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.unit.registrations import EC_JWK, OURS, Registration, registered

ELSEWHERE = "https://other.example/callback"


def stored(client_id: str) -> table.Item | None:
    return table.get(table.client_key(client_id))


def test_a_client_reads_what_is_registered_but_not_its_secret_again() -> None:
    app = registered(software_id="4NRB1", contacts=["ops@ledger.example"])
    answer = app.get()

    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json == {name: value for name, value in app.told.items() if name != "client_secret"}
    assert app.manage("HEAD").status == 200


def test_sending_back_what_was_registered_changes_nothing() -> None:
    app = registered(default_max_age=60, jwks={"keys": [EC_JWK]}, software_version="1")
    before = clients.get(app.client_id)
    answer = app.put()

    assert (answer.status, answer.json) == (200, app.told)
    assert clients.get(app.client_id) == before


def test_an_update_replaces_everything_and_what_it_leaves_out_is_gone_or_as_by_default() -> None:
    app = registered(
        policy_uri="https://ledger.example/privacy",
        contacts=["ops@ledger.example"],
        default_max_age=60,
        software_id="4NRB1",
        scope="openid",
        id_token_signed_response_alg="ES256",
        dpop_bound_access_tokens=True,
        require_pkce=False,
    )
    answer = app.manage("PUT", json.dumps({"client_id": app.client_id, "redirect_uris": [ELSEWHERE], "tos_uri": None}))
    client, item = clients.get(app.client_id), stored(app.client_id)

    assert answer.status == 200
    assert client and client.redirect_uris == (ELSEWHERE,) and client.scopes == STANDARD_SCOPES
    assert (client.policy_uri, client.contacts, client.default_max_age, client.id_token_alg) == ("", (), -1, "RS256")
    assert (client.dpop_bound_access_tokens, client.require_pkce, client.name) == (False, True, "other.example")
    assert client.grant_types == ("authorization_code",)
    assert item and not {"policy_uri", "contacts", "default_max_age"} & item.keys()
    assert "software_id" not in answer.json and app.get().json == answer.json


def test_the_secret_stays_and_cannot_be_chosen() -> None:
    app = registered()

    assert app.put(client_secret=...).json.keys().isdisjoint({"client_secret"})
    assert app.put(client_name="Renamed").json["client_secret"] == app.secret
    for chosen in ("chosen", "", 5, [app.secret], app.secret + "x"):
        answer = app.put(client_secret=chosen)
        assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    client = clients.get(app.client_id)
    assert client and client.knows_secret(app.secret)


def test_a_client_that_comes_to_need_a_secret_is_given_one_and_loses_it_when_it_does_without() -> None:
    app = registered(token_endpoint_auth_method="none")

    given = app.put(token_endpoint_auth_method="client_secret_post").json
    client = clients.get(app.client_id)
    assert client and client.type == "web" and client.knows_secret(given["client_secret"])
    assert given["client_secret_expires_at"] == 0
    gone = app.put(token_endpoint_auth_method="none").json
    client = clients.get(app.client_id)
    assert client and client.type == "spa" and not client.secret_digests
    assert gone.keys().isdisjoint({"client_secret", "client_secret_expires_at"})
    with_key = app.put(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [EC_JWK]}).json
    assert "client_secret" not in with_key
    assert app.put(token_endpoint_auth_method="client_secret_basic").json["client_secret"] != given["client_secret"]


@pytest.mark.parametrize("client_id", [..., None, "", "other", 5, ["x"]])
def test_an_update_says_whose_it_is(client_id: Any) -> None:
    app = registered()
    answer = app.put(client_id=client_id)

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"].startswith("client_id: ")


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("value", ["same", None, 0])
def test_an_update_names_nothing_that_is_ours_to_give(name: str, value: Any) -> None:
    app = registered()
    answer = app.put(**{name: app.told[name] if value == "same" else value})

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"] == f"{name}: must not be in an update"


@pytest.mark.row(3)
def test_an_update_meets_the_rules_of_a_registration_and_fails_as_a_whole() -> None:
    app = registered()
    before = stored(app.client_id)

    broken: list[tuple[dict[str, Any], str]] = [
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"scope": "openid create:clients"}, "invalid_client_metadata"),
        ({"userinfo_signed_response_alg": "RS256"}, "invalid_client_metadata"),
        ({"sector_identifier_uri": "https://169.254.169.254/"}, "invalid_client_metadata"),
        ({"client_name": "Renamed", "contacts": "nobody"}, "invalid_client_metadata"),
    ]
    for changes, error in broken:
        answer = app.put(**changes)
        assert (answer.status, answer.json["error"]) == (400, error)
    assert app.manage("PUT", "[]").json["error"] == "invalid_request"
    assert app.manage("PUT", '{"client_id": "x", "client_id": "x"}').json["error"] == "invalid_request"
    assert app.manage("PUT", " " * 65_537).status == 413
    assert stored(app.client_id) == before


def test_what_an_administrator_added_stays_and_can_be_sent_back_but_not_be_taken_by_another() -> None:
    app, other = registered(), registered()
    added: dict[str, Any] = {"scopes": ["openid", "orders:read"], "grant_types": ["authorization_code", "client_credentials"]}
    client_registration.change(app.client_id, audience="https://orders.example.com", access_token_seconds=60, **added)
    again = Registration(app.told | app.get().json)

    assert again.told["scope"] == "openid orders:read"
    assert again.put(client_name="Renamed").status == 200
    client = clients.get(app.client_id)
    assert client and (client.name, client.audience, client.access_token_seconds) == ("Renamed", "https://orders.example.com", 60)
    assert client.scopes == ("openid", "orders:read") and "client_credentials" in client.grant_types
    assert other.put(scope="openid orders:read").status == 400
    assert other.put(grant_types=["authorization_code", "client_credentials"]).status == 400


def test_an_update_never_sets_what_is_for_administrators() -> None:
    app = registered()
    wished = {"audience": "https://x.example", "first_party": True, "resources": ["https://x.example"], "token_exchange": "impersonation"}
    wished |= {"introspection_audiences": ["https://x.example"], "security_profile": "fapi2", "web_origins": ["https://evil.test"]}

    assert app.put(**wished, metadata={"x": 1}, registration_digest="x", name="x").status == 200
    client = clients.get(app.client_id)
    assert client and (client.audience, client.first_party, client.resources, client.token_exchange) == ("", False, (), "")
    assert (client.introspection_audiences, client.security_profile, client.web_origins, client.name) == ((), "", (), "Ledger")


# Whose token it is


@pytest.mark.row(25, 84)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_any_other_token_is_refused_in_the_same_words_whatever_is_wrong(method: str) -> None:
    app, other, ours = registered(), registered(), new_client("web")
    gone = registered()
    gone.delete()
    body = json.dumps({"client_id": app.client_id, "redirect_uris": [CALLBACK]}) if method == "PUT" else ""
    own = str(app.told["registration_access_token"])
    answers = [
        app.manage(method, body, token="wrong"),
        app.manage(method, body, token=app.secret),
        app.manage(method, body, token=own[:-1]),
        app.manage(method, body, token="ü"),
        app.manage(method, body, token=str(other.told["registration_access_token"])),
        app.manage(method, body, client_id=ours.client_id),
        app.manage(method, body, client_id="A" * 22),
        gone.manage(method, body),
    ]

    assert {(answer.status, answer.body, answer.headers["www-authenticate"]) for answer in answers} == {
        (answers[0].status, answers[0].body, answers[0].headers["www-authenticate"])
    }
    assert (answers[0].status, answers[0].json["error"]) == (401, "invalid_token")
    assert app.get().status == other.get().status == 200
    assert stored(ours.client_id)


@pytest.mark.row(89)
@pytest.mark.parametrize("client_id", ["", "#", "a#b", "KEYS", "x" * 65, "x" * 2048, "%23", "../x", "ü", "\x00", "CLIENT#x"])
def test_an_id_that_none_can_be_finds_nobody(client_id: str) -> None:
    headers = {"authorization": f"Bearer {registered().told['registration_access_token']}"}
    parameters = {"client_id": client_id}
    answer = call("registration", "GET", f"/oidc/register/{client_id}", headers=headers, path_parameters=parameters)

    assert (answer.status, answer.json["error"]) == (401, "invalid_token")


def test_no_token_is_answered_with_a_challenge_and_another_scheme_is_not_taken() -> None:
    app = registered()
    path, parameters = f"/oidc/register/{app.client_id}", {"client_id": app.client_id}
    bare = call("registration", "GET", path, path_parameters=parameters)
    assert (bare.status, bare.headers["www-authenticate"]) == (401, 'Bearer realm="gatehouse"')
    for scheme in ("DPoP", "Basic"):
        headers = {"authorization": f"{scheme} {app.told['registration_access_token']}"}
        assert call("registration", "GET", path, headers=headers, path_parameters=parameters).status == 401


def test_an_administrators_client_has_no_such_token_whatever_is_presented() -> None:
    ours = new_client("web")

    for presented in ("", "x", ours.secret, "\x00" * 32):
        assert client_registration.find_self_registered(ours.client_id, presented) is None


def test_only_these_methods_are_served() -> None:
    app = registered()

    answer = app.manage("POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, PUT, DELETE")
    assert app.manage("PATCH").status == 405
    assert app.manage("OPTIONS").headers["access-control-allow-methods"] == "GET, PUT, DELETE"


# The end


def in_use(app: Registration) -> dict[str, Any]:
    new_user()
    browser = Browser()
    asked = browser.sign_in(app.client_id)
    browser.fill(browser.get("hosted_pages", asked.location), "/u/consent", decision="allow")
    return tokens_of(app.client_id, browser, secret=app.secret)


def authorized(access_token: str) -> bool:
    asked = event("authorizer") | {"headers": {"authorization": f"Bearer {access_token}"}, "stageVariables": {}}
    return bool(function("authorizer")(asked, context())["isAuthorized"])


def test_a_client_that_deletes_itself_is_gone_with_all_that_it_was_given() -> None:
    app, server = registered(), new_client("web", introspection_audiences=["https://id.example.com"])
    tokens = in_use(app)
    assert authorized(tokens["access_token"])
    answer = app.delete()

    assert (answer.status, answer.body) == (204, "")
    assert stored(app.client_id) is None
    assert app.get().status == app.delete().status == 401
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert token(authorization=basic(app.client_id, app.secret), **form).json["error"] == "invalid_client"
    assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_client"
    assert userinfo(tokens["access_token"]).status == 401
    assert introspect(server, tokens["access_token"]) == {"active": False}
    assert not authorized(tokens["access_token"])
    assert Browser().authorize(app.client_id).status == 400


def test_functions_that_remember_the_client_follow_within_a_minute() -> None:
    app = registered()
    tokens = in_use(app)
    assert userinfo(tokens["access_token"]).status == 200
    headers = {"authorization": f"Bearer {app.told['registration_access_token']}"}
    parameters = {"client_id": app.client_id}
    assert call("registration", "DELETE", f"/oidc/register/{app.client_id}", headers=headers, path_parameters=parameters).status == 204

    with later(remembered.CACHE_SECONDS + 1):
        assert userinfo(tokens["access_token"]).status == 401


def test_people_see_no_deleted_application_among_theirs() -> None:
    app = registered()
    new_user()
    browser = Browser()
    asked = browser.sign_in(app.client_id)
    browser.fill(browser.get("hosted_pages", asked.location), "/u/consent", decision="allow")
    assert "Ledger" in browser.get("hosted_pages", "/u/account").body
    app.delete()

    page = browser.get("hosted_pages", "/u/account")
    assert page.status == 200 and "Ledger" not in page.body
