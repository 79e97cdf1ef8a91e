"""/api/v2/roles: roles, what they give, and who holds them."""

from typing import Any

import pytest

from gatehouse import resource_servers, role_holders, users
from gatehouse.resource_servers import ResourceServer
from tests.unit.conftest import Answer
from tests.unit.faults import DENIED, always, lose_answer, trouble
from tests.unit.flows import new_user
from tests.unit.operators import api, machine

EVERYTHING = ("read:roles", "create:roles", "update:roles", "delete:roles", "read:role_members", "create:role_members")
SONGS = "https://songs.example.com"


@pytest.fixture
def operator() -> str:
    return machine(*EVERYTHING)


def new_role(bearer: str, name: str = "editor", description: str = "") -> str:
    answer = api("POST", "/roles", bearer, {"name": name, "description": description})
    assert answer.status == 200, answer.body
    role_id: str = answer.json["id"]
    return role_id


def new_api(*scopes: str, identifier: str = SONGS, **properties: Any) -> ResourceServer:
    described = [{"value": scope, "description": f"May {scope}"} for scope in scopes]
    return resource_servers.create(identifier, "Songs", scopes=described, **properties)


def permission(name: str, identifier: str = SONGS) -> dict[str, str]:
    return {"resource_server_identifier": identifier, "permission_name": name}


def permissions(*names: str) -> dict[str, Any]:
    return {"permissions": [permission(name) for name in names]}


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["errorCode"]


def test_a_role_is_made_read_changed_and_deleted(operator: str) -> None:
    role_id = new_role(operator, "editor", "Edits playlists")

    assert role_id.startswith("rol_")
    assert api("GET", f"/roles/{role_id}", operator).json == {"id": role_id, "name": "editor", "description": "Edits playlists"}
    changed = api("PATCH", f"/roles/{role_id}", operator, {"name": "Chief editor"})
    assert changed.json == {"id": role_id, "name": "Chief editor", "description": "Edits playlists"}
    assert api("DELETE", f"/roles/{role_id}", operator).status == 204
    assert refusal(api("GET", f"/roles/{role_id}", operator)) == (404, "inexistent_role")
    assert refusal(api("DELETE", f"/roles/{role_id}", operator)) == (404, "inexistent_role")
    assert refusal(api("PATCH", f"/roles/{role_id}", operator, {"name": "x"})) == (404, "inexistent_role")


@pytest.mark.parametrize("name", ["editor", "Editor", "\N{FULLWIDTH LATIN SMALL LETTER E}ditor"])
def test_no_two_roles_have_one_name_however_it_is_written(operator: str, name: str) -> None:
    new_role(operator, "editor")
    other = new_role(operator, "reader")

    assert refusal(api("POST", "/roles", operator, {"name": name})) == (409, "conflict")
    assert refusal(api("PATCH", f"/roles/{other}", operator, {"name": name})) == (409, "conflict")
    assert api("GET", f"/roles/{other}", operator).json["name"] == "reader"


def test_a_name_is_free_again_when_its_role_is_called_otherwise_or_gone(operator: str) -> None:
    role_id = new_role(operator, "editor")
    assert api("PATCH", f"/roles/{role_id}", operator, {"name": "EDITOR"}).json["name"] == "EDITOR"
    api("PATCH", f"/roles/{role_id}", operator, {"name": "writer"})

    second = new_role(operator, "editor")
    api("DELETE", f"/roles/{second}", operator)
    assert new_role(operator, "editor") not in (role_id, second)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": " "},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": "a", "description": "x" * 256},
        {"name": 1},
        {"name": "a", "permissions": []},
        {"name": "a", "id": "rol_1"},
        [],
    ],
)
def test_a_role_has_a_name_and_a_description_and_nothing_else(operator: str, body: Any) -> None:
    assert api("POST", "/roles", operator, body).status == 400
    assert api("GET", "/roles", operator).json == []


@pytest.mark.row(87)
def test_a_change_of_another_version_is_refused_and_patches_of_all_kinds_are_taken(operator: str) -> None:
    role_id = new_role(operator)
    tag = api("GET", f"/roles/{role_id}", operator).headers["etag"]
    path = f"/roles/{role_id}"

    assert api("PATCH", path, operator, {"description": "a"}, if_match=tag).status == 200
    assert refusal(api("PATCH", path, operator, {"description": "b"}, if_match=tag)) == (412, "precondition_failed")
    assert api("PATCH", path, operator, {"description": None}, content_type="application/merge-patch+json").json["description"] == ""
    operations = [{"op": "replace", "path": "/name", "value": "writer"}]
    assert api("PATCH", path, operator, operations, content_type="application/json-patch+json").json["name"] == "writer"
    for operations in ([{"op": "remove", "path": "/name"}], [{"op": "add", "path": "/permissions", "value": {}}]):
        assert refusal(api("PATCH", path, operator, operations, content_type="application/json-patch+json"))[0] == 400


def test_a_role_that_was_made_though_the_answer_was_lost_is_one_role(operator: str) -> None:
    with trouble({"dynamodb.TransactWriteItems": [lose_answer]}):
        role_id = new_role(operator)

    assert [role["id"] for role in api("GET", "/roles", operator).json] == [role_id]


def test_roles_are_listed_in_pages_and_found_by_a_part_of_their_name(operator: str) -> None:
    made = [new_role(operator, name) for name in ("Editor", "Reader", "Chief editor")]

    totals = api("GET", "/roles", operator, query={"include_totals": True, "per_page": 2}).json
    assert {name: totals[name] for name in ("start", "limit", "length", "total")} == {"start": 0, "limit": 2, "length": 2, "total": 3}
    assert {role["id"] for role in api("GET", "/roles", operator).json} == set(made)
    assert api("GET", "/roles", operator, query={"page": 7}).json == []
    found = api("GET", "/roles", operator, query={"name_filter": "EDIT"}).json
    assert {role["name"] for role in found} == {"Editor", "Chief editor"}
    first = api("GET", "/roles", operator, query={"take": 2}).json
    rest = api("GET", "/roles", operator, query={"take": 2, "from": first["next"]}).json
    assert len(first["roles"]) == 2 and "next" not in rest
    assert {role["id"] for role in first["roles"] + rest["roles"]} == set(made)


def test_a_role_gives_permissions_of_registered_apis(operator: str) -> None:
    role_id = new_role(operator)
    new_api("read:songs", "edit:songs")
    path = f"/roles/{role_id}/permissions"

    assert api("POST", path, operator, permissions("read:songs", "edit:songs")).status == 201
    assert api("POST", path, operator, permissions("read:songs")).status == 201
    shown = api("GET", path, operator).json
    assert [each["permission_name"] for each in shown] == ["edit:songs", "read:songs"]
    assert shown[0] == permission("edit:songs") | {"resource_server_name": "Songs", "description": "May edit:songs"}
    assert api("DELETE", path, operator, permissions("edit:songs", "never:was")).status == 204
    assert api("GET", path, operator, query={"include_totals": True}).json["total"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"permissions": [permission("delete:songs")]}, 404, "inexistent_permission"),
        ({"permissions": [permission("read:songs", "https://other.example.com")]}, 404, "inexistent_resource_server"),
        ({"permissions": []}, 400, "invalid_body"),
        ({"permissions": ["read:songs"]}, 400, "invalid_body"),
        ({}, 400, "invalid_body"),
    ],
)
def test_a_permission_that_no_api_has_is_given_to_no_role(operator: str, body: Any, status: int, code: str) -> None:
    role_id = new_role(operator)
    new_api("read:songs")

    assert refusal(api("POST", f"/roles/{role_id}/permissions", operator, body)) == (status, code)
    assert refusal(api("POST", "/roles/rol_nobody/permissions", operator, permissions("read:songs"))) == (404, "inexistent_role")
    assert api("GET", f"/roles/{role_id}/permissions", operator).json == []


@pytest.mark.row(90)
def test_a_role_gives_at_most_a_thousand_permissions(operator: str) -> None:
    role_id = new_role(operator)
    new_api(*(f"scope:{number}" for number in range(1001)))
    path = f"/roles/{role_id}/permissions"

    for first in range(0, 1000, 500):
        assert api("POST", path, operator, permissions(*(f"scope:{number}" for number in range(first, first + 500)))).status == 201
    assert refusal(api("POST", path, operator, permissions("scope:1000"))) == (400, "operation_not_supported")
    assert api("GET", path, operator, query={"include_totals": True}).json["total"] == 1000


def test_holders_are_listed_by_number_and_by_cursor(operator: str) -> None:
    role_id, other = new_role(operator), new_role(operator, "reader")
    people = sorted(new_user(f"user{number}@example.com", name=f"User {number}").user_id for number in range(5))
    assert api("POST", f"/roles/{role_id}/users", operator, {"users": people}).status == 200
    role_holders.assign(people[0], [other])
    path = f"/roles/{role_id}/users"

    page = api("GET", path, operator, query={"page": 1, "per_page": 2, "include_totals": True}).json
    assert ([user["user_id"] for user in page["users"]], page["total"], page["start"]) == (people[2:4], 5, 2)
    assert set(page["users"][0]) == {"user_id", "email", "name"}
    assert api("GET", path, operator, query={"page": 9}).json == []
    assert api("GET", path, operator, query={"page": 999, "per_page": 100}).json == []
    found: list[str] = []
    after: dict[str, Any] = {}
    for _ in range(3):
        answer = api("GET", path, operator, query={"take": 2} | after).json
        found += [user["user_id"] for user in answer["users"]]
        after = {"from": answer.get("next", "")}
    assert found == people and after == {"from": ""}
    cursor = api("GET", path, operator, query={"take": 2}).json["next"]
    assert refusal(api("GET", f"/roles/{other}/users", operator, query={"from": cursor})) == (400, "invalid_paging")
    assert refusal(api("GET", "/roles/rol_nobody/users", operator)) == (404, "inexistent_role")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"users": ["gatehouse|nobody"]}, 404, "inexistent_user"),
        ({"users": ["x#HOLDER"]}, 400, "invalid_body"),
        ({"users": [""]}, 400, "invalid_body"),
        ({"users": []}, 400, "invalid_body"),
        ({"users": "gatehouse|nobody"}, 400, "invalid_body"),
    ],
)
@pytest.mark.row(89)
def test_only_users_hold_a_role(operator: str, body: Any, status: int, code: str) -> None:
    role_id = new_role(operator)

    assert refusal(api("POST", f"/roles/{role_id}/users", operator, body)) == (status, code)
    assert refusal(api("POST", "/roles/rol_nobody/users", operator, {"users": [new_user().user_id]})) == (404, "inexistent_role")
    assert api("GET", f"/roles/{role_id}/users", operator).json == []


def test_a_role_that_is_deleted_leaves_no_holder_and_its_id_in_a_record_means_nothing(operator: str) -> None:
    user, role_id, other = new_user(), new_role(operator), new_role(operator, "reader")
    role_holders.assign(user.user_id, [role_id])

    api("DELETE", f"/roles/{role_id}", operator)

    assert role_holders.total(role_id) == 0
    bearer = machine("read:users", "update:users")
    assert api("GET", f"/users/{user.user_id}/roles", bearer).json == []
    api("POST", f"/users/{user.user_id}/roles", bearer, {"roles": [other]})
    found = users.get(user.user_id)
    assert found is not None and found.roles == [other]


def test_a_deletion_that_broke_off_is_finished_when_it_is_asked_for_again(operator: str) -> None:
    user, role_id = new_user(), new_role(operator)
    role_holders.assign(user.user_id, [role_id])
    with trouble({"dynamodb.DeleteItem": always(DENIED)}):
        assert api("DELETE", f"/roles/{role_id}", operator).status == 503
    assert role_holders.total(role_id) == 1

    assert api("DELETE", f"/roles/{role_id}", operator).status == 404
    assert role_holders.total(role_id) == 0
