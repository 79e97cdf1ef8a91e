"""/api/v2/clients: lists in pages, what a deleted application leaves behind, and the keys that applications prove themselves with."""

from typing import Any

import pytest

from gatehouse import client_registration, clients, table
from gatehouse.remembered import CACHE_SECONDS
from tests.unit.flows import Browser, basic, introspect, later, new_client, new_user, refresh, signed_in, token
from tests.unit.operators import api, machine
from tests.unit.registrations import registered
from tests.unit.signers import key, machine_token

OPERATOR = ("read:clients", "update:clients", "delete:clients", "update:client_keys")


def names(found: list[dict[str, Any]]) -> list[str]:
    return [document["name"] for document in found]


def five() -> None:
    """Five applications, each a second younger than the one before."""
    for number in range(5):
        with later(number + 1):
            new_client("spa", name=f"App {number}")


def test_a_list_has_pages_and_ends_with_an_empty_one() -> None:
    bearer = machine(*OPERATOR)
    five()

    pages = [api("GET", "/clients", bearer, query={"page": number, "per_page": 2, "include_totals": True}).json for number in range(4)]

    assert [(page["start"], page["limit"], page["length"], page["total"]) for page in pages] == [
        (0, 2, 2, 6),
        (2, 2, 2, 6),
        (4, 2, 2, 6),
        (6, 2, 0, 6),
    ]
    assert [name for page in pages for name in names(page["clients"])][1:] == [f"App {number}" for number in range(5)]
    assert len(api("GET", "/clients", bearer).json) == 6


def test_a_list_goes_on_from_a_cursor_of_its_own() -> None:
    bearer = machine(*OPERATOR)
    five()

    first = api("GET", "/clients", bearer, query={"take": 4}).json
    second = api("GET", "/clients", bearer, query={"take": 4, "from": first["next"]}).json

    assert len(names([*first["clients"], *second["clients"]])) == 6
    assert "next" not in second
    for cursor in ("x", first["next"][:-2]):
        assert api("GET", "/clients", bearer, query={"take": 4, "from": cursor}).status == 400
    assert api("GET", "/connections", machine("read:connections"), query={"take": 4, "from": first["next"]}).status == 400


def test_a_list_holds_what_was_asked_for_and_no_more() -> None:
    bearer = machine(*OPERATOR)
    five()
    new_client("native", name="Phone", first_party=False)

    def listed(**query: Any) -> Any:
        return api("GET", "/clients", bearer, query=query).json

    assert names(listed(app_type="native")) == ["Phone"]
    assert names(listed(is_first_party=False)) == ["Phone"]
    assert set(names(listed(app_type="native,non_interactive"))) == {"Phone", "Example App"}
    assert (listed(is_global=True), len(listed(is_global=False))) == ([], 7)
    assert listed(app_type="spa", per_page=2, page=2, include_totals=True)["length"] == 1
    assert listed(app_type="native", fields="name,app_type") == [{"name": "Phone", "app_type": "native"}]
    assert "name" not in listed(fields="name", include_fields=False)[0]
    for query in ({"page": -1}, {"per_page": 0}, {"per_page": 101}, {"page": "x"}, {"q": "x"}, {"is_global": "perhaps"}):
        assert api("GET", "/clients", bearer, query=query).status == 400


def test_tokens_of_a_deleted_application_are_dead_within_a_minute() -> None:
    operator, observer = machine(*OPERATOR), new_client("web", introspection_audiences=["https://id.example.com"])
    new_user()
    app = new_client("spa")
    tokens = signed_in(app.client_id, Browser(), scope="openid offline_access")
    # Under way when the cached copy of the client is as old as it can be.
    assert introspect(observer, tokens["access_token"])["active"] is True

    assert api("DELETE", f"/clients/{app.client_id}", operator).status == 204

    with later(CACHE_SECONDS):
        assert introspect(observer, tokens["access_token"]) == {"active": False}
        answer = refresh(app.client_id, tokens["refresh_token"])
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert api("GET", f"/clients/{app.client_id}", operator).json["errorCode"] == "inexistent_client"
    assert api("DELETE", f"/clients/{app.client_id}", operator).status == 204


def test_a_deleted_machine_calls_the_management_api_no_more() -> None:
    operator, other = machine(*OPERATOR), machine("read:clients")
    with later(1):
        [caller] = [item for item in client_registration.everyone() if item["scopes"] == ["read:clients"]]
        assert api("GET", "/clients", other).status == 200
        assert api("DELETE", f"/clients/{caller['client_id']}", operator).status == 204

    with later(CACHE_SECONDS + 1):
        assert api("GET", "/clients", other).status == 401
        assert api("GET", "/clients", operator).status == 200


def test_an_application_that_comes_to_need_a_secret_is_shown_it_and_one_that_needs_none_loses_it() -> None:
    bearer = machine(*OPERATOR)
    mine = key()
    app = new_client("machine", scopes=["read:orders"])
    path = f"/clients/{app.client_id}"

    keyed = api("PATCH", path, bearer, {"token_endpoint_auth_method": "private_key_jwt", "jwks": [mine.jwk]})
    clients.forget()
    assert (keyed.status, keyed.json["jwks"]) == (200, [mine.jwk])
    assert token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).status == 401
    assert machine_token(mine, app.client_id).status == 200
    assert api("POST", f"{path}/rotate-secret", bearer).status == 409

    secret = api("PATCH", path, bearer, {"token_endpoint_auth_method": "client_secret_basic", "jwks": None}).json["client_secret"]
    clients.forget()
    assert token(grant_type="client_credentials", authorization=basic(app.client_id, secret)).status == 200
    assert "client_secret" not in api("PATCH", path, bearer, {"name": "Other"}).json


@pytest.mark.row(86)
def test_whoever_may_change_applications_but_not_their_keys_changes_no_key() -> None:
    bearer, mine = machine("update:clients"), key()
    path = f"/clients/{new_client('machine').client_id}"

    for change in (
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": [mine.jwk]},
        {"jwks_uri": "https://app.example.com/jwks"},
        {"jwks": [mine.jwk]},
        {"token_endpoint_auth_signing_alg": "ES256"},
    ):
        answer = api("PATCH", path, bearer, change)
        assert (answer.status, answer.json["errorCode"]) == (403, "insufficient_scope")
    assert api("POST", f"{path}/rotate-secret", bearer).status == 403
    assert api("PATCH", path, bearer, {"name": "Other"}).status == 200


def test_what_an_application_that_registered_itself_was_given_to_manage_itself_is_shown_to_nobody() -> None:
    made = registered().told
    bearer = machine(*OPERATOR)

    shown = api("GET", f"/clients/{made['client_id']}", bearer)
    changed = api("PATCH", f"/clients/{made['client_id']}", bearer, {"description": "Somebody's"})

    assert (shown.status, changed.status, shown.json["is_first_party"]) == (200, 200, False)
    for text in (shown.body, changed.body, api("GET", "/clients", bearer).body):
        assert made["registration_access_token"] not in text
        assert "registration" not in text
    stored = table.get(table.client_key(made["client_id"]))
    assert stored
    assert stored["registration_digest"]
