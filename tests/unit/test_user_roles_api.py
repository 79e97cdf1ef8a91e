"""/api/v2/users/{id}/roles and /permissions: what a person may do, and why."""

from typing import Any

import pytest

from gatehouse import role_holders, roles, users
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, user_path
from tests.unit.test_roles_api import SONGS, new_api, permission, permissions, refusal


@pytest.fixture
def operator() -> str:
    return machine("read:users", "update:users")


def held(user_id: str) -> list[str]:
    """The roles in the record."""
    found = users.get(user_id)
    assert found is not None
    return found.roles


def test_roles_are_given_shown_and_taken(operator: str) -> None:
    user, made = new_user(), [roles.create(name, f"The {name}") for name in ("editor", "reader", "writer")]
    ids = [role.role_id for role in made]
    path = user_path(user.user_id, "roles")

    assert api("POST", path, operator, {"roles": ids}).status == 204
    assert api("GET", path, operator).json[0] == {"id": ids[0], "name": "editor", "description": "The editor"}
    assert api("DELETE", path, operator, {"roles": ids[:2]}).status == 204
    page = api("GET", path, operator, query={"include_totals": True, "per_page": 1}).json
    assert page == {
        "start": 0,
        "limit": 1,
        "length": 1,
        "total": 1,
        "roles": [{"id": ids[2], "name": "writer", "description": "The writer"}],
    }
    assert [role_holders.behind(role_id, "", 9)[0] for role_id in ids] == [[], [], [user.user_id]]


def test_giving_what_is_there_and_taking_what_is_not_change_nothing(operator: str) -> None:
    user, role = new_user(), roles.create("editor")
    path = user_path(user.user_id, "roles")
    api("POST", path, operator, {"roles": [role.role_id, role.role_id]})
    before = users.get(user.user_id)

    assert api("POST", path, operator, {"roles": [role.role_id]}).status == 204
    assert api("DELETE", path, operator, {"roles": ["rol_nobody"]}).status == 204
    assert users.get(user.user_id) == before


def test_one_unknown_role_among_known_ones_gives_none(operator: str) -> None:
    user, role = new_user(), roles.create("editor")

    answer = api("POST", user_path(user.user_id, "roles"), operator, {"roles": [role.role_id, "rol_nobody"]})

    assert refusal(answer) == (404, "inexistent_role")
    assert held(user.user_id) == []


@pytest.mark.row(89)
@pytest.mark.parametrize("body", [{"roles": []}, {"roles": ["a#b"]}, {"roles": [""]}, {"roles": "rol_1"}, {}, {"roles": [], "user": 1}])
def test_what_can_be_no_list_of_roles_is_refused(operator: str, body: Any) -> None:
    user = new_user()

    for method in ("POST", "DELETE"):
        assert refusal(api(method, user_path(user.user_id, "roles"), operator, body)) == (400, "invalid_body")


def test_nobody_can_be_given_anything(operator: str) -> None:
    role = roles.create("editor")
    new_api("read:songs")

    for what, body in (("roles", {"roles": [role.role_id]}), ("permissions", permissions("read:songs"))):
        for method in ("GET", "POST", "DELETE"):
            answer = api(method, user_path("gatehouse|nobody", what), operator, None if method == "GET" else body)
            assert refusal(answer) == (404, "inexistent_user")


@pytest.mark.row(90)
def test_a_user_has_at_most_fifty_roles_which_can_be_given_at_once(operator: str) -> None:
    user, made = new_user(), [roles.create(f"role {number}").role_id for number in range(51)]
    path = user_path(user.user_id, "roles")

    assert refusal(api("POST", path, operator, {"roles": made})) == (400, "operation_not_supported")
    assert api("POST", path, operator, {"roles": made[:50]}).status == 204
    assert refusal(api("POST", path, operator, {"roles": made[50:]})) == (400, "operation_not_supported")
    assert held(user.user_id) == made[:50]
    roles.remove(made[7])
    assert api("POST", path, operator, {"roles": made[50:]}).status == 204
    assert len(held(user.user_id)) == 50


def test_a_permission_is_shown_with_where_it_comes_from(operator: str) -> None:
    user, role = new_user(), roles.create("editor")
    songs = new_api("read:songs", "edit:songs")
    roles.change(role.role_id, lambda found: roles.with_permissions(found, {songs.api_id: ["edit:songs", "read:songs"]}))
    role_holders.assign(user.user_id, [role.role_id])
    path = user_path(user.user_id, "permissions")

    assert api("POST", path, operator, permissions("read:songs")).status == 201
    edit, read = api("GET", path, operator).json
    by_role = {"source_id": role.role_id, "source_name": "editor", "source_type": "ROLE"}
    assert edit == permission("edit:songs") | {"resource_server_name": "Songs", "description": "May edit:songs", "sources": [by_role]}
    assert read["sources"] == [{"source_id": "", "source_name": "", "source_type": "DIRECT"}, by_role]
    assert api("DELETE", path, operator, permissions("read:songs", "edit:songs")).status == 204
    found = users.get(user.user_id)
    assert found is not None and found.permissions == {}
    assert [each["sources"] for each in api("GET", path, operator).json] == [[by_role], [by_role]]


def test_a_permission_that_no_api_has_is_given_to_nobody(operator: str) -> None:
    user, path = new_user(), user_path(new_user("eve@example.com").user_id, "permissions")
    new_api("read:songs")

    assert refusal(api("POST", path, operator, permissions("delete:songs"))) == (404, "inexistent_permission")
    other = {"permissions": [permission("read:songs", "https://other.example.com")]}
    assert refusal(api("POST", path, operator, other)) == (404, "inexistent_resource_server")
    assert api("GET", user_path(user.user_id, "permissions"), operator).json == []


@pytest.mark.row(90)
def test_a_user_has_at_most_two_hundred_permissions_beside_the_roles(operator: str) -> None:
    user, names = new_user(), [f"scope:{number}" for number in range(201)]
    new_api(*names, identifier=SONGS)
    path = user_path(user.user_id, "permissions")

    assert refusal(api("POST", path, operator, permissions(*names))) == (400, "operation_not_supported")
    assert api("POST", path, operator, permissions(*names[:200])).status == 201
    assert refusal(api("POST", path, operator, permissions(names[200]))) == (400, "operation_not_supported")
