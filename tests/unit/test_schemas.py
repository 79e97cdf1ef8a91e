"""JSON Schemas for the documents of users: which are taken, what they refuse, and how one grows stricter over documents that are there."""

from typing import Any

import pytest

from gatehouse import schemas, tenant
from gatehouse.schemas import Unusable, Violated
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, user_path
from tests.unit.user_data import demand

CITY = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0}}}

# Each refers to the next one twice.
DOUBLING: dict[str, Any] = {f"a{step}": {"allOf": [{"$ref": f"#/$defs/a{step + 1}"}] * 2} for step in range(60)} | {"a60": {}}


def patched(bearer: str, user_id: str, **document: Any) -> Answer:
    return api("PATCH", user_path(user_id), bearer, {"user_metadata": document})


def test_a_document_is_judged_where_its_namespace_has_a_schema() -> None:
    bearer, user = machine("update:users", "read:users"), new_user()
    demand("user_metadata", CITY)

    refused = patched(bearer, user.user_id, age="forty two")

    assert (refused.status, refused.json["errorCode"]) == (400, "invalid_body")
    assert refused.json["message"] == "user_metadata.age breaks the rule type of its schema"
    assert "forty two" not in refused.body
    assert api("GET", user_path(user.user_id), bearer).json["user_metadata"] == {}
    assert patched(bearer, user.user_id, age=42).status == 200
    assert api("PATCH", user_path(user.user_id), bearer, {"app_metadata": {"age": "forty two"}}).status == 200


def test_a_refusal_names_what_is_missing() -> None:
    with pytest.raises(Violated) as refused:
        schemas.judge("user_metadata", {"required": ["city", "zip"]}, {"city": "x", "zip": "y"}, {"zip": "secret"})

    assert refused.value.reason == "user_metadata breaks the rule required: city of its schema"


def test_what_broke_the_schema_before_is_tolerated_until_it_is_touched() -> None:
    bearer, user = machine("update:users"), new_user()
    patched(bearer, user.user_id, age="forty two", city="Rome")
    demand("user_metadata", CITY | {"required": ["country"], "additionalProperties": False})

    assert patched(bearer, user.user_id, city="Paris").status == 200
    assert patched(bearer, user.user_id, age="forty three").status == 400
    assert patched(bearer, user.user_id, planet="Mars").status == 400
    assert patched(bearer, user.user_id, age=43).status == 200
    assert patched(bearer, user.user_id, age="forty two").status == 400


def test_a_patch_that_leaves_the_document_alone_is_not_judged() -> None:
    bearer, user = machine("update:users"), new_user()
    patched(bearer, user.user_id, age=True)
    demand("user_metadata", CITY)

    assert api("PATCH", user_path(user.user_id), bearer, {"nickname": "ada"}).status == 200


def test_true_is_not_one() -> None:
    bearer, user = machine("update:users", "read:users"), new_user()
    patched(bearer, user.user_id, age=1)

    patched(bearer, user.user_id, age=True)

    assert api("GET", user_path(user.user_id), bearer).json["user_metadata"]["age"] is True
    patched(bearer, user.user_id, age=1)
    demand("user_metadata", CITY)
    assert patched(bearer, user.user_id, age=True).status == 400


def test_a_new_user_is_judged_as_well() -> None:
    bearer = machine("create:users")
    demand("app_metadata", {"properties": {"plan": {"enum": ["gold", "free"]}}})
    new: dict[str, Any] = {"connection": "Username-Password-Authentication", "email": "grace@example.com"}

    assert api("POST", "/users", bearer, new | {"app_metadata": {"plan": "silver"}}).status == 400
    assert api("POST", "/users", bearer, new | {"app_metadata": {"plan": "gold"}}).status == 201


def test_a_document_that_is_new_as_a_whole_must_be_complete() -> None:
    schema = {"required": ["city"]}

    with pytest.raises(Violated):
        schemas.judge("custom_data", schema, None, {})
    schemas.judge("custom_data", schema, {}, {"other": 1})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"minimum": "zero"},
        {"pattern": "("},
        {"properties": {"a": 5}},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"$ref": "https://example.com/schema.json"},
        {"properties": {"a": {"$ref": "other.json#/a"}}},
        {"properties": {"a": {"$dynamicRef": "https://example.com/x#a"}}},
        {"properties": {"a": {"$id": "https://example.com/x", "$ref": "#/b"}}},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"default": {"type": "bogus"}, "$ref": "#/default"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/$schema"},
        {"pattern": "^(a+)+$"},
        {"pattern": "^(a|aa)*$"},
        {"properties": {"a": {"pattern": "((x*)y){2,}"}}},
        {"patternProperties": {"^(a+)+$": {}}},
        {"const": "x" * schemas.LARGEST_BYTES},
        {"$defs": DOUBLING, "$ref": "#/$defs/a0"},
        {"properties": {"a": {"$schema": schemas.DIALECT, "pattern": "a"}}},
    ],
)
def test_a_schema_that_is_none_reaches_outside_or_could_take_ages_is_not_taken(schema: dict[str, Any]) -> None:
    with pytest.raises(Unusable):
        schemas.check(schema)


def test_a_schema_nested_without_end_is_not_taken() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"not": deep}

    with pytest.raises(Unusable):
        schemas.check(deep)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://example.com/mine",
            "$ref": "#/$defs/a",
            "$defs": {"a": {}},
        },
        {"properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}}},
        {
            "properties": {"tree": {"$ref": "#/$defs/tree"}},
            "$defs": {"tree": {"properties": {"children": {"items": {"$ref": "#/$defs/tree"}}}}},
        },
        {"$defs": {"a": {"$anchor": "here", "type": "object"}}, "$ref": "#here"},
        {"properties": {"a": {"pattern": "^[A-Z]{2}[0-9]+(-[a-z])?$"}, "b": {"pattern": "(ab)+[(+)]*"}}},
    ],
)
def test_a_schema_that_stays_within_itself_is_taken(schema: dict[str, Any]) -> None:
    schemas.check(schema)

    schemas.judge("user_metadata", schema, {}, {"a": "DE12", "tree": {"children": [{"children": []}]}})


@pytest.mark.row(90)
def test_a_pattern_never_meets_a_long_text() -> None:
    schema = {"properties": {"a": {"pattern": "a*a*a*a*b"}}}

    with pytest.raises(Violated):
        schemas.judge("user_metadata", schema, {}, {"a": "a" * 16_000 + "b"})


@pytest.mark.row(90)
def test_it_meets_none_either_where_the_schema_names_its_dialect_and_refers_to_itself() -> None:
    schema = {"$schema": schemas.DIALECT, "properties": {"a": {"$ref": "#"}}, "pattern": "a"}

    schemas.judge("user_metadata", schema, {}, {"a": "a" * schemas.LONGEST_MATCHED})
    with pytest.raises(Violated):
        schemas.judge("user_metadata", schema, {}, {"a": "a" * (schemas.LONGEST_MATCHED + 1)})


@pytest.mark.row(90)
def test_references_that_double_with_every_line_keep_nobody_busy() -> None:
    schema = {"$defs": DOUBLING, "properties": {"a": {"$ref": "#/$defs/a0"}}}
    schemas.check(schema)

    with pytest.raises(Violated) as refused:
        schemas.judge("user_metadata", schema, {}, {"a": 1})

    assert refused.value.reason == "user_metadata: its schema comes to no end on this document"


@pytest.mark.row(90)
def test_the_largest_document_is_judged_by_a_schema_that_looks_at_all_of_it() -> None:
    rules = {"type": "object", "additionalProperties": {"type": ["integer", "string"], "minimum": 0, "maxLength": 9, "not": {"const": 7}}}

    schemas.judge("user_metadata", rules, {}, {f"key {number}": number + 8 for number in range(1000)})


def test_a_document_on_which_a_schema_has_no_end_is_refused() -> None:
    with pytest.raises(Violated) as refused:
        schemas.judge("user_metadata", {"properties": {"a": {"$ref": "#/properties/a"}}}, {}, {"a": 1})

    assert refused.value.reason == "user_metadata: its schema comes to no end on this document"


def test_without_a_schema_nothing_is_judged() -> None:
    assert tenant.settings().schema_of("user_metadata") is None
    assert patched(machine("update:users"), new_user().user_id, anything=[None, {"goes": 1.5}]).status == 200
