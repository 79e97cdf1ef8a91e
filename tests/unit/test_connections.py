"""Connections: what each takes over unless told otherwise, names that are theirs alone, and changes of the version that was read."""

from typing import Any

import pytest

from gatehouse import connections
from gatehouse.connections import DATABASE, Connection, Sync
from tests.unit.faults import lose_answer, trouble


@pytest.mark.parametrize(
    ("strategy", "social", "sync"),
    [
        ("google-oauth2", True, Sync("registration")),
        ("facebook", True, Sync("registration")),
        ("oidc", False, Sync("login", ("self", "connection"))),
        ("custom-jwt", False, Sync("login", ("self", "connection"))),
    ],
)
def test_a_connection_is_as_usual_for_its_strategy(strategy: str, social: bool, sync: Sync) -> None:
    made = connections.create("one", strategy)

    assert (made.is_social, made.profile_sync, made.trust_email) == (social, sync, False)


def test_which_members_are_taken_goes_by_the_strategy_or_by_configuration() -> None:
    facebook = connections.create("facebook", "facebook").profile_fields
    chosen = connections.create("jwt", "custom-jwt", profile_fields={"https://example.com/claims/title": "", "displayName": "name"})

    assert set(facebook) == {"name", "first_name", "last_name", "picture", "gender", "birthday", "min_age", "max_age", "email"}
    assert set(connections.create("g", "google-oauth2").profile_fields) >= {"name", "first_name", "last_name", "picture", "email"}
    assert connections.create("bare", "custom-jwt").profile_fields == {}
    assert connections.get(chosen.id) == chosen


def test_a_name_is_one_connections_alone_until_it_is_removed() -> None:
    first = connections.create("staff", "oidc")
    with pytest.raises(connections.NameTaken):
        connections.create("staff", "samlp")
    with pytest.raises(connections.NameTaken):
        connections.create(DATABASE.name, "oidc")

    connections.remove(first.id)

    assert connections.by_name("staff") is None
    assert connections.create("staff", "samlp").id != first.id


def test_all_are_listed_behind_the_one_that_is_always_there() -> None:
    made = [connections.create(f"staff-{number}", "oidc") for number in range(3)]

    listed = connections.listed()
    assert listed[0] == DATABASE
    assert {one.id for one in listed[1:]} == {one.id for one in made}
    assert connections.get_many([made[0].id, "con_none", DATABASE.id, made[0].id]) == [made[0], None, DATABASE, made[0]]


def test_what_is_built_in_is_neither_changed_nor_removed() -> None:
    for attempt in (lambda: connections.change(DATABASE.id, trust_email=True), lambda: connections.remove(DATABASE.id)):
        with pytest.raises(connections.BuiltIn):
            attempt()
    assert connections.by_name(DATABASE.name) == connections.get(DATABASE.id) == DATABASE


@pytest.mark.row(87)
def test_a_change_of_another_version_is_refused() -> None:
    made = connections.create("staff", "oidc")

    changed = connections.change(made.id, if_version=1, trust_email=True)

    assert (changed.version, changed.trust_email, changed.name) == (2, True, "staff")
    with pytest.raises(connections.Stale):
        connections.change(made.id, if_version=1, trust_email=False)
    assert connections.get(made.id) == changed


def test_what_is_gone_is_unknown() -> None:
    for attempt in (lambda: connections.change("con_none", trust_email=True), lambda: connections.remove("con_none")):
        with pytest.raises(connections.Unknown):
            attempt()


def test_a_change_whose_answer_was_lost_is_done_once_and_well() -> None:
    made = connections.create("staff", "oidc")

    with trouble({"dynamodb.UpdateItem": [lose_answer]}):
        changed = connections.change(made.id, trust_email=True)

    assert connections.get(made.id) == changed
    assert changed.version == 2


@pytest.mark.parametrize(
    "members",
    [
        {"name": ""},
        {"name": "a#b"},
        {"name": "-a"},
        {"name": "x" * 129},
        {"strategy": "gatehouse"},
        {"strategy": "OIDC"},
        {"display_name": "x" * 129},
        {"profile_fields": {"a": "sub"}},
        {"profile_fields": {"": "name"}},
        {"profile_fields": {"a\x00": "name"}},
        {"profile_fields": {f"f{number}": "" for number in range(51)}},
        {"profile_sync": Sync("always")},
        {"profile_sync": Sync("login", ("everybody",))},
    ],
)
def test_a_connection_that_cannot_be_is_refused(members: dict[str, Any]) -> None:
    given: dict[str, Any] = {"name": "staff", "strategy": "oidc", **members}

    with pytest.raises(connections.Invalid):
        connections.create(**given)
    assert connections.listed() == [DATABASE]


def test_name_and_strategy_stay() -> None:
    made: Connection = connections.create("staff", "oidc")

    for members in ({"name": "other"}, {"strategy": "samlp"}, {"id": "con_other"}):
        with pytest.raises(connections.Invalid):
            connections.change(made.id, **members)
