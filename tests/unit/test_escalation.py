"""Nobody gives what they do not have, nobody changes what they may do themselves, and power ends with the role that gave it (row 86)."""

from typing import Any

import pytest

from gatehouse import remembered, role_holders, roles, users
from gatehouse.permissions import api_id
from gatehouse.settings import settings
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import later, new_user
from tests.unit.operators import AUDIENCE, api, as_of_now, giving, machine, operator, token_of, user_path
from tests.unit.registrations import METADATA, post
from tests.unit.test_roles_api import new_api, permission, permissions, refusal

pytestmark = pytest.mark.row(86)
GIVING = ("read:users", "update:users", "read:roles", "update:roles", "delete:roles", "create:role_members")


def of_management(*names: str) -> dict[str, Any]:
    return {"permissions": [permission(name, AUDIENCE) for name in names]}


def attempts(bearer: str, user_id: str, names: list[str]) -> dict[str, Answer]:
    """Every way to give somebody these permissions."""
    beyond, plain = giving(f"beyond {len(roles.listed())}", *names), roles.create(f"plain {len(roles.listed())}").role_id
    return {
        "role to user": api("POST", user_path(user_id, "roles"), bearer, {"roles": [plain, beyond]}),
        "user to role": api("POST", f"/roles/{beyond}/users", bearer, {"users": [user_id]}),
        "permission to user": api("POST", user_path(user_id, "permissions"), bearer, of_management(*names)),
        "permission to role": api("POST", f"/roles/{plain}/permissions", bearer, of_management(*names)),
    }


@pytest.mark.parametrize("of_person", [True, False])
def test_nobody_gives_management_permissions_that_they_do_not_have(of_person: bool) -> None:
    bearer = operator(*GIVING)[1] if of_person else machine(*GIVING)
    eve = new_user("eve@example.com")

    # One that they have beside one that they have not: the whole list is refused.
    for way, answer in attempts(bearer, eve.user_id, ["read:users", "delete:users"]).items():
        assert refusal(answer) == (403, "access_denied"), way
        assert "delete:users" in answer.json["message"] and "read:users" not in answer.json["message"]
    assert users.get(eve.user_id) == eve


@pytest.mark.parametrize("of_person", [True, False])
def test_what_they_have_they_may_give(of_person: bool) -> None:
    bearer = operator(*GIVING)[1] if of_person else machine(*GIVING)
    eve = new_user("eve@example.com")

    assert {way: answer.status // 100 for way, answer in attempts(bearer, eve.user_id, ["read:users"]).items()} == dict.fromkeys(
        ("role to user", "user to role", "permission to user", "permission to role"), 2
    )


def test_what_a_token_was_not_asked_for_is_not_given_with_it_though_the_person_has_it() -> None:
    user = new_user()
    role_holders.assign(user.user_id, [giving("operator", "update:users", "delete:users")])
    bearer = token_of(user, "update:users")

    answer = api("POST", user_path(new_user("eve@example.com").user_id, "permissions"), bearer, of_management("delete:users"))
    assert refusal(answer) == (403, "access_denied")


def test_permissions_of_other_apis_are_anybodys_to_give_who_may_give_any() -> None:
    _, bearer = operator(*GIVING)
    new_api("delete:users")

    answer = api("POST", user_path(new_user("eve@example.com").user_id, "permissions"), bearer, permissions("delete:users"))
    assert answer.status == 201


def test_nobody_changes_their_own_roles_or_permissions() -> None:
    user, bearer = operator(*GIVING)
    new_api("read:songs")
    own, other = role_ids(user), roles.create("other").role_id
    tries = [
        ("POST", user_path(user.user_id, "roles"), {"roles": [other]}),
        ("DELETE", user_path(user.user_id, "roles"), {"roles": own}),
        ("POST", user_path(user.user_id, "permissions"), permissions("read:songs")),
        ("DELETE", user_path(user.user_id, "permissions"), permissions("read:songs")),
        ("POST", f"/roles/{other}/users", {"users": [new_user("eve@example.com").user_id, user.user_id]}),
        ("POST", f"/roles/{own[0]}/permissions", permissions("read:songs")),
        ("DELETE", f"/roles/{own[0]}/permissions", permissions("read:songs")),
        ("PATCH", f"/roles/{own[0]}", {"name": "superuser"}),
        ("DELETE", f"/roles/{own[0]}", None),
    ]
    before = users.get(user.user_id)

    for method, path, body in tries:
        assert refusal(api(method, path, bearer, body)) == (403, "access_denied"), (method, path)
    assert users.get(user.user_id) == before
    assert role_holders.total(other) == 0
    # A machine has no roles of its own.
    assert api("POST", user_path(user.user_id, "roles"), machine(*GIVING), {"roles": [other]}).status == 204


def role_ids(user: User) -> list[str]:
    found = users.get(user.user_id)
    assert found is not None
    return found.roles


@pytest.mark.row(84)
def test_an_operators_power_ends_with_the_role_though_the_token_lives_on() -> None:
    user, bearer = operator("read:users")
    assert api("GET", user_path(user.user_id), bearer).status == 200

    role_holders.unassign(user.user_id, role_ids(user))

    assert refusal(api("GET", user_path(user.user_id), bearer)) == (403, "insufficient_scope")


@pytest.mark.row(84)
@pytest.mark.parametrize("way", ["deleted", "without the permission"])
def test_it_ends_within_a_minute_when_the_role_itself_is_changed(way: str) -> None:
    with later(0):
        user, bearer = operator("read:users")
        assert api("GET", user_path(user.user_id), bearer).status == 200
        [role_id] = role_ids(user)
        if way == "deleted":
            roles.remove(role_id)
        else:
            taken = {api_id(settings().management_audience): ["read:users"]}
            roles.change(role_id, lambda role: roles.without_permissions(role, taken))
    with later(remembered.CACHE_SECONDS):
        assert api("GET", user_path(user.user_id), bearer).status == 403


@pytest.mark.row(84)
def test_without_a_role_a_persons_scope_opens_nothing_and_a_permission_of_their_own_does() -> None:
    user = new_user()
    bearer = token_of(user, "read:users")
    assert api("GET", user_path(user.user_id), bearer).status == 403

    role_holders.give_permissions(user.user_id, {api_id(settings().management_audience): ["read:users"]})
    # The token of before was issued without the scope.
    assert api("GET", user_path(user.user_id), bearer).status == 403
    assert api("GET", user_path(user.user_id), token_of(user, "read:users")).status == 200


def test_permissions_at_another_api_are_worth_nothing_here() -> None:
    user, songs = new_user(), new_api("read:users")
    role_holders.give_permissions(user.user_id, {songs.api_id: ["read:users"]})
    as_of_now()

    assert api("GET", user_path(user.user_id), token_of(user, "read:users")).status == 403


@pytest.mark.row(46, 84)
def test_signing_others_out_takes_a_role_that_gives_it() -> None:
    eve = new_user("eve@example.com")
    user, bearer = operator("delete:sessions")
    powerless = token_of(eve, "delete:sessions")

    assert api("POST", user_path(user.user_id, "revoke-access"), powerless).status == 403
    assert api("POST", user_path(eve.user_id, "revoke-access"), bearer).status == 204
    role_holders.unassign(user.user_id, role_ids(user))
    assert api("POST", user_path(eve.user_id, "revoke-access"), bearer).status == 403


@pytest.mark.row(84)
def test_registering_clients_takes_a_role_that_gives_it() -> None:
    user, bearer = operator("register:clients")
    powerless = token_of(new_user("eve@example.com"), "register:clients")

    assert post(METADATA, powerless).status == 403
    assert post(METADATA, bearer).status == 201
    role_holders.unassign(user.user_id, role_ids(user))
    assert post(METADATA, bearer).status == 403
