"""/api/v2/connections: where identities come from."""

from typing import Any

import pytest

from tests.unit.operators import api, machine

OPERATOR = ("create:connections", "read:connections", "update:connections", "delete:connections")
NEW: dict[str, Any] = {"name": "facebook", "strategy": "facebook"}
DATABASE = "Username-Password-Authentication"


def created(bearer: str, **more: Any) -> dict[str, Any]:
    answer = api("POST", "/connections", bearer, NEW | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def test_a_connection_is_read_back_as_it_was_created() -> None:
    bearer = machine(*OPERATOR)
    given = {
        "display_name": "Facebook",
        "is_social": True,
        "profile_fields": {"first_name": "given_name", "friends": ""},
        "profile_sync": {"moment": "login", "over": ["connection", "self"]},
        "trust_email": True,
    }

    made = created(bearer, **given)

    assert made == {"id": made["id"], **NEW, **given}
    assert made["id"].startswith("con_")
    assert api("GET", f"/connections/{made['id']}", bearer).json == made
    assert api("GET", f"/connections/{made['id']}", bearer, query={"fields": "name"}).json == {"name": "facebook"}


def test_what_is_not_said_is_as_usual_for_the_strategy() -> None:
    bearer = machine(*OPERATOR)

    social, enterprise = created(bearer), created(bearer, name="acme", strategy="oidc")

    assert (social["is_social"], social["profile_sync"]) == (True, {"moment": "registration", "over": []})
    assert (enterprise["is_social"], enterprise["profile_sync"]) == (False, {"moment": "login", "over": ["self", "connection"]})
    assert social["display_name"] == "facebook"


def test_the_database_is_there_from_the_beginning_and_stays_as_it_is() -> None:
    bearer = machine(*OPERATOR)

    [database] = api("GET", "/connections", bearer).json

    assert (database["id"], database["name"], database["strategy"]) == ("con_database", DATABASE, "auth0")
    assert api("GET", "/connections/con_database", bearer).json == database
    for answer in (
        api("PATCH", "/connections/con_database", bearer, {"display_name": "x"}),
        api("DELETE", "/connections/con_database", bearer),
    ):
        assert (answer.status, answer.json["errorCode"]) == (403, "access_denied")
    assert api("POST", "/connections", bearer, {"name": DATABASE, "strategy": "oidc"}).status == 409


def test_a_name_is_one_connections_alone_until_that_is_removed() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)

    again = api("POST", "/connections", bearer, NEW)

    assert (again.status, again.json["errorCode"]) == (409, "conflict")
    assert [api("DELETE", f"/connections/{made['id']}", bearer).status for _ in range(2)] == [204, 204]
    assert api("GET", f"/connections/{made['id']}", bearer).json["errorCode"] == "inexistent_connection"
    assert created(bearer)["id"] != made["id"]


def test_a_patch_replaces_what_it_names() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)

    changed = api("PATCH", f"/connections/{made['id']}", bearer, {"profile_sync": {"moment": "never"}, "display_name": None})

    assert changed.status == 200
    assert changed.json == made | {"profile_sync": {"moment": "never", "over": []}}
    assert api("PATCH", "/connections/con_nobody", bearer, {"display_name": "x"}).status == 404


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    bearer = machine(*OPERATOR)
    made = api("POST", "/connections", bearer, NEW)
    path = f"/connections/{made.json['id']}"

    first = api("PATCH", path, bearer, {"display_name": "One"}, if_match=made.headers["etag"])
    stale = api("PATCH", path, bearer, {"display_name": "Two"}, if_match=made.headers["etag"])

    assert (first.status, stale.status) == (200, 412)
    assert api("GET", path, bearer).json["display_name"] == "One"


def test_connections_are_listed_in_pages_by_strategy_and_by_name() -> None:
    bearer = machine(*OPERATOR)
    created(bearer)
    created(bearer, name="acme", strategy="oidc")

    def listed(**query: Any) -> Any:
        return api("GET", "/connections", bearer, query=query).json

    assert [found["name"] for found in listed(strategy="oidc")] == ["acme"]
    assert [found["name"] for found in listed(strategy="auth0")] == [DATABASE]
    assert listed(name="facebook", fields="name") == [{"name": "facebook"}]
    assert listed(include_totals=True, per_page=1, page=2)["length"] == 1
    assert listed(page=5) == []
    page = listed(take=2)
    assert page["connections"][0]["name"] == DATABASE
    assert len(listed(take=2, **{"from": page["next"]})["connections"]) == 1


@pytest.mark.row(83, 88)
@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "-x"},
        {"name": "a#b"},
        {"name": "x" * 129},
        {"name": None},
        {"name": 5},
        {"strategy": ""},
        {"strategy": "Up per"},
        {"strategy": "gatehouse"},
        {"strategy": None},
        {"id": "con_mine"},
        {"version": 9},
        {"options": {"client_secret": "x"}},
        {"profile_sync": "login"},
        {"profile_sync": {"moment": "sometimes"}},
        {"profile_sync": {"moment": "login", "over": ["anybody"]}},
        {"profile_sync": {"moment": "login", "over": "self"}},
        {"profile_sync": {"moment": "login", "more": 1}},
        {"profile_fields": {"x": "sub"}},
        {"profile_fields": {"x": "email_verified"}},
        {"profile_fields": {"x": "app_metadata.plan"}},
        {"profile_fields": {"": "name"}},
        {"profile_fields": {"x": 1}},
        {"profile_fields": ["name"]},
        {"display_name": "x" * 129},
        {"is_social": "yes"},
        {"trust_email": 1},
        {"#a": 1},
    ],
)
def test_what_no_connection_has_is_refused(change: dict[str, Any]) -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, name="there")

    answer = api("POST", "/connections", bearer, NEW | change)
    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body"), answer.body
    assert api("PATCH", f"/connections/{made['id']}", bearer, change).status == 400
    assert api("GET", f"/connections/{made['id']}", bearer).json == made


@pytest.mark.row(89)
@pytest.mark.parametrize("named", ["CONNECTION#x", "con_", "x" * 600, "..", "é"])
def test_what_names_no_connection_reaches_none(named: str) -> None:
    bearer = machine(*OPERATOR)

    assert api("GET", f"/connections/{named}", bearer).status in (400, 404)
    assert api("DELETE", f"/connections/{named}", bearer).status in (400, 204)
