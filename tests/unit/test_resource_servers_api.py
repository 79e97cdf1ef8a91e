"""/api/v2/resource-servers: the APIs that tokens are for."""

from typing import Any

import pytest

from gatehouse import management_scopes, resource_servers
from gatehouse.permissions import api_id
from tests.unit.conftest import Answer
from tests.unit.faults import lose_answer, trouble
from tests.unit.operators import AUDIENCE, api, machine

OPERATOR = ("create:resource_servers", "read:resource_servers", "update:resource_servers", "delete:resource_servers")
NEW: dict[str, Any] = {
    "identifier": "https://orders.example.com/",
    "name": "Orders",
    "scopes": [{"value": "read:orders", "description": "See them"}],
}


def created(bearer: str, **more: Any) -> dict[str, Any]:
    answer = api("POST", "/resource-servers", bearer, NEW | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def test_a_registered_api_is_read_back_by_its_id_or_its_identifier() -> None:
    bearer = machine(*OPERATOR)
    settings = {"token_lifetime": 600, "token_dialect": "access_token_authz", "enforce_policies": True, "allow_offline_access": True}

    made = created(bearer, signing_alg="ES256", **settings)
    short = created(bearer, identifier="urn:stock", name=None, scopes=None)

    assert made == {"id": api_id(NEW["identifier"]), "is_system": False, "signing_alg": "ES256", **NEW, **settings}
    assert api("GET", f"/resource-servers/{made['id']}", bearer).json == made
    assert api("GET", "/resource-servers/urn:stock", bearer, query={"include_fields": True}).json == short
    assert (short["name"], short["scopes"], short["token_dialect"]) == ("urn:stock", [], "access_token")


def test_the_management_api_is_listed_first_with_all_its_scopes_and_stays_as_it_is() -> None:
    bearer = machine(*OPERATOR)
    created(bearer)

    [system, other] = api("GET", "/resource-servers", bearer).json

    assert (system["identifier"], system["is_system"], other["is_system"]) == (AUDIENCE, True, False)
    assert [scope["value"] for scope in system["scopes"]] == list(management_scopes.ALL)
    path = f"/resource-servers/{system['id']}"
    for answer in (api("PATCH", path, bearer, {"scopes": []}), api("DELETE", path, bearer)):
        assert (answer.status, answer.json["errorCode"]) == (403, "access_denied")
    for identifier in (AUDIENCE, "https://id.example.com"):
        assert api("POST", "/resource-servers", bearer, NEW | {"identifier": identifier}).status == 409
    assert api("GET", path, bearer).json == system


def test_a_patch_replaces_what_it_names_and_null_makes_it_usual_again() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, token_lifetime=600)
    path = f"/resource-servers/{made['id']}"

    changed = api("PATCH", path, bearer, {"scopes": [{"value": "write:orders"}], "enforce_policies": True, "token_lifetime": None})

    assert changed.status == 200
    expected = made | {"scopes": [{"value": "write:orders", "description": ""}], "enforce_policies": True}
    assert changed.json == {name: value for name, value in expected.items() if name != "token_lifetime"}


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    bearer = machine(*OPERATOR)
    made = api("POST", "/resource-servers", bearer, NEW)
    path = f"/resource-servers/{made.json['id']}"

    first = api("PATCH", path, bearer, {"name": "One"}, if_match=made.headers["etag"])
    stale = api("PATCH", path, bearer, {"name": "Two"}, if_match=made.headers["etag"])

    assert (first.status, stale.status) == (200, 412)
    assert api("GET", path, bearer).json["name"] == "One"


def test_an_identifier_is_one_apis_alone() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)

    again = api("POST", "/resource-servers", bearer, NEW | {"name": "Other"})

    assert (again.status, again.json["errorCode"]) == (409, "conflict")
    assert api("GET", f"/resource-servers/{made['id']}", bearer).json == made


def test_a_removed_api_is_gone_and_removing_it_again_changes_nothing() -> None:
    bearer = machine(*OPERATOR)
    path = f"/resource-servers/{created(bearer)['id']}"

    assert [api("DELETE", path, bearer).status for _ in range(2)] == [204, 204]

    for answer in (api("GET", path, bearer), api("PATCH", path, bearer, {"name": "x"})):
        assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_resource_server")
    assert resource_servers.get(api_id(NEW["identifier"])) is None


def test_apis_are_listed_in_pages_and_by_identifier() -> None:
    bearer = machine(*OPERATOR)
    for number in range(3):
        created(bearer, identifier=f"urn:api:{number}")

    def listed(**query: Any) -> Any:
        return api("GET", "/resource-servers", bearer, query=query).json

    page = listed(include_totals=True, page=1, per_page=3)
    assert (page["start"], page["limit"], page["length"], page["total"], len(page["resource_servers"])) == (3, 3, 1, 4, 1)
    assert [found["identifier"] for found in listed(identifiers="urn:api:2,urn:nothing")] == ["urn:api:2"]
    assert listed(page=9) == []
    assert api("GET", "/resource-servers", bearer, query={"q": "x"}).status == 400


@pytest.mark.row(83, 88, 89)
@pytest.mark.parametrize(
    "change",
    [
        {"identifier": ""},
        {"identifier": "two words"},
        {"identifier": "ümlaut"},
        {"identifier": "line\nbreak"},
        {"identifier": "x" * 513},
        {"identifier": None},
        {"identifier": 5},
        {"name": 5},
        {"name": "a\x00b"},
        {"name": "x" * 201},
        {"scopes": "read:orders"},
        {"scopes": ["read:orders"]},
        {"scopes": [{"value": "read orders"}]},
        {"scopes": [{"value": ""}]},
        {"scopes": [{"value": 'quo"te'}]},
        {"scopes": [{"value": "x" * 281}]},
        {"scopes": [{"value": "a"}, {"value": "a"}]},
        {"scopes": [{"value": "a", "more": 1}]},
        {"scopes": [{"value": "a", "description": "x" * 501}]},
        {"scopes": [{"value": f"s{number}"} for number in range(1001)]},
        {"token_lifetime": 59},
        {"token_lifetime": 86_401},
        {"token_lifetime": "600"},
        {"token_lifetime": True},
        {"token_dialect": "rfc9068_profile"},
        {"signing_alg": "HS256"},
        {"signing_alg": "none"},
        {"enforce_policies": "yes"},
        {"is_system": True},
        {"id": "x"},
        {"api_id": "x"},
        {"version": 3},
        {"list_pk": "CLIENTS"},
        {"#a = :v": 1},
    ],
)
def test_what_no_api_has_is_refused(change: dict[str, Any]) -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, identifier="urn:there")

    answers: list[Answer] = [
        api("POST", "/resource-servers", bearer, NEW | change),
        api("PATCH", f"/resource-servers/{made['id']}", bearer, change),
    ]

    for answer in answers:
        assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body"), answer.body
    assert len(api("GET", "/resource-servers", bearer).json) == 2


@pytest.mark.row(89)
@pytest.mark.parametrize("named", ["API#x", "%2F", "0" * 24, "x" * 600, "..", "é", "urn:nothing"])
def test_what_names_no_api_reaches_none(named: str) -> None:
    bearer = machine(*OPERATOR)

    assert api("GET", f"/resource-servers/{named}", bearer).status in (400, 404)
    assert api("PATCH", f"/resource-servers/{named}", bearer, {"name": "x"}).status in (400, 404)


def test_a_registration_whose_answer_was_lost_is_none_of_somebody_else() -> None:
    bearer = machine(*OPERATOR)

    with trouble({"dynamodb.PutItem": [lose_answer]}):
        made = created(bearer)

    assert api("GET", f"/resource-servers/{made['id']}", bearer).json == made
