"""Hostile documents: whatever is sent as metadata or custom data is kept to the letter or refused, and nothing else changes."""

import json
from typing import Any

import pytest

from gatehouse import custom_data, metadata, table
from gatehouse.metadata import DEEPEST, LARGEST_BYTES, MOST_MEMBERS
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, user_path
from tests.unit.user_data import switch_on

SCOPES = ("read:users", "update:users", "read:custom_data", "update:custom_data")
KINDS = ("user_metadata", "app_metadata", "custom_data")

# Names that would mean something, if a name ever became part of an expression or a path.
LITERAL = [
    "#a",
    "#n0",
    ":v",
    ":v0",
    "a = :x OR attribute_exists(b)",
    "SET password_hash = :v0",
    "attribute_not_exists(pk)",
    "size",
    "name",
    "status",
    "ttl",
    "pk",
    "sk",
    "epoch",
    "version",
    "email_verified",
    "blocked",
    "a[0]",
    "a/b",
    "~1",
    "' OR 1=1; --",
    '{"S": "x"}',
    "M",
    "NULL",
    "__proto__",
    "__class__",
    "constructor",
    "model_config",
    "model_dump",
    "__pydantic_extra__",
    "naïve",
    "名前",
    "\N{PILE OF POO}",
    "x" * 128,
    " ",
]
REFUSED = ["", "a.b", "..", "$set", "a$", "x" * 129, "x" * 300, "a\x00b", "a\nb", "\u202e", "\u200b"]
VALUES: list[Any] = ["", "#a", ":v", " ", None, True, False, 0, -0.0, 1e-10, 10**37, [], {}, [[]], {"S": "x"}, [None, {"a": None}], "\x00"]


def current(bearer: str, user_id: str, kind: str) -> Any:
    """The document, or the metadata."""
    if kind == "custom_data":
        return api("GET", f"/custom-data/{user_id}", bearer).json
    return api("GET", user_path(user_id), bearer).json[kind]


def written(bearer: str, user_id: str, kind: str, document: Any, **headers: str) -> Answer:
    """PATCH with one member of the document, or with JSON as it stands."""
    if kind == "custom_data":
        return api("PATCH", f"/custom-data/{user_id}", bearer, document, **headers)
    body = f'{{"{kind}": {document}}}' if isinstance(document, str) else {kind: document}
    return api("PATCH", user_path(user_id), bearer, body, **headers)


@pytest.fixture
def bearer() -> str:
    return machine(*SCOPES)


@pytest.fixture
def ada() -> str:
    user = new_user(nickname="ada")
    switch_on()
    custom_data.insert({"user_id": user.user_id})
    return user.user_id


def snapshot(user_id: str) -> dict[str, Any]:
    """Everything about the person, but for what every change changes."""
    found: dict[str, Any] = {}
    for item in table.query(table.user_partition(user_id)):
        found[item["sk"]] = {name: value for name, value in item.items() if name not in ("version", "updated_at", "changed_by")}
    return found


@pytest.mark.row(88)
@pytest.mark.parametrize("kind", KINDS)
def test_names_and_values_are_kept_to_the_letter_whatever_they_spell(bearer: str, ada: str, kind: str) -> None:
    before = snapshot(ada)
    document = {name: {name: name, "list": [{name: name}]} for name in LITERAL}

    assert written(bearer, ada, kind, document).status == 200

    assert {name: value for name, value in current(bearer, ada, kind).items() if name != "user_id"} == document
    item = "CUSTOM#companies" if kind == "custom_data" else "USER"
    after = snapshot(ada)
    after[item].pop("document" if kind == "custom_data" else kind)
    before[item].pop("document" if kind == "custom_data" else kind)
    assert after == before


@pytest.mark.row(88)
@pytest.mark.parametrize("kind", KINDS)
def test_names_that_are_not_kept_are_refused_at_any_depth(bearer: str, ada: str, kind: str) -> None:
    before = snapshot(ada)

    for name in REFUSED:
        for document in ({name: "x"}, {"a": {name: "x"}}, {"a": [{"b": {name: 1}}]}):
            answer = written(bearer, ada, kind, document)
            assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert snapshot(ada) == before


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_value_comes_back_as_it_was(bearer: str, ada: str, kind: str) -> None:
    written(bearer, ada, kind, {"list": VALUES, "nested": {"list": VALUES}})

    found = current(bearer, ada, kind)
    assert repr(found["list"]).replace("-0.0", "0") == repr(VALUES).replace("-0.0", "0")
    assert found["nested"]["list"] == VALUES


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


@pytest.mark.row(90)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "document",
    [
        {"a": "x" * LARGEST_BYTES},
        {"a": "é" * (LARGEST_BYTES // 2)},
        {"a": nested(DEEPEST + 1)},
        {"a": nested(20)},
        {"a": nested(900)},
        {"a": list(range(MOST_MEMBERS + 1))},
        {str(number): 0 for number in range(MOST_MEMBERS + 1)},
        {"a": 10**38},
        {"a": -(10**400)},
        {"a": 1e126},
        {"a": 1e-200},
    ],
)
def test_what_is_too_large_deep_many_or_no_number_that_is_kept_is_refused(bearer: str, ada: str, kind: str, document: Any) -> None:
    before = snapshot(ada)

    assert written(bearer, ada, kind, document).status == 400
    assert snapshot(ada) == before


@pytest.mark.row(90)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"a": NaN}', 400),
        ('{"a": Infinity}', 400),
        ('{"a": -Infinity}', 400),
        ('{"a": 1e400}', 400),
        ('{"a": "\\ud800"}', 400),
        ('{"a": 1, "a": 2}', 400),
        ('{"a": ' + "[" * 30_000 + "]" * 30_000 + "}", 400),
        (json.dumps({str(number): 0 for number in range(100_000)}), 413),
        ('{"a": 01}', 400),
        ("[]", 400),
        ('"x"', 400),
    ],
)
def test_what_is_no_json_or_no_document_is_refused(bearer: str, ada: str, kind: str, text: str, status: int) -> None:
    before = snapshot(ada)

    assert written(bearer, ada, kind, text).status == status
    assert snapshot(ada) == before


@pytest.mark.row(90)
def test_documents_that_grow_patch_by_patch_meet_the_caps_as_a_whole(bearer: str, ada: str) -> None:
    for kind in KINDS:
        statuses = [written(bearer, ada, kind, {f"part{number}": "x" * 4000}).status for number in range(5)]
        assert statuses == [200, 200, 200, 200, 400]
        assert len(json.dumps(current(bearer, ada, kind))) < LARGEST_BYTES + 100


@pytest.mark.row(90)
def test_a_person_with_everything_at_its_limit_stays_far_below_what_an_item_holds(bearer: str, ada: str) -> None:
    for kind in KINDS:
        assert written(bearer, ada, kind, {f"part{number}": "x" * 4000 for number in range(4)}).status == 200
    profile = dict.fromkeys(["name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "gender"], "x" * 1024)
    assert api("PATCH", user_path(ada), bearer, profile).status == 200

    assert all(len(json.dumps(item, default=str)) < 100_000 for item in snapshot(ada).values())


@pytest.mark.row(88)
@pytest.mark.parametrize("media_type", ["application/merge-patch+json", "application/json-patch+json"])
def test_patches_of_other_kinds_meet_the_same_rules(bearer: str, ada: str, media_type: str) -> None:
    before = snapshot(ada)
    for name in ("a.b", "$set", "x" * 300):
        operations = [{"op": "add", "path": f"/user_metadata/{name}", "value": 1}]
        body: Any = operations if "json-patch" in media_type else {"user_metadata": {name: 1}}
        assert api("PATCH", user_path(ada), bearer, body, content_type=media_type).status == 400
        custom: Any = [{"op": "add", "path": f"/{name}", "value": 1}] if "json-patch" in media_type else {name: 1}
        assert written(bearer, ada, "custom_data", custom, content_type=media_type).status == 400
    assert snapshot(ada) == before


@pytest.mark.row(83)
def test_who_may_change_app_metadata_alone_changes_nothing_else(ada: str) -> None:
    limited = machine("update:users_app_metadata")
    before = snapshot(ada)

    for body in (
        {"user_metadata": {"a": 1}},
        {"email": "x@example.com"},
        {"blocked": True},
        {"nickname": None},
        {"password": "a long enough one"},
    ):
        assert api("PATCH", user_path(ada), limited, body | {"app_metadata": {"plan": "gold"}}).status == 403
    assert snapshot(ada) == before
    answer = api("PATCH", user_path(ada), limited, {"app_metadata": {"plan": "gold"}})
    assert (answer.status, answer.json["app_metadata"]) == (200, {"plan": "gold"})


def test_merging_replaces_first_level_members_and_null_takes_away() -> None:
    assert metadata.merged({"a": 1, "b": {"c": 1}}, {"b": {"d": 2}, "a": None}) == {"b": {"d": 2}}
    assert metadata.merged({"a": 1}, {}) == metadata.merged({"a": 1}, None) == {}
