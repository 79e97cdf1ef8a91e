"""/api/v2/organizations: create, read, list, change and delete them, and their connections."""

from typing import Any

import pytest

from gatehouse import invitations, memberships, organizations, table
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, user_path
from tests.unit.teams import join, path, two

ALL = ("create:organizations", "read:organizations", "update:organizations", "delete:organizations")
CONNECTIONS = tuple(f"{verb}:organization_connections" for verb in ("create", "read", "update", "delete"))
NEW: dict[str, Any] = {
    "name": "acme",
    "display_name": "Acme Ltd",
    "branding": {"logo_url": "https://acme.example/logo.svg", "colors": {"primary": "#3730a3"}},
    "metadata": {"plan": "gold"},
}


def created(bearer: str, **more: Any) -> dict[str, Any]:
    answer = api("POST", "/organizations", bearer, NEW | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["errorCode"]


def test_an_organization_is_found_by_its_id_and_by_its_name() -> None:
    bearer = machine(*ALL)

    made = created(bearer)

    assert made == NEW | {"id": made["id"]}
    assert made["id"].startswith("org_")
    for found in (api("GET", f"/organizations/{made['id']}", bearer), api("GET", "/organizations/name/acme", bearer)):
        assert (found.status, found.json, found.headers["etag"]) == (200, made, '"1"')


def test_a_name_is_one_organizations_alone_until_that_gives_it_up() -> None:
    bearer = machine(*ALL)
    first = created(bearer)

    assert refused(api("POST", "/organizations", bearer, NEW)) == (409, "conflict")
    second = created(bearer, name="globex")
    assert refused(api("PATCH", f"/organizations/{second['id']}", bearer, {"name": "acme"})) == (409, "conflict")
    assert api("PATCH", f"/organizations/{first['id']}", bearer, {"name": "acme-2"}).json["name"] == "acme-2"
    assert api("PATCH", f"/organizations/{second['id']}", bearer, {"name": "acme"}).status == 200
    assert api("GET", "/organizations/name/acme", bearer).json["id"] == second["id"]
    assert api("GET", "/organizations/name/globex", bearer).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "Acme"},
        {"name": "-acme"},
        {"name": "a b"},
        {"name": "a#b"},
        {"name": "x" * 51},
        {"name": "org_0123456789abcdef"},
        {"name": None},
        {"display_name": "x" * 256},
        {"display_name": "a\nb"},
        {"branding": {"logo_url": "http://acme.example/logo.svg"}},
        {"branding": {"logo_url": "javascript:alert(1)"}},
        {"branding": {"colors": {"primary": "red;}"}}},
        {"branding": {"colors": {"other": "#ffffff"}}},
        {"branding": {"script": "x"}},
        {"metadata": {"a": 1}},
        {"metadata": {"a": "x" * 256}},
        {"metadata": {"": "x"}},
        {"metadata": {f"name{n}": "x" for n in range(26)}},
        {"id": "org_0123456789abcdef"},
        {"version": 7},
        {"created_at": 1},
        {"enabled_connections": [{"connection_id": "con_database"}, {"connection_id": "con_database"}]},
        {"enabled_connections": [{"connection_id": "con_database", "assign_membership_on_login": True}]},
    ],
)
def test_what_cannot_be_an_organization_is_refused(body: dict[str, Any]) -> None:
    bearer = machine(*ALL)

    assert api("POST", "/organizations", bearer, NEW | body).status == 400
    assert api("GET", "/organizations", bearer).json == []


def test_metadata_merges_null_takes_away_and_what_is_not_named_stays() -> None:
    bearer = machine(*ALL)
    url = f"/organizations/{created(bearer, metadata={'plan': 'gold', 'old': 'x'})['id']}"

    changed = api("PATCH", url, bearer, {"metadata": {"seats": "5", "old": None}, "branding": None})

    assert changed.json["metadata"] == {"plan": "gold", "seats": "5"}
    assert "branding" not in changed.json
    assert changed.json["display_name"] == "Acme Ltd"
    operations = [{"op": "replace", "path": "/metadata/plan", "value": "silver"}, {"op": "remove", "path": "/display_name"}]
    patched = api("PATCH", url, bearer, operations, content_type="application/json-patch+json")
    assert (patched.json["metadata"], patched.json["display_name"]) == ({"plan": "silver", "seats": "5"}, "acme")
    merged = api("PATCH", url, bearer, {"metadata": {"plan": None}}, content_type="application/merge-patch+json")
    assert merged.json["metadata"] == {"seats": "5"}
    assert api("PATCH", url, bearer, {"org_id": "x"}, content_type="application/merge-patch+json").status == 400


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    bearer = machine(*ALL)
    url = f"/organizations/{created(bearer)['id']}"

    first = api("PATCH", url, bearer, {"display_name": "One"}, if_match='"1"')
    stale = api("PATCH", url, bearer, {"display_name": "Two"}, if_match='"1"')

    assert (first.status, first.headers["etag"], refused(stale)) == (200, '"2"', (412, "precondition_failed"))
    assert api("GET", url, bearer).json["display_name"] == "One"


def test_organizations_are_listed_in_pages_and_from_cursors() -> None:
    bearer = machine(*ALL)
    made = [created(bearer, name=f"team-{n}")["id"] for n in range(5)]

    whole = api("GET", "/organizations", bearer, query={"include_totals": True, "per_page": 2, "page": 1}).json
    assert (whole["start"], whole["limit"], whole["length"], whole["total"]) == (2, 2, 2, 5)
    assert api("GET", "/organizations", bearer, query={"page": 9}).json == []
    found, query = [], {"take": 2}
    while True:
        page = api("GET", "/organizations", bearer, query=query).json
        found += [one["id"] for one in page["organizations"]]
        if "next" not in page:
            break
        query = {"take": 2, "from": page["next"]}
    assert sorted(found) == sorted(made)
    assert refused(api("GET", "/organizations", bearer, query={"from": "x"})) == (400, "invalid_paging")


def test_a_deleted_organization_takes_everything_of_it_along_and_nothing_else() -> None:
    bearer = machine(*ALL)
    (acme, globex), ada = two(), new_user()
    join(acme, ada)
    join(globex, ada)
    invitations.create(acme.org_id, inviter="Boss", email="bob@example.com", client_id="x")

    assert api("DELETE", path(acme), bearer).status == 204

    assert list(table.query(table.organization_partition(acme.org_id))) == []
    assert [one.org_id for one in memberships.of_user(ada.user_id)] == [globex.org_id]
    assert refused(api("GET", path(acme), bearer)) == (404, "inexistent_organization")
    assert refused(api("DELETE", path(acme), bearer)) == (404, "inexistent_organization")
    assert created(bearer)["name"] == "acme"


def test_what_a_deletion_left_behind_the_next_one_takes() -> None:
    bearer = machine(*ALL)
    (acme, _), ada = two(), new_user()
    join(acme, ada)
    table.delete(table.organization_key(acme.org_id))

    assert api("DELETE", path(acme), bearer).status == 404

    assert memberships.get(ada.user_id, acme.org_id) is None


def test_an_organization_of_many_members_is_deleted_whole() -> None:
    acme, _ = two()
    for n in range(95):
        writes = memberships.joining(acme.org_id, f"gatehouse|{n}")
        table.transact(*writes[2:])

    assert organizations.remove(acme.org_id)

    assert list(table.query(table.organization_partition(acme.org_id))) == []


def test_the_organizations_of_a_person_are_listed() -> None:
    bearer = machine("read:organizations")
    (acme, globex), ada = two(), new_user()
    join(acme, ada)
    join(globex, ada)

    found = api("GET", user_path(ada.user_id, "organizations"), bearer, query={"include_totals": True}).json

    assert found["total"] == 2
    assert {one["id"]: one["display_name"] for one in found["organizations"]} == {acme.org_id: "Acme Ltd", globex.org_id: "globex"}
    assert api("GET", user_path("gatehouse|nobody", "organizations"), bearer).status == 404


def test_connections_are_enabled_changed_and_disabled() -> None:
    bearer, (acme, globex) = machine(*CONNECTIONS), two()
    url = path(acme, "enabled_connections")
    shown = {
        "connection_id": "con_database",
        "assign_membership_on_login": False,
        "is_signup_enabled": False,
        "show_as_button": True,
        "connection": {"name": "Username-Password-Authentication", "strategy": "gatehouse"},
    }

    assert api("POST", url, bearer, {"connection_id": "con_database"}).json == shown
    assert refused(api("POST", url, bearer, {"connection_id": "con_database"})) == (409, "conflict")
    assert refused(api("POST", url, bearer, {"connection_id": "con_nobody"})) == (404, "inexistent_connection")
    one = f"{url}/con_database"
    assert api("PATCH", one, bearer, {"is_signup_enabled": True}).json == shown | {"is_signup_enabled": True}
    assert refused(api("PATCH", one, bearer, {"assign_membership_on_login": True})) == (400, "operation_not_supported")
    assert api("GET", url, bearer).json == [api("GET", one, bearer).json] == [shown | {"is_signup_enabled": True}]
    assert api("GET", path(globex, "enabled_connections"), bearer).json == []
    assert api("DELETE", one, bearer).status == 204
    assert [api(method, one, bearer, {} if method == "PATCH" else None).status for method in ("GET", "PATCH", "DELETE")] == [404] * 3
