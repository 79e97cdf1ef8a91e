"""Accounts elsewhere: linking them to one person only, telling what a sign-in through them told, and taking them away."""

from typing import Any

import pytest

from gatehouse import connections, identities, users
from gatehouse.connections import Connection
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, person, user_path

OPERATOR = ("read:users", "update:users")


def google(**more: Any) -> Connection:
    return connections.create("google-oauth2", "google-oauth2", **more)


def linked(bearer: str, user_id: str, id_there: object = "1234", /, **body: Any) -> Answer:
    return api("POST", user_path(user_id, "identities"), bearer, {"provider": "google-oauth2", "user_id": id_there, **body})


def of(bearer: str, user_id: str) -> list[dict[str, Any]]:
    """The identities behind the user's own."""
    found: list[dict[str, Any]] = api("GET", user_path(user_id), bearer).json["identities"][1:]
    return found


def test_a_linked_identity_is_shown_with_what_it_tells_and_where_that_comes_from() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(), google()

    answer = linked(bearer, ada.user_id, connection_id=connection.id, profileData={"name": "Ada at Google", "hd": "example.com"})

    assert answer.status == 201
    own, there = answer.json
    assert own["user_id"] == ada.user_id.removeprefix("gatehouse|")
    assert there == {
        "connection": "google-oauth2",
        "provider": "google-oauth2",
        "user_id": "1234",
        "isSocial": True,
        # Only what the connection's configuration names.
        "profileData": {"name": "Ada at Google"},
    }
    assert of(bearer, ada.user_id) == [there]


def test_without_its_id_a_connection_is_found_by_the_name_of_its_provider() -> None:
    bearer, ada = machine(*OPERATOR), new_user()
    google()

    assert linked(bearer, ada.user_id, 987).status == 201
    assert of(bearer, ada.user_id)[0]["user_id"] == "987"


def test_an_identity_is_one_persons_alone() -> None:
    bearer, ada, bob = machine(*OPERATOR), new_user(), new_user("bob@example.com")
    google()
    assert linked(bearer, ada.user_id).status == 201

    again, others = linked(bearer, ada.user_id), linked(bearer, bob.user_id)

    assert (again.status, len(again.json)) == (201, 2)
    assert (others.status, others.json["errorCode"]) == (409, "conflict")
    assert of(bearer, bob.user_id) == []


def test_the_same_id_at_another_connection_is_somebody_else() -> None:
    bearer, ada, bob = machine(*OPERATOR), new_user(), new_user("bob@example.com")
    first, second = connections.create("staff", "oidc"), connections.create("partners", "oidc")

    assert linked(bearer, ada.user_id, provider="oidc", connection_id=first.id).status == 201
    assert linked(bearer, bob.user_id, provider="oidc", connection_id=second.id).status == 201


def test_what_was_unlinked_can_be_linked_by_another() -> None:
    bearer, ada, bob = machine(*OPERATOR), new_user(), new_user("bob@example.com")
    google()
    linked(bearer, ada.user_id)

    answer = api("DELETE", user_path(ada.user_id, "identities", "google-oauth2", "1234"), bearer)

    assert (answer.status, len(answer.json)) == (200, 1)
    assert api("DELETE", user_path(ada.user_id, "identities", "google-oauth2", "1234"), bearer).status == 404
    assert linked(bearer, bob.user_id).status == 201


def test_of_several_that_fit_the_connection_says_which() -> None:
    bearer, ada = machine(*OPERATOR), new_user()
    first, second = connections.create("staff", "oidc"), connections.create("partners", "oidc")
    for connection in (first, second):
        linked(bearer, ada.user_id, provider="oidc", connection_id=connection.id)
    path = user_path(ada.user_id, "identities", "oidc", "1234")

    assert api("DELETE", path, bearer).status == 400
    assert api("DELETE", path, bearer, query={"connection_id": second.id}).status == 200
    assert [identity["connection"] for identity in of(bearer, ada.user_id)] == ["staff"]


def test_the_main_identity_stays() -> None:
    bearer, ada = machine(*OPERATOR), new_user()

    answer = api("DELETE", user_path(ada.user_id, "identities", "gatehouse", ada.user_id.removeprefix("gatehouse|")), bearer)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")


@pytest.mark.row(85)
def test_a_person_takes_away_their_own_identity_and_links_none() -> None:
    bearer, ada, bob = machine(*OPERATOR), new_user(), new_user("bob@example.com")
    google()
    linked(bearer, ada.user_id)
    linked(bearer, bob.user_id, "5678")
    own = person(None, "update:current_user_identities")

    assert linked(own, ada.user_id, "99").status == 403
    assert api("PATCH", user_path(ada.user_id, "identities", "google-oauth2", "1234"), own, {"profileData": {}}).status == 403
    assert api("DELETE", user_path(bob.user_id, "identities", "google-oauth2", "5678"), own).status == 403
    assert api("DELETE", user_path(ada.user_id, "identities", "google-oauth2", "1234"), own).status == 200


@pytest.mark.row(89, 90)
@pytest.mark.parametrize(
    "body",
    [
        {"user_id": ""},
        {"user_id": "a#b"},
        {"user_id": "x" * 2048},
        {"user_id": None},
        {"user_id": {"a": 1}},
        {"provider": "facebook"},
        {"connection_id": "con_none"},
        {"connection_id": "con_database"},
        {"connection_id": "con#x"},
        {"connection_id": "x" * 5000},
        {"link_with": "eyJhbGciOiJub25lIn0.e30."},
        {"profileData": {"name": "x" * 4097}},
        {"profileData": {"name": [[[[[[[[[[[1]]]]]]]]]]]}},
        {"profileData": {"na\u0000me": 1}},
        {"profileData": "x"},
        {"app_metadata": {"plan": "gold"}},
    ],
)
def test_what_cannot_be_linked_is_refused(body: dict[str, Any]) -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(), google()

    answer = linked(bearer, ada.user_id, **{"connection_id": connection.id, **body})

    assert answer.status == 400, answer.body
    assert of(bearer, ada.user_id) == []


@pytest.mark.row(90)
def test_a_person_has_at_most_ten() -> None:
    bearer, ada = machine(*OPERATOR), new_user()
    google()
    assert {linked(bearer, ada.user_id, str(number)).status for number in range(identities.MOST)} == {201}

    assert linked(bearer, ada.user_id, "one more").status == 400
    assert linked(bearer, ada.user_id, "11").status == 400
    assert linked(bearer, ada.user_id, "3").status == 201


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    bearer, ada = machine(*OPERATOR), new_user()
    google()
    fresh = api("GET", user_path(ada.user_id), bearer).headers["etag"]

    first = api("POST", user_path(ada.user_id, "identities"), bearer, {"provider": "google-oauth2", "user_id": "1"}, if_match=fresh)
    stale = api("POST", user_path(ada.user_id, "identities"), bearer, {"provider": "google-oauth2", "user_id": "2"}, if_match=fresh)

    assert (first.status, stale.status) == (201, 412)


def test_the_newest_profile_of_the_provider_that_was_used_is_shown() -> None:
    bearer, ada = machine(*OPERATOR), new_user()
    google()
    linked(bearer, ada.user_id, profileData={"name": "Old", "picture": "https://example.com/old.png"})
    path = user_path(ada.user_id, "identities", "google-oauth2", "1234")

    answer = api("PATCH", path, bearer, {"profileData": {"name": "New", "given_name": "N"}})

    assert answer.json[1]["profileData"] == {"name": "New", "given_name": "N"}
    assert of(bearer, ada.user_id)[0]["profileData"] == {"name": "New", "given_name": "N"}
    assert api("PATCH", user_path(ada.user_id, "identities", "google-oauth2", "none"), bearer, {"profileData": {}}).status == 404


@pytest.mark.row(83)
def test_what_a_provider_tells_decides_nothing_by_itself() -> None:
    bearer, ada = machine(*OPERATOR), new_user()
    fields = dict.fromkeys(
        ["roles", "permissions", "app_metadata", "blocked", "email_verified", "user_id", "https://example.com/admin"], ""
    )
    connection = connections.create("staff", "oidc", profile_fields=fields, trust_email=True)
    told: dict[str, Any] = {"roles": ["rol_admin"], "app_metadata": {"plan": "gold"}, "blocked": False, "email_verified": True}
    told |= {"permissions": ["read:users"], "user_id": "gatehouse|other", "https://example.com/admin": True}
    before = users.get(ada.user_id)
    assert before

    linked(bearer, ada.user_id, provider="oidc", connection_id=connection.id, profileData=told)
    api("PATCH", user_path(ada.user_id, "identities", "oidc", "1234"), bearer, {"profileData": told})

    after = users.get(ada.user_id)
    assert after
    assert after.identities[0]["profile"] == told
    for name in ("roles", "permissions", "app_metadata", "user_metadata", "blocked", "email", "email_verified", "profile", "epoch"):
        assert getattr(after, name) == getattr(before, name)


def test_an_identity_of_a_connection_that_is_gone_can_still_be_taken_away() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(), google()
    linked(bearer, ada.user_id)
    connections.remove(connection.id)

    path = user_path(ada.user_id, "identities", "google-oauth2", "1234")
    assert api("PATCH", path, bearer, {"profileData": {}}).status == 404
    google()
    assert api("PATCH", path, bearer, {"profileData": {}}).status == 404
    assert api("DELETE", path, bearer).status == 200
