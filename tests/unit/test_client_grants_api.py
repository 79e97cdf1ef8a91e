"""/api/v2/client-grants: which application may have which scopes of which API."""

from typing import Any

import pytest

from gatehouse import clients, resource_servers, table
from gatehouse.permissions import api_id
from tests.unit.conftest import Answer
from tests.unit.flows import basic, claims_of, new_client, token
from tests.unit.operators import AUDIENCE, api, machine

OPERATOR = ("create:client_grants", "read:client_grants", "update:client_grants", "delete:client_grants")
ORDERS, STOCK = "https://orders.example.com", "https://stock.example.com/"


@pytest.fixture(autouse=True)
def apis() -> None:
    for identifier, names in ((ORDERS, ("read:orders", "write:orders", "read:everything")), (STOCK, ("read:stock", "read:everything"))):
        resource_servers.create(identifier, identifier, scopes=[{"value": name, "description": ""} for name in names])


def granted(bearer: str, client_id: str, audience: str, *scope: str) -> dict[str, Any]:
    answer = api("POST", "/client-grants", bearer, {"client_id": client_id, "audience": audience, "scope": list(scope)})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def client(client_id: str) -> clients.Client:
    found = table.get(table.client_key(client_id))
    assert found
    return clients.Client.from_item(found)


def test_a_machine_gets_tokens_for_what_it_was_granted() -> None:
    bearer, app = machine(*OPERATOR), new_client("machine")

    first = granted(bearer, app.client_id, ORDERS, "read:orders", "write:orders")
    second = granted(bearer, app.client_id, STOCK, "read:stock")

    assert first == {
        "id": f"cgr_{app.client_id}_{api_id(ORDERS)}",
        "client_id": app.client_id,
        "audience": ORDERS,
        "scope": ["read:orders", "write:orders"],
        "subject_type": "client",
    }
    assert second["scope"] == ["read:stock"]
    stored = client(app.client_id)
    assert (stored.audience, stored.resources, stored.scopes) == (ORDERS, (STOCK,), ("read:orders", "write:orders", "read:stock"))
    clients.forget()
    answer = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret), audience=STOCK)
    assert claims_of(answer.json["access_token"])["aud"] == STOCK


def test_an_application_for_people_keeps_its_audience_and_may_ask_for_one_more() -> None:
    bearer, app = machine(*OPERATOR), new_client("spa")

    grant = granted(bearer, app.client_id, ORDERS, "read:orders")

    stored = client(app.client_id)
    assert (stored.audience, stored.resources) == ("", (ORDERS,))
    assert grant["scope"] == ["read:orders"]
    assert "openid" in stored.scopes


def test_a_change_leaves_the_other_grants_alone_and_takes_what_it_does_not_name() -> None:
    bearer, app = machine(*OPERATOR), new_client("machine", name="Keeps its name")
    first = granted(bearer, app.client_id, ORDERS, "read:orders", "write:orders")
    second = granted(bearer, app.client_id, STOCK, "read:stock")

    changed = api("PATCH", f"/client-grants/{first['id']}", bearer, {"scope": ["write:orders"]})

    assert (changed.status, changed.json["scope"]) == (200, ["write:orders"])
    assert api("GET", f"/client-grants/{second['id']}", bearer).json == second
    assert api("PATCH", f"/client-grants/{first['id']}", bearer, {"scope": []}).json["scope"] == []
    assert client(app.client_id).name == "Keeps its name"


def test_a_scope_of_two_apis_is_granted_at_both_and_taken_at_both() -> None:
    bearer, app = machine(*OPERATOR), new_client("machine")
    first = granted(bearer, app.client_id, ORDERS, "read:orders")
    second = granted(bearer, app.client_id, STOCK, "read:everything")

    assert api("GET", f"/client-grants/{first['id']}", bearer).json["scope"] == ["read:orders", "read:everything"]

    api("PATCH", f"/client-grants/{first['id']}", bearer, {"scope": ["read:orders"]})
    assert api("GET", f"/client-grants/{second['id']}", bearer).json["scope"] == []


def test_a_deleted_grant_takes_its_scopes_along_unless_another_has_them() -> None:
    bearer, app = machine(*OPERATOR), new_client("machine")
    first = granted(bearer, app.client_id, ORDERS, "read:orders", "read:everything")
    granted(bearer, app.client_id, STOCK, "read:stock")

    assert api("DELETE", f"/client-grants/{first['id']}", bearer).status == 204

    stored = client(app.client_id)
    assert (stored.audience, stored.resources, set(stored.scopes)) == (STOCK, (), {"read:stock", "read:everything"})
    assert api("GET", f"/client-grants/{first['id']}", bearer).status == 404
    assert api("DELETE", f"/client-grants/{first['id']}", bearer).status == 204
    [last] = api("GET", "/client-grants", bearer, query={"client_id": app.client_id}).json
    assert api("DELETE", f"/client-grants/{last['id']}", bearer).status == 204
    stored = client(app.client_id)
    assert (stored.audience, stored.resources, stored.scopes) == ("", (), ())


def test_the_default_audience_of_an_application_for_people_is_nobodys_again_when_its_grant_goes() -> None:
    bearer, app = machine(*OPERATOR), new_client("spa", audience=ORDERS, resources=[STOCK], scopes=["openid", "read:orders", "read:stock"])

    assert api("DELETE", f"/client-grants/cgr_{app.client_id}_{api_id(ORDERS)}", bearer).status == 204

    stored = client(app.client_id)
    assert (stored.audience, stored.resources, stored.scopes) == ("", (STOCK,), ("openid", "read:stock"))


def test_grants_are_listed_by_application_and_by_api() -> None:
    bearer = machine(*OPERATOR)
    one, two = new_client("machine"), new_client("machine", audience="https://nobody.example.com", scopes=["read:nothing"])
    granted(bearer, one.client_id, ORDERS, "read:orders")
    granted(bearer, two.client_id, ORDERS, "write:orders")

    def listed(**query: Any) -> Any:
        return api("GET", "/client-grants", bearer, query=query).json

    assert [found["client_id"] for found in listed(client_id=one.client_id)] == [one.client_id]
    assert {found["client_id"] for found in listed(audience=ORDERS)} == {one.client_id, two.client_id}
    # The caller's own, for the Management API, and the one for an API that nobody registered.
    assert {found["audience"] for found in listed()} == {ORDERS, AUDIENCE, "https://nobody.example.com"}
    assert [found["scope"] for found in listed(audience="https://nobody.example.com")] == [["read:nothing", "write:orders"]]
    assert [found["scope"] for found in listed(audience=AUDIENCE)] == [list(OPERATOR)]
    assert (listed(include_totals=True, per_page=3)["total"], listed(page=9)) == (4, [])
    page = listed(take=3, include_totals=True)
    assert (len(page["client_grants"]), len(listed(take=3, **{"from": page["next"]})["client_grants"])) == (3, 1)
    assert (listed(client_id="nobody"), listed(client_id="CLIENT#x")) == ([], [])


def test_a_second_grant_for_the_same_api_is_a_conflict() -> None:
    bearer, app = machine(*OPERATOR), new_client("machine")
    granted(bearer, app.client_id, ORDERS, "read:orders")

    again = api("POST", "/client-grants", bearer, {"client_id": app.client_id, "audience": ORDERS, "scope": ["write:orders"]})

    assert (again.status, again.json["errorCode"]) == (409, "conflict")
    assert client(app.client_id).scopes == ("read:orders",)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"scope": ["read:stock"]}, 400, "invalid_body"),
        ({"scope": ["read:orders", "openid"]}, 400, "invalid_body"),
        ({"scope": "read:orders"}, 400, "invalid_body"),
        ({"scope": None}, 400, "invalid_body"),
        ({"scope": [1]}, 400, "invalid_body"),
        ({"scope": ["read:orders write:orders"]}, 400, "invalid_body"),
        ({"audience": "https://nobody.example.com"}, 404, "inexistent_resource_server"),
        ({"audience": ORDERS + "/"}, 404, "inexistent_resource_server"),
        ({"audience": ""}, 404, "inexistent_resource_server"),
        ({"audience": [ORDERS]}, 400, "invalid_body"),
        ({"client_id": "nobody"}, 404, "inexistent_client"),
        ({"client_id": "CLIENT#nobody"}, 404, "inexistent_client"),
        ({"client_id": ""}, 404, "inexistent_client"),
        ({"id": "cgr_x"}, 400, "invalid_body"),
        ({"first_party": True}, 400, "invalid_body"),
    ],
)
@pytest.mark.row(83)
def test_what_cannot_be_granted_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    bearer, app = machine(*OPERATOR), new_client("machine")
    body = {"client_id": app.client_id, "audience": ORDERS, "scope": ["read:orders"]}

    answer = api("POST", "/client-grants", bearer, body | change)

    assert (answer.status, answer.json["errorCode"]) == (status, code), answer.body
    assert client(app.client_id).scopes == ()


@pytest.mark.row(88, 89)
@pytest.mark.parametrize("grant_id", ["cgr_", "cgr__", "cgr_nobody_x", "x", "cgr_{}_x", "cgr_{}_", "xyz_{}_{api}", "cgr_CLIENT#{}_{api}"])
def test_what_is_the_id_of_no_grant_reaches_none(grant_id: str) -> None:
    bearer, app = machine(*OPERATOR), new_client("machine")
    granted(bearer, app.client_id, ORDERS, "read:orders")
    path = f"/client-grants/{grant_id.replace('{}', app.client_id).replace('{api}', api_id(ORDERS))}"

    answers: list[Answer] = [api("GET", path, bearer), api("PATCH", path, bearer, {"scope": []}), api("DELETE", path, bearer)]

    assert [answer.status for answer in answers] in ([404, 404, 204], [400, 400, 400])
    assert client(app.client_id).scopes == ("read:orders",)
