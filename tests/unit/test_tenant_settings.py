"""The settings of the stack: what an operator may set, in which version, and what functions know while the table is away."""

from dataclasses import replace
from typing import Any

import pytest

from gatehouse import remembered, table, tenant
from gatehouse.errors import Unavailable
from gatehouse.tenant import Tenant
from tests.unit.conftest import Answer
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import later
from tests.unit.operators import api, machine

PATH = "/tenants/settings"


def operator() -> str:
    return machine("read:tenant_settings", "update:tenant_settings")


def changed(bearer: str, **settings: Any) -> Answer:
    return api("PATCH", PATH, bearer, settings)


def test_a_stack_that_nobody_set_up_has_settings() -> None:
    answer = api("GET", PATH, operator())

    assert (answer.status, answer.headers["etag"]) == (200, '"0"')
    assert answer.json == {
        "searchable": [],
        "custom_data": {"enabled": False, "store": "", "key_field": "user_id", "access": "system"},
        "schemas": {},
        "profile_questions_at_once": 2,
    }


def test_what_a_patch_does_not_speak_of_stays() -> None:
    bearer = operator()
    changed(bearer, searchable=["user_metadata.city", "app_metadata.plan.name"], custom_data={"enabled": True, "store": "companies"})

    answer = changed(bearer, custom_data={"enabled": False}, profile_questions_at_once=0)

    assert answer.json["searchable"] == ["user_metadata.city", "app_metadata.plan.name"]
    assert answer.json["custom_data"] == {"enabled": False, "store": "companies", "key_field": "user_id", "access": "system"}
    assert answer.json["profile_questions_at_once"] == 0
    assert api("GET", PATH, bearer).json == answer.json


def test_null_makes_a_setting_as_it_was_at_first() -> None:
    bearer = operator()
    changed(bearer, searchable=["user_metadata.city"], profile_questions_at_once=9)

    answer = changed(bearer, searchable=None, profile_questions_at_once=None)

    assert (answer.json["searchable"], answer.json["profile_questions_at_once"]) == ([], 2)


@pytest.mark.row(87)
def test_settings_of_another_version_than_if_match_names_are_not_changed() -> None:
    bearer = operator()
    fresh = api("GET", PATH, bearer).headers["etag"]

    first = api("PATCH", PATH, bearer, {"profile_questions_at_once": 3}, if_match=fresh)
    stale = api("PATCH", PATH, bearer, {"profile_questions_at_once": 4}, if_match=fresh)

    assert (first.status, stale.status, stale.json["errorCode"]) == (200, 412, "precondition_failed")
    assert api("GET", PATH, bearer).json["profile_questions_at_once"] == 3


def test_a_change_that_changes_nothing_makes_no_version() -> None:
    bearer = operator()
    etag = changed(bearer, profile_questions_at_once=5).headers["etag"]

    assert changed(bearer, profile_questions_at_once=5).headers["etag"] == etag


def test_versions_of_schemas_are_counted_one_by_one() -> None:
    bearer = operator()
    schema = {"type": "object"}

    first = changed(bearer, schemas={"user_metadata": {"schema": schema}, "app_metadata": {"schema": schema}}).json["schemas"]
    second = changed(bearer, schemas={"user_metadata": {"schema": {"maxProperties": 3}}, "app_metadata": first["app_metadata"]}).json[
        "schemas"
    ]
    third = changed(bearer, schemas={"app_metadata": None}).json["schemas"]

    assert {name: entry["version"] for name, entry in first.items()} == {"user_metadata": 1, "app_metadata": 1}
    assert {name: entry["version"] for name, entry in second.items()} == {"user_metadata": 2, "app_metadata": 1}
    assert third == {"user_metadata": {"version": 2, "schema": {"maxProperties": 3}}}


@pytest.mark.parametrize(
    "settings",
    [
        {"searchable": ["email"]},
        {"searchable": ["user_metadata"]},
        {"searchable": ["user_metadata.a b"]},
        {"searchable": ["user_metadata." + ".".join("abcdef")]},
        {"searchable": ["user_metadata.a", "user_metadata.a"]},
        {"searchable": [f"user_metadata.{name}" for name in "abcdefghijk"]},
        {"custom_data": {"enabled": True}},
        {"custom_data": {"enabled": True, "store": "Companies"}},
        {"custom_data": {"store": "a#b"}},
        {"custom_data": {"store": "x" * 33}},
        {"custom_data": {"key_field": ""}},
        {"custom_data": {"key_field": "a.b"}},
        {"custom_data": {"access": "everybody"}},
        {"profile_questions_at_once": 11},
        {"profile_questions_at_once": -1},
        {"profile_questions_at_once": "2"},
        {"schemas": {"profile": {"schema": {}}}},
        {"schemas": {"user_metadata": {}}},
        {"schemas": {"user_metadata": {"schema": {"type": "strin"}}}},
        {"tenant_id": "another"},
    ],
)
def test_settings_that_cannot_be_are_refused_and_change_nothing(settings: dict[str, Any]) -> None:
    bearer = operator()

    answer = changed(bearer, **settings)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert tenant.current() == Tenant()


def test_reading_and_changing_need_their_scopes() -> None:
    assert api("GET", PATH, machine("update:tenant_settings")).status == 403
    assert api("PATCH", PATH, machine("read:tenant_settings"), {}).status == 403
    assert api("GET", PATH).status == 401


def test_a_change_is_known_everywhere_within_a_minute() -> None:
    with later(0):
        known = tenant.change(lambda settings: replace(settings, profile_questions_at_once=3))
        assert tenant.settings() == known
        # By another process.
        table.update(table.tenant_key(), where=[("pk", "exists", None)], set={"profile_questions_at_once": 7})
        assert tenant.settings() == known
    with later(remembered.CACHE_SECONDS + 5):
        assert tenant.settings().profile_questions_at_once == 7


def test_the_last_known_settings_stand_in_for_ten_minutes_while_the_table_is_away() -> None:
    with later(0):
        known = tenant.change(lambda settings: replace(settings, profile_questions_at_once=7))
        assert tenant.settings() == known
    with later(590), trouble({"dynamodb": always(THROTTLED)}):
        assert tenant.settings() == known
    with later(610), trouble({"dynamodb": always(THROTTLED)}), pytest.raises(Unavailable):
        tenant.settings()
