"""/api/v2/users: create, read and change people."""

from typing import Any

import pytest

from gatehouse import users
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, person, user_path

ALL = ("create:users", "read:users", "update:users")
NEW: dict[str, Any] = {"connection": "Username-Password-Authentication", "email": "Grace@Example.com"}


def created(bearer: str, **more: Any) -> dict[str, Any]:
    answer = api("POST", "/users", bearer, NEW | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def test_a_created_user_is_read_back_as_it_was_sent() -> None:
    bearer = machine(*ALL)

    made = created(bearer, given_name="Grace", user_metadata={"theme": "dark", "ratio": 1.5}, app_metadata={"plan": {"name": "gold"}})

    answer = api("GET", user_path(made["user_id"]), bearer)
    assert answer.status == 200
    assert answer.json == made
    assert made["email"] == "grace@example.com"
    assert (made["given_name"], made["user_metadata"], made["app_metadata"]) == (
        "Grace",
        {"theme": "dark", "ratio": 1.5},
        {"plan": {"name": "gold"}},
    )
    assert made["email_verified"] is False
    assert "password" not in answer.body


def test_an_address_is_one_users_alone() -> None:
    bearer = machine(*ALL)
    first = created(bearer)

    again = api("POST", "/users", bearer, NEW)

    assert (again.status, again.json["errorCode"], again.json["message"]) == (409, "auth0_idp_error", "The user already exists.")
    assert users.get(first["user_id"])


def test_metadata_merges_at_its_first_level_and_null_takes_away() -> None:
    bearer = machine(*ALL)
    user_id = created(bearer, user_metadata={"theme": "dark", "home": {"city": "Paris", "zip": "75001"}, "old": 1})["user_id"]

    answer = api("PATCH", user_path(user_id), bearer, {"user_metadata": {"home": {"city": "Rome"}, "old": None}})

    assert answer.status == 200
    assert answer.json["user_metadata"] == {"theme": "dark", "home": {"city": "Rome"}}
    assert api("PATCH", user_path(user_id), bearer, {"user_metadata": {}}).json["user_metadata"] == {}


def test_a_person_changes_their_own_user_metadata_and_nothing_else() -> None:
    ada, other = new_user(), new_user("bob@example.com")
    own = person(None, "read:current_user", "update:current_user_metadata")

    assert api("GET", user_path(ada.user_id), own).json["email"] == "ada@example.com"
    changed = api("PATCH", user_path(ada.user_id), own, {"user_metadata": {"displayName": "Ada"}})
    assert changed.json["user_metadata"] == {"displayName": "Ada"}
    for body in ({"app_metadata": {"plan": "gold"}}, {"email": "x@example.com"}, {"blocked": True}, {"password": "a new password of mine"}):
        assert api("PATCH", user_path(ada.user_id), own, body).status == 403
    assert api("PATCH", user_path(other.user_id), own, {"user_metadata": {}}).status == 403
    assert api("GET", user_path(other.user_id), own).status == 403


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    bearer = machine(*ALL)
    made = api("POST", "/users", bearer, NEW)
    path = user_path(made.json["user_id"])

    first = api("PATCH", path, bearer, {"nickname": "amazing"}, if_match=made.headers["etag"])
    stale = api("PATCH", path, bearer, {"nickname": "other"}, if_match=made.headers["etag"])

    assert (first.status, stale.status, stale.json["errorCode"]) == (200, 412, "precondition_failed")
    assert api("GET", path, bearer).json["nickname"] == "amazing"


def test_merge_patches_and_json_patches_go_by_their_media_types() -> None:
    bearer = machine(*ALL)
    path = user_path(created(bearer, user_metadata={"home": {"city": "Paris", "zip": "75001"}})["user_id"])

    merged = api("PATCH", path, bearer, {"user_metadata": {"home": {"zip": None}}}, content_type="application/merge-patch+json")
    assert merged.json["user_metadata"] == {"home": {"city": "Paris"}}

    operations = [{"op": "test", "path": "/user_metadata/home/city", "value": "Paris"}, {"op": "add", "path": "/nickname", "value": "g"}]
    patched = api("PATCH", path, bearer, operations, content_type="application/json-patch+json")
    assert (patched.status, patched.json["nickname"]) == (200, "g")
