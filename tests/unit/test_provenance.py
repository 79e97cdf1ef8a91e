"""Where each value of a profile comes from, and who overwrites what: rules that are data of a connection."""

from dataclasses import replace
from typing import Any

import pytest

from gatehouse import connections, profile_sync, users
from gatehouse.connections import Connection, Sync
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import later, new_user
from tests.unit.operators import api, machine, person, user_path

OPERATOR = ("read:users", "update:users", "create:users")
NOBODY = User("gatehouse|new", "", 1)


def social(**more: Any) -> Connection:
    return connections.create("facebook", "facebook", **more)


def enterprise(**more: Any) -> Connection:
    return connections.create("staff", "oidc", **more)


def told(bearer: str, user: User, connection: Connection, **profile: Any) -> Answer:
    """A sign-in through the connection, linked first if it is not yet."""
    body = {"provider": connection.strategy, "connection_id": connection.id, "user_id": "1234"}
    assert api("POST", user_path(user.user_id, "identities"), bearer, body).status == 201
    answer = api("PATCH", user_path(user.user_id, "identities", connection.strategy, "1234"), bearer, {"profileData": profile})
    assert answer.status == 200, answer.body
    return answer


def values(bearer: str, user: User) -> dict[str, dict[str, Any]]:
    """What is explained, by name of the value."""
    answer = api("GET", user_path(user.user_id, "provenance"), bearer)
    assert answer.status == 200
    return {entry["name"]: entry for entry in answer.json}


def now(user: User) -> User:
    found = users.get(user.user_id)
    assert found
    return found


def test_a_social_profile_is_taken_over_at_registration() -> None:
    outside = {"name": "Ada L.", "first_name": "Ada", "birthday": "1815-12-10", "min_age": 21, "email": "Ada@Example.com"}

    taken = profile_sync.taken_over(NOBODY, social(), outside, connections.REGISTRATION)

    assert taken.user.profile == {"name": "Ada L.", "given_name": "Ada", "birthdate": "1815-12-10"}
    assert (taken.user.email, taken.user.email_verified, taken.lost) == ("ada@example.com", False, {})


def test_and_never_again_at_a_login() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(name="Ada"), social()

    told(bearer, ada, connection, name="Somebody Else", gender="female")

    assert now(ada).profile == {"name": "Ada"}
    assert [offer["lost"] for offer in values(bearer, ada)["gender"]["offers"]] == ["only_at_registration"]


def test_an_enterprise_stays_in_charge_of_the_profile_at_every_login() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(name="Ada", nickname="a"), enterprise()

    told(bearer, ada, connection, name="Ada King", given_name="Ada")
    assert now(ada).profile == {"name": "Ada King", "nickname": "a", "given_name": "Ada"}
    told(bearer, ada, connection, name="Ada Lovelace")

    assert now(ada).profile == {"name": "Ada Lovelace", "nickname": "a", "given_name": "Ada"}
    found = values(bearer, ada)
    assert (found["name"]["source"], found["nickname"]["source"]) == (connection.id, "sign_up")


def test_what_an_operator_set_is_overwritten_only_by_a_rule_that_says_so() -> None:
    bearer, ada = machine(*OPERATOR), new_user()
    usual, strong = enterprise(), connections.create("strong", "oidc", profile_sync=Sync("login", ("operator",)))
    api("PATCH", user_path(ada.user_id), bearer, {"name": "By Operator"})

    told(bearer, ada, usual, name="By Usual")
    assert now(ada).profile["name"] == "By Operator"
    (offer,) = values(bearer, ada)["name"]["offers"]
    assert offer["value"] == "By Usual"
    assert (offer["source"], offer["lost"]) == (usual.id, "set_by_another_source")

    body = {"provider": "oidc", "connection_id": strong.id, "user_id": "5678"}
    api("POST", user_path(ada.user_id, "identities"), bearer, body)
    api("PATCH", user_path(ada.user_id, "identities", "oidc", "5678"), bearer, {"profileData": {"name": "By Strong"}})
    assert now(ada).profile["name"] == "By Strong"


@pytest.mark.parametrize(("over", "expected"), [((), "Ada"), (("operator",), "Ada"), (("connection",), "Ada"), (("self",), "New")])
def test_a_persons_own_value_gives_way_only_to_a_rule_over_self(over: tuple[str, ...], expected: str) -> None:
    ada = new_user(name="Ada")

    taken = profile_sync.taken_over(ada, enterprise(profile_sync=Sync("login", over)), {"name": "New"}, connections.LOGIN)

    assert taken.user.profile["name"] == expected


def test_a_value_of_unknown_source_counts_as_the_persons_own() -> None:
    ada = replace(new_user(name="Ada"), provenance={})

    taken = profile_sync.taken_over(ada, enterprise(profile_sync=Sync("login")), {"name": "New"}, connections.LOGIN)

    assert (taken.user.profile["name"], taken.lost) == ("Ada", {"name": "set_by_another_source"})


def test_what_nobody_set_is_filled_and_what_somebody_took_away_stays_away() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(nickname="a"), enterprise(profile_sync=Sync("login"))
    api("PATCH", user_path(ada.user_id), bearer, {"nickname": None})

    told(bearer, ada, connection, nickname="amazing", locale="en-GB")

    assert now(ada).profile == {"locale": "en-GB"}
    assert values(bearer, ada)["nickname"]["offers"][0]["lost"] == "set_by_another_source"


def test_a_rule_may_say_never() -> None:
    taken = profile_sync.taken_over(NOBODY, enterprise(profile_sync=Sync("never")), {"name": "New"}, connections.REGISTRATION)

    assert (taken.user, taken.lost) == (NOBODY, {"name": "never_taken_over"})


@pytest.mark.parametrize(
    ("trusted", "outside_says", "verified"),
    [(True, True, True), (True, False, False), (True, "true", False), (True, None, False), (False, True, False)],
)
@pytest.mark.row(83)
def test_only_a_trusted_connection_that_says_so_makes_an_address_verified(trusted: bool, outside_says: Any, verified: bool) -> None:
    outside = {"email": "ada@example.com", "email_verified": outside_says}

    taken = profile_sync.taken_over(NOBODY, enterprise(trust_email=trusted), outside, connections.REGISTRATION)

    assert (taken.user.email, taken.user.email_verified) == ("ada@example.com", verified)


@pytest.mark.row(83)
def test_an_address_that_nobody_proved_replaces_none_and_unverifies_none() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(), enterprise(trust_email=True)

    told(bearer, ada, connection, email="other@example.com", email_verified=False)
    assert (now(ada).email, now(ada).email_verified) == ("ada@example.com", True)
    assert values(bearer, ada)["email"]["offers"][0]["lost"] == "not_verified"
    told(bearer, ada, connection, email="ada@example.com", email_verified=False)

    assert (now(ada).email, now(ada).email_verified) == ("ada@example.com", True)


def test_a_proven_address_replaces_the_one_before_and_signs_in_from_then_on() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(), enterprise(trust_email=True)

    told(bearer, ada, connection, email="King@Example.com", email_verified=True)

    found = users.get_by_email("king@example.com")
    assert found and found.user_id == ada.user_id and found.email_verified
    assert users.get_by_email("ada@example.com") is None
    assert values(bearer, ada)["email"]["verified"] is True


def test_another_users_address_stays_theirs_and_the_sign_in_goes_on() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(), enterprise(trust_email=True)
    bob = new_user("bob@example.com")

    told(bearer, ada, connection, email="bob@example.com", email_verified=True, name="Ada King")

    assert (now(ada).email, now(ada).profile["name"]) == ("ada@example.com", "Ada King")
    assert now(bob).email == "bob@example.com"
    assert values(bearer, ada)["email"]["offers"][0]["lost"] == "another_users"


def test_linking_alone_takes_nothing_over() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(), enterprise()
    body = {"provider": "oidc", "connection_id": connection.id, "user_id": "1234", "profileData": {"name": "Ada King"}}

    api("POST", user_path(ada.user_id, "identities"), bearer, body)

    assert now(ada).profile == {}
    assert values(bearer, ada)["name"] == {
        "name": "name",
        "value": None,
        "source": None,
        "at": None,
        "verified": False,
        "offers": [values(bearer, ada)["name"]["offers"][0]],
    }
    assert values(bearer, ada)["name"]["offers"][0]["lost"] == "at_the_next_login"


@pytest.mark.row(90)
@pytest.mark.parametrize("value", [5, ["a"], {"data": {"url": "https://x"}}, "x" * 1025, "two\nlines", True])
def test_a_value_that_the_profile_cannot_hold_is_not_taken(value: Any) -> None:
    taken = profile_sync.taken_over(NOBODY, enterprise(), {"name": value, "email": value}, connections.REGISTRATION)

    assert (taken.user, taken.lost) == (NOBODY, {"name": "unfit", "email": "unfit"})


@pytest.mark.row(83)
def test_an_outside_profile_sets_no_user_name_and_no_phone_number() -> None:
    for ours in ("username", "phone_number", "email_verified", "blocked", "roles", "app_metadata", "user_id"):
        with pytest.raises(connections.Invalid):
            connections.create("staff", "oidc", profile_fields={"theirs": ours})


def test_the_same_value_from_two_sources_is_the_first_ones() -> None:
    bearer, ada, connection = machine(*OPERATOR), new_user(name="Ada"), enterprise()

    told(bearer, ada, connection, name="Ada")

    found = values(bearer, ada)["name"]
    assert (found["source"], found["offers"][0]["lost"]) == ("sign_up", "same_value")


def test_every_value_tells_who_set_it_and_when() -> None:
    bearer = machine(*OPERATOR)
    with later(0):
        new = {"connection": "Username-Password-Authentication", "email": "grace@example.com", "username": "grace", "name": "Grace"}
        user_id = api("POST", "/users", bearer, new).json["user_id"]
    with later(60):
        changed = api("PATCH", user_path(user_id), bearer, {"phone_number": "+49 30 123456", "phone_verified": True})

    found = {entry["name"]: entry for entry in api("GET", user_path(user_id, "provenance"), bearer).json}

    assert {name: (entry["source"], entry["verified"]) for name, entry in found.items()} == {
        "email": ("operator", False),
        "username": ("operator", False),
        "phone_number": ("operator", True),
        "name": ("operator", False),
    }
    assert found["phone_number"]["at"] == changed.json["updated_at"]
    assert found["name"]["at"] == changed.json["created_at"]


@pytest.mark.row(85)
def test_a_person_sees_their_own_and_nobody_elses() -> None:
    ada, bob = new_user(), new_user("bob@example.com")
    own = person(None, "read:current_user")

    assert api("GET", user_path(ada.user_id, "provenance"), own).json[0]["value"] == "ada@example.com"
    assert api("GET", user_path(bob.user_id, "provenance"), own).status == 403
    assert api("GET", user_path("gatehouse|nobody", "provenance"), machine(*OPERATOR)).status == 404
