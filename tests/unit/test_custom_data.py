"""Business data about people: one document each, in the operator's store, for machines or for the person it is about."""

from typing import Any

import pytest

from gatehouse import custom_data, table, users
from tests.unit.conftest import Answer
from tests.unit.faults import lose_answer, trouble
from tests.unit.flows import browser_of, later, new_client, new_user, tokens_of, userinfo
from tests.unit.operators import api, machine, person
from tests.unit.user_data import demand, switch_off, switch_on

ALL = ("create:custom_data", "read:custom_data", "update:custom_data", "delete:custom_data")
OWN = ("read:current_user", "update:current_user_custom_data")


def path(user_id: str) -> str:
    return f"/custom-data/{user_id}"


def inserted(bearer: str, user_id: str, **members: Any) -> Answer:
    answer = api("POST", "/custom-data", bearer, {"user_id": user_id, **members})
    assert answer.status == 201, answer.body
    return answer


def test_a_document_is_read_back_as_it_was_inserted() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()

    made = inserted(bearer, ada.user_id, company={"name": "Example", "size": 12}, ratio=0.5, tags=["a", None, True])

    answer = api("GET", path(ada.user_id), bearer)
    assert answer.json == made.json
    assert answer.json == {"user_id": ada.user_id, "company": {"name": "Example", "size": 12}, "ratio": 0.5, "tags": ["a", None, True]}
    assert answer.headers["etag"] == made.headers["etag"]


def test_the_document_that_was_inserted_first_counts() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()
    inserted(bearer, ada.user_id, company="First")

    second = api("POST", "/custom-data", bearer, {"user_id": ada.user_id, "company": "Second"})

    assert (second.status, second.json["errorCode"]) == (409, "conflict")
    assert api("GET", path(ada.user_id), bearer).json["company"] == "First"


def test_which_member_holds_the_user_id_is_for_the_operator_to_say() -> None:
    switch_on(key_field="owner")
    bearer, ada = machine(*ALL), new_user()

    assert api("POST", "/custom-data", bearer, {"user_id": ada.user_id}).status == 400
    assert api("POST", "/custom-data", bearer, {"owner": ada.user_id, "user_id": "anything"}).status == 201
    switch_on(key_field="user_id")
    assert api("GET", path(ada.user_id), bearer).status == 404
    switch_on(key_field="owner")
    assert api("GET", path(ada.user_id), bearer).json["owner"] == ada.user_id


def test_the_key_field_of_a_document_stays_its_users_id() -> None:
    switch_on()
    bearer, ada, bob = machine(*ALL), new_user(), new_user("bob@example.com")
    inserted(bearer, ada.user_id, seats=1)

    for body in ({"user_id": bob.user_id}, {"user_id": None}, {"user_id": 5}):
        assert api("PATCH", path(ada.user_id), bearer, body).status == 400
        assert api("PUT", path(ada.user_id), bearer, body).status == 400
    assert api("GET", path(bob.user_id), bearer).status == 404


def test_what_is_switched_off_is_kept_and_not_shown() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()
    inserted(bearer, ada.user_id, seats=1)

    switch_off()
    answers = [
        api("GET", path(ada.user_id), bearer),
        api("POST", "/custom-data", bearer, {"user_id": ada.user_id}),
        api("PATCH", path(ada.user_id), bearer, {"seats": 2}),
        api("PUT", path(ada.user_id), bearer, {"user_id": ada.user_id}),
        api("DELETE", path(ada.user_id), bearer),
    ]

    assert {(answer.status, answer.json["message"]) for answer in answers} == {(404, "Custom data is not switched on.")}
    switch_on()
    assert api("GET", path(ada.user_id), bearer).json["seats"] == 1


def test_each_store_has_documents_of_its_own() -> None:
    switch_on(store="companies")
    bearer, ada = machine(*ALL), new_user()
    inserted(bearer, ada.user_id, seats=1)

    switch_on(store="games")

    assert api("GET", path(ada.user_id), bearer).status == 404
    assert inserted(bearer, ada.user_id, level=3).json["level"] == 3


def test_nobody_inserts_for_a_person_who_is_not_there() -> None:
    switch_on()
    bearer = machine(*ALL)

    answer = api("POST", "/custom-data", bearer, {"user_id": "gatehouse|nobody"})

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")
    for value in ("", "a#b", "gatehouse|" + "x" * 5000, None, 5, ["gatehouse|nobody"]):
        assert api("POST", "/custom-data", bearer, {"user_id": value}).status == 400


@pytest.mark.row(85)
def test_where_people_have_access_they_reach_their_own_document_only_and_neither_insert_nor_delete() -> None:
    switch_on("own")
    bearer, ada, bob = machine(*ALL), new_user(), new_user("bob@example.com")
    own = person(None, *OWN)
    assert api("GET", path(ada.user_id), own).status == 404
    assert api("POST", "/custom-data", own, {"user_id": ada.user_id}).status == 403
    for user in (ada, bob):
        inserted(bearer, user.user_id, seats=1)

    assert api("GET", path(ada.user_id), own).json["seats"] == 1
    assert api("PATCH", path(ada.user_id), own, {"seats": 2}).json["seats"] == 2
    assert api("PUT", path(ada.user_id), own, {"user_id": ada.user_id, "seats": 3}).json["seats"] == 3
    assert api("DELETE", path(ada.user_id), own).status == 403
    for method, body in (("GET", None), ("PATCH", {"seats": 9}), ("PUT", {"user_id": bob.user_id}), ("DELETE", None)):
        assert api(method, path(bob.user_id), own, body).status == 403
    assert api("GET", path(bob.user_id), bearer).json["seats"] == 1


@pytest.mark.row(84)
def test_where_only_machines_have_access_no_person_has() -> None:
    switch_on("system")
    bearer, ada = machine(*ALL), new_user()
    inserted(bearer, ada.user_id, seats=1)
    own = person(None, *OWN)

    assert api("GET", path(ada.user_id), own).json["errorCode"] == "access_denied"
    assert api("PATCH", path(ada.user_id), own, {"seats": 2}).status == 403
    assert api("GET", path(ada.user_id), bearer).json["seats"] == 1


@pytest.mark.row(84)
@pytest.mark.parametrize("scope", ALL)
def test_a_scope_opens_its_own_operation_only(scope: str) -> None:
    switch_on()
    ada = new_user()
    inserted(machine(*ALL), ada.user_id)
    bearer = machine(scope)

    statuses = {
        "create:custom_data": api("POST", "/custom-data", bearer, {"user_id": ada.user_id}).status,
        "read:custom_data": api("GET", path(ada.user_id), bearer).status,
        "update:custom_data": api("PATCH", path(ada.user_id), bearer, {}).status,
        "delete:custom_data": api("DELETE", path(ada.user_id), bearer).status,
    }

    assert {name for name, status in statuses.items() if status == 403} == set(ALL) - {scope}


def test_three_kinds_of_patches_go_by_their_media_types() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()
    inserted(bearer, ada.user_id, home={"city": "Paris", "zip": "75001"}, old=1)

    plain = api("PATCH", path(ada.user_id), bearer, {"home": {"city": "Rome"}, "old": None})
    assert plain.json == {"user_id": ada.user_id, "home": {"city": "Rome"}}
    merged = api("PATCH", path(ada.user_id), bearer, {"home": {"zip": "00100"}}, content_type="application/merge-patch+json")
    assert merged.json["home"] == {"city": "Rome", "zip": "00100"}
    operations = [{"op": "move", "from": "/home/zip", "path": "/zip"}]
    moved = api("PATCH", path(ada.user_id), bearer, operations, content_type="application/json-patch+json")
    assert moved.json == {"user_id": ada.user_id, "home": {"city": "Rome"}, "zip": "00100"}
    assert api("PATCH", path(ada.user_id), bearer, {}).json == moved.json


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()
    fresh = inserted(bearer, ada.user_id, seats=1).headers["etag"]

    assert api("PATCH", path(ada.user_id), bearer, {"seats": 2}, if_match=fresh).status == 200
    for method, body in (("PATCH", {"seats": 3}), ("PUT", {"user_id": ada.user_id}), ("DELETE", None)):
        stale = api(method, path(ada.user_id), bearer, body, if_match=fresh)
        assert (stale.status, stale.json["errorCode"]) == (412, "precondition_failed")
    assert api("GET", path(ada.user_id), bearer).json["seats"] == 2


@pytest.mark.row(87)
def test_a_document_that_is_inserted_anew_is_in_no_version_of_the_one_before() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()
    with later(0):
        fresh = inserted(bearer, ada.user_id).headers["etag"]
        assert api("DELETE", path(ada.user_id), bearer).status == 204
        assert api("DELETE", path(ada.user_id), bearer).status == 204
    with later(1):
        inserted(bearer, ada.user_id)
        assert api("PATCH", path(ada.user_id), bearer, {"seats": 1}, if_match=fresh).status == 412


def test_documents_are_judged_by_the_schema_of_their_namespace() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()
    demand("custom_data", {"required": ["company"], "properties": {"company": {"type": "string"}}})

    missing = api("POST", "/custom-data", bearer, {"user_id": ada.user_id})
    assert (missing.status, missing.json["message"]) == (400, "custom_data breaks the rule required: company of its schema")
    inserted(bearer, ada.user_id, company="Example")
    assert api("PATCH", path(ada.user_id), bearer, {"company": 5}).status == 400


def test_userinfo_shows_the_document_as_it_is_now_to_clients_with_the_scope() -> None:
    bearer, ada = machine(*ALL), new_user()
    app = new_client(scopes=["openid", "custom_data"])
    access = str(tokens_of(app.client_id, browser_of(ada), scope="openid custom_data")["access_token"])
    other = str(tokens_of(app.client_id, browser_of(ada), scope="openid")["access_token"])

    assert "custom_data" not in userinfo(access).json
    switch_on("system")
    assert "custom_data" not in userinfo(access).json
    inserted(bearer, ada.user_id, seats=1)
    api("PATCH", path(ada.user_id), bearer, {"seats": 2})
    assert userinfo(access).json["custom_data"] == {"user_id": ada.user_id, "seats": 2}
    assert "custom_data" not in userinfo(other).json
    switch_off()
    assert "custom_data" not in userinfo(access).json


def test_custom_data_at_userinfo_takes_no_request_of_its_own() -> None:
    ada = new_user()
    switch_on()
    custom_data.insert({"user_id": ada.user_id})
    app = new_client(scopes=["openid", "custom_data"])
    cheap = str(tokens_of(app.client_id, browser_of(ada), scope="openid")["access_token"])
    access = str(tokens_of(app.client_id, browser_of(ada), scope="openid custom_data")["access_token"])
    # What stays in the process for a minute.
    userinfo(access)

    with trouble() as plain:
        userinfo(cheap)
    with trouble() as with_document:
        userinfo(access)
    switch_off()
    userinfo(access)
    with trouble() as switched_off:
        userinfo(access)

    assert plain == with_document == switched_off == ["dynamodb.BatchGetItem"]


def test_a_deleted_person_has_no_document_and_gets_none() -> None:
    switch_on()
    ada = new_user()
    table.update(table.user_key(ada.user_id), where=[("pk", "exists", None)], set={"deleting": 1})

    with pytest.raises(custom_data.UnknownUser):
        custom_data.insert({"user_id": ada.user_id})
    assert users.get(ada.user_id) is None


def test_there_is_no_list_of_documents() -> None:
    switch_on()

    assert api("GET", "/custom-data", machine(*ALL)).status == 405


def test_a_removal_whose_answer_was_lost_is_done() -> None:
    switch_on()
    bearer, ada = machine(*ALL), new_user()
    made = inserted(bearer, ada.user_id)

    with trouble({"dynamodb.DeleteItem": [lose_answer]}):
        assert api("DELETE", path(ada.user_id), bearer, if_match=made.headers["etag"]).status == 204
    assert api("GET", path(ada.user_id), bearer).status == 404
