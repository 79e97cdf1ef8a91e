"""Patches that are made to do harm: that grow without end, have no shape, or reach for what their sender may not touch."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gatehouse.users import User
from gatehouse.web.parameters import DEEPEST
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, token_of, user_path

MERGE, OPERATIONS = "application/merge-patch+json", "application/json-patch+json"


def patched(user: User, patch: Any, media_type: str = OPERATIONS, bearer: str = "") -> Answer:
    return api("PATCH", user_path(user.user_id), bearer or machine("update:users"), patch, content_type=media_type)


def copying(times: int) -> list[dict[str, Any]]:
    """Operations of which each doubles what the one before left."""
    first = {"op": "add", "path": "/user_metadata/a", "value": "x" * 1000}
    return [first, *({"op": "copy", "from": "/user_metadata", "path": f"/user_metadata/b{step}"} for step in range(times))]


@pytest.mark.row(90)
def test_a_patch_of_a_few_lines_does_not_make_a_document_without_end() -> None:
    user = new_user()

    answer = patched(user, copying(99))

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert answer.json["message"] == "the JSON Patch makes the document larger than any that is kept"
    assert patched(user, copying(2)).status == 200


@pytest.mark.row(83)
def test_to_ask_whether_an_address_is_verified_does_not_say_so_of_another() -> None:
    user = new_user()
    asking = {"op": "test", "path": "/email_verified", "value": True}

    answer = patched(user, [asking, {"op": "replace", "path": "/email", "value": "eve@example.com"}])

    assert (answer.status, answer.json["email"], answer.json["email_verified"]) == (200, "eve@example.com", False)
    assert patched(user, [{"op": "add", "path": "/email_verified", "value": True}]).json["email_verified"] is True


SHAPELESS: list[Any] = [
    *(["x"], [5], [None], [[]], [{}]),
    *([{"op": "test", "path": path}] for path in (5, None, ["a"], {})),
    *([{"op": op, "path": "/user_metadata"}] for op in (["x"], {}, 5, "merge")),
    [{"op": "copy", "from": 5, "path": "/user_metadata/x"}],
    [{"op": "move", "from": "", "path": "/user_metadata/x"}],
    [{"op": "move", "from": "/user_metadata", "path": "/user_metadata/x"}],
    [{"op": "remove", "path": ""}],
    [{"op": "replace", "path": "", "value": None}],
    *([{"op": op, "path": "/email/0", "value": 1}] for op in ("add", "remove", "replace", "test")),
    *([{"op": op, "path": "/blocked/x", "value": 1}] for op in ("add", "remove", "replace", "test")),
    [{"op": "add", "path": "/user_metadata/~2", "value": 1}],
    [{"op": "add", "path": "/password", "value": {"a": 1}}],
]


@pytest.mark.parametrize("operations", SHAPELESS, ids=json.dumps)
def test_operations_that_are_none_or_lead_nowhere_are_refused(operations: Any) -> None:
    assert patched(new_user(), operations).status == 400


BODIES: dict[str, Callable[[str], tuple[str, str]]] = {
    "application/json": lambda deep: (f'{{"user_metadata":{deep}}}', "application/json"),
    MERGE: lambda deep: (f'{{"user_metadata":{deep}}}', MERGE),
    OPERATIONS: lambda deep: (f'[{{"op":"add","path":"/user_metadata/x","value":{deep}}}]', OPERATIONS),
}


@pytest.mark.row(90)
@pytest.mark.parametrize("levels", [DEEPEST, 400, 1500, 6000])
@pytest.mark.parametrize("kind", BODIES)
def test_no_nesting_is_deep_enough_to_be_a_fault_of_ours(kind: str, levels: int) -> None:
    body, media_type = BODIES[kind]('{"a":' * levels + "1" + "}" * levels)

    answer = patched(new_user(), body, media_type)

    assert (answer.status, answer.json["message"]) == (400, f"the body is nested deeper than {DEEPEST} levels")


@pytest.mark.row(83)
@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "add", "path": "/app_metadata/plan", "value": "gold"}],
        [{"op": "move", "from": "/user_metadata/a", "path": "/app_metadata/a"}],
        [{"op": "copy", "from": "/user_metadata", "path": "/app_metadata"}],
        [{"op": "move", "from": "/app_metadata/plan", "path": "/user_metadata/plan"}],
        [{"op": "add", "path": "/email_verified", "value": True}, {"op": "remove", "path": "/blocked"}],
        [{"op": "replace", "path": "", "value": {"email": "eve@example.com", "email_verified": True}}],
        [{"op": "add", "path": "/password", "value": "seven ginger otters juggle lanterns"}],
        [{"op": "add", "path": "/roles", "value": ["rol_admin"]}],
        {"app_metadata": None},
        {"app_metadata": {"plan": None}},
        {"email": None, "username": "ada"},
        {"permissions": {}},
    ],
    ids=json.dumps,
)
def test_a_person_gets_at_nothing_but_their_own_choices_by_any_kind_of_patch(patch: Any) -> None:
    user = new_user()
    bearer = machine("update:users", "read:users")
    start = {"app_metadata": {"plan": "free"}, "user_metadata": {"a": 1}, "blocked": False, "email_verified": False}
    before = api("PATCH", user_path(user.user_id), bearer, start).json

    answer = patched(user, patch, OPERATIONS if isinstance(patch, list) else MERGE, token_of(user, "update:current_user_metadata"))

    assert answer.status in (400, 403), answer.body
    assert api("GET", user_path(user.user_id), bearer).json == before
