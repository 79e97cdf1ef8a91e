"""/api/v2/organizations/{id}/members: who belongs to an organization, as what, and what is kept about them there."""

from typing import Any

import pytest

from gatehouse import memberships, table, users
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, user_path
from tests.unit.teams import OPERATOR, join, member, new_role, path, two


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["errorCode"]


def test_members_are_added_listed_and_removed() -> None:
    bearer, (acme, globex) = machine(*OPERATOR), two()
    ada, bob = new_user(name="Ada", picture="https://example.com/ada.png"), new_user("bob@example.com")
    url = path(acme, "members")

    assert api("POST", url, bearer, {"members": [ada.user_id, bob.user_id, ada.user_id]}).status == 204
    assert api("POST", url, bearer, {"members": [ada.user_id]}).status == 204

    shown_ada = {"user_id": ada.user_id, "name": "Ada", "email": "ada@example.com", "picture": "https://example.com/ada.png"}
    listed = api("GET", url, bearer, query={"include_totals": True}).json
    assert listed["total"] == 2
    assert sorted(listed["members"], key=lambda one: one["email"]) == [shown_ada, {"user_id": bob.user_id, "email": "bob@example.com"}]
    assert api("GET", path(globex, "members"), bearer).json == []
    assert api("DELETE", url, bearer, {"members": [bob.user_id, "gatehouse|nobody"]}).status == 204
    assert api("GET", url, bearer).json == [shown_ada]


@pytest.mark.parametrize("members", [[], ["a#b"], ["x"], "gatehouse|x", [1], ["gatehouse|x"] * 11])
def test_what_can_be_no_member_is_refused(members: Any) -> None:
    bearer, (acme, _) = machine(*OPERATOR), two()

    assert api("POST", path(acme, "members"), bearer, {"members": members}).status == 400
    assert api("DELETE", path(acme, "members"), bearer, {"members": members}).status == 400


def test_nobody_is_added_if_one_of_them_is_nobody() -> None:
    bearer, (acme, _), ada = machine(*OPERATOR), two(), new_user()

    answer = api("POST", path(acme, "members"), bearer, {"members": [ada.user_id, "gatehouse|nobody"]})

    assert refused(answer) == (404, "inexistent_user")
    assert api("GET", path(acme, "members"), bearer).json == []


def test_an_organization_that_is_none_has_no_members() -> None:
    bearer, ada = machine(*OPERATOR), new_user()

    for unknown in ("org_0123456789abcdef", "acme", "nobody"):
        url = f"/organizations/{unknown}/members"
        assert refused(api("GET", url, bearer)) == (404, "inexistent_organization")
        assert refused(api("POST", url, bearer, {"members": [ada.user_id]})) == (404, "inexistent_organization")
        assert refused(api("GET", f"{url}/{ada.user_id}", bearer)) == (404, "inexistent_organization_member")


def test_roles_are_shown_in_the_list_where_fields_asks_for_them() -> None:
    bearer, (acme, _) = machine(*OPERATOR), two()
    user = member(acme, "ada@example.com", role := new_role("Editor"))

    assert api("GET", path(acme, "members"), bearer, query={"fields": "user_id,roles"}).json == [
        {"user_id": user.user_id, "roles": [{"id": role, "name": "Editor"}]}
    ]
    assert api("GET", path(acme, "members"), bearer, query={"fields": "email", "include_fields": False}).json == [{"user_id": user.user_id}]


def test_a_members_roles_are_given_and_taken() -> None:
    bearer, (acme, globex), ada = machine(*OPERATOR), two(), new_user()
    join(acme, ada)
    join(globex, ada)
    editor, viewer = new_role("Editor"), new_role("Viewer")
    url = path(acme, "members", ada.user_id, "roles")

    assert api("POST", url, bearer, {"roles": [editor, viewer, editor]}).status == 204
    assert [role["name"] for role in api("GET", url, bearer).json] == ["Editor", "Viewer"]
    assert api("DELETE", url, bearer, {"roles": [editor, "rol_nobody"]}).status == 204
    assert [role["name"] for role in api("GET", url, bearer, query={"include_totals": True}).json["roles"]] == ["Viewer"]
    assert api("GET", path(globex, "members", ada.user_id, "roles"), bearer).json == []
    assert refused(api("POST", url, bearer, {"roles": ["rol_nobody"]})) == (404, "inexistent_role")
    assert refused(api("POST", url, bearer, {"roles": ["a#b"]})) == (400, "invalid_body")
    stranger = path(acme, "members", new_user("bob@example.com").user_id, "roles")
    assert refused(api("POST", stranger, bearer, {"roles": [editor]})) == (404, "inexistent_organization_member")


def test_a_member_has_no_more_roles_than_anybody() -> None:
    bearer, (acme, _) = machine(*OPERATOR), two()
    held = [new_role(f"Role {n}") for n in range(50)]
    user = member(acme, "ada@example.com", *held)

    answer = api("POST", path(acme, "members", user.user_id, "roles"), bearer, {"roles": [new_role("One more")]})

    assert refused(answer) == (400, "operation_not_supported")


def test_what_an_organization_keeps_about_a_member_merges_at_its_first_level() -> None:
    bearer, (acme, _) = machine(*OPERATOR), two()
    user = member(acme, "ada@example.com")
    url = path(acme, "members", user.user_id)

    made = api("PATCH", url, bearer, {"metadata": {"seat": 7, "home": {"city": "Paris"}}})
    changed = api("PATCH", url, bearer, {"metadata": {"seat": None, "home": {"zip": "1"}}}, if_match=made.headers["etag"])
    stale = api("PATCH", url, bearer, {"metadata": {}}, if_match=made.headers["etag"])

    assert (made.status, made.json["metadata"]) == (200, {"seat": 7, "home": {"city": "Paris"}})
    assert changed.json["metadata"] == {"home": {"zip": "1"}}
    assert refused(stale) == (412, "precondition_failed")
    found = api("GET", url, bearer)
    assert (found.json, found.headers["etag"]) == (changed.json, changed.headers["etag"])
    assert api("PATCH", url, bearer, {"metadata": {}}).json["metadata"] == {}


@pytest.mark.row(83)
@pytest.mark.row(90)
@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"x": "y" * 17_000}},
        {"metadata": {"a.b": 1}},
        {"metadata": {"x": 1e999}},
        {"metadata": []},
        {"roles": ["rol_x"]},
        {"metadata": {}, "version": 7},
        {"joined_at": 0},
        {"user_id": "gatehouse|other"},
    ],
)
def test_nothing_but_metadata_of_a_size_that_is_kept_can_be_set(body: Any) -> None:
    bearer, (acme, _) = machine(*OPERATOR), two()
    user = member(acme, "ada@example.com")
    before = memberships.get(user.user_id, acme.org_id)

    for kind in ("application/json", "application/merge-patch+json"):
        assert api("PATCH", path(acme, "members", user.user_id), bearer, body, content_type=kind).status == 400
    assert memberships.get(user.user_id, acme.org_id) == before


def test_a_change_in_one_organization_shows_neither_in_another_nor_in_the_persons_own_record() -> None:
    bearer, (acme, globex), ada = machine(*OPERATOR, "read:users"), two(), new_user()
    join(acme, ada)
    elsewhere, record = join(globex, ada, new_role("Viewer")), users.get(ada.user_id)
    own = api("GET", user_path(ada.user_id), bearer)

    assert api("PATCH", path(acme, "members", ada.user_id), bearer, {"metadata": {"secret": "of acme"}}).status == 200
    assert api("POST", path(acme, "members", ada.user_id, "roles"), bearer, {"roles": [new_role("Editor")]}).status == 204

    assert memberships.get(ada.user_id, globex.org_id) == elsewhere
    assert users.get(ada.user_id) == record
    assert (api("GET", user_path(ada.user_id), bearer).json, own.status) == (own.json, 200)
    holding = [item["pk"] + item["sk"] for item in everything() if "of acme" in str(item)]
    assert holding == [f"USER#{ada.user_id}ORG#{acme.org_id}"]
    assert api("DELETE", path(acme, "members"), bearer, {"members": [ada.user_id]}).status == 204
    assert memberships.get(ada.user_id, globex.org_id) == elsewhere
    assert not any("of acme" in str(item) for item in everything())


def test_whoever_comes_back_begins_with_nothing() -> None:
    (acme, _), ada = two(), new_user()
    join(acme, ada, new_role("Editor"))
    memberships.change(ada.user_id, acme.org_id, lambda before: {"metadata": {"seat": 7}})
    memberships.leave(acme.org_id, ada.user_id)

    memberships.join(acme.org_id, ada.user_id)

    again = memberships.get(ada.user_id, acme.org_id)
    assert again
    assert (again.roles, again.metadata, again.version) == ([], {}, 1)


def everything() -> list[table.Item]:
    items, _ = table.scan(None, limit=1000)
    return items
