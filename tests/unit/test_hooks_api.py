"""/api/v2/hooks: functions and URLs of the operator that have a say."""

from typing import Any

import pytest

from gatehouse import hooks
from gatehouse.hooks import Hook
from tests.unit.conftest import Answer
from tests.unit.flows import later
from tests.unit.operators import api, machine

OPERATOR = ("create:hooks", "read:hooks", "update:hooks", "delete:hooks")
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:hello"
NEW: dict[str, Any] = {"name": "greeter", "trigger": "post_login", "target": FUNCTION}
FIRST = {
    "order": 0,
    "timeout_seconds": 5,
    "fail_mode": "deny",
    "event": "post_authentication",
    "enabled": True,
    "clients": [],
    "organizations": [],
    "configuration": {},
    "secret_arn": "",
}


def created(bearer: str, **more: Any) -> dict[str, Any]:
    answer = api("POST", "/hooks", bearer, NEW | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def kept(made: dict[str, Any]) -> Hook:
    hook = hooks.get(made["id"])
    assert hook
    return hook


def refused(answer: Answer, status: int, code: str) -> str:
    assert (answer.status, answer.json["errorCode"]) == (status, code), answer.body
    message: str = answer.json["message"]
    return message


def test_a_hook_is_read_back_as_it_was_created() -> None:
    bearer = machine(*OPERATOR)
    given = {
        "order": 7,
        "timeout_seconds": 15,
        "fail_mode": "continue",
        "event": "pre_authentication",
        "enabled": False,
        "clients": ["app"],
        "organizations": ["org_x"],
        "configuration": {"greeting": {"de": "Hallo"}, "a.b": 1.5},
        "secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:greeter-AbCdEf",
    }

    with later(0):
        made = created(bearer, **given)

    assert made == {"id": made["id"], **NEW, **given, "created_at": made["created_at"], "updated_at": made["created_at"]}
    assert made["id"].startswith("hook_")
    assert api("GET", f"/hooks/{made['id']}", bearer).json == made
    assert api("GET", f"/hooks/{made['id']}", bearer, query={"fields": "name"}).json == {"name": "greeter"}


def test_what_is_not_said_is_the_strict_default() -> None:
    made = created(machine(*OPERATOR))

    assert {name: made[name] for name in FIRST} == FIRST


def test_hooks_are_listed_by_trigger_and_in_the_order_in_which_they_run() -> None:
    bearer = machine(*OPERATOR)
    for name, trigger, order in [("c", "pre_token", 1), ("b", "post_login", 2), ("a", "post_login", 1), ("d", "pre_sign_up", 9)]:
        created(bearer, name=name, trigger=trigger, order=order)

    assert [hook["name"] for hook in api("GET", "/hooks", bearer).json] == ["d", "a", "b", "c"]
    assert [hook["name"] for hook in api("GET", "/hooks", bearer, query={"trigger": "post_login"}).json] == ["a", "b"]
    counted = api("GET", "/hooks", bearer, query={"include_totals": True, "per_page": 1, "page": 1}).json
    assert ([hook["name"] for hook in counted["hooks"]], counted["total"]) == (["a"], 4)
    first = api("GET", "/hooks", bearer, query={"take": 3}).json
    assert [hook["name"] for hook in api("GET", "/hooks", bearer, query={"take": 3, "from": first["next"]}).json["hooks"]] == ["c"]
    refused(api("GET", "/hooks", bearer, query={"trigger": "nothing"}), 400, "invalid_query_string")
    refused(api("GET", "/hooks", bearer, query={"from": first["next"], "trigger": "pre_token"}), 400, "invalid_paging")


def test_a_patch_changes_what_it_names_and_null_makes_it_as_at_first() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, order=3, clients=["app"], configuration={"x": 1})

    changed = api("PATCH", f"/hooks/{made['id']}", bearer, {"timeout_seconds": 9, "order": None, "clients": None, "enabled": False})

    expected = made | {"timeout_seconds": 9, "order": 0, "clients": [], "enabled": False}
    assert changed.json == expected | {"updated_at": changed.json["updated_at"]}
    assert api("GET", f"/hooks/{made['id']}", bearer).json == changed.json
    for member in ("name", "target"):
        refused(api("PATCH", f"/hooks/{made['id']}", bearer, {member: None}), 400, "invalid_body")
    refused(api("PATCH", f"/hooks/{made['id']}", bearer, {"trigger": "pre_token"}), 400, "invalid_body")


def test_a_change_for_another_version_of_the_hook_is_refused_whatever_became_of_others() -> None:
    bearer = machine(*OPERATOR)
    answer = api("POST", "/hooks", bearer, NEW)
    path, version = f"/hooks/{answer.json['id']}", answer.headers["etag"]
    created(bearer, name="other")

    changed = api("PATCH", path, bearer, {"order": 1}, if_match=version)

    assert changed.status == 200
    assert changed.headers["etag"] == api("GET", path, bearer).headers["etag"] != version
    refused(api("PATCH", path, bearer, {"order": 2}, if_match=version), 412, "precondition_failed")
    assert api("GET", path, bearer).json["order"] == 1


def test_a_change_that_changes_nothing_makes_no_version() -> None:
    bearer = machine(*OPERATOR)
    answer = api("POST", "/hooks", bearer, NEW)

    assert api("PATCH", f"/hooks/{answer.json['id']}", bearer, {"order": 0}).headers["etag"] == answer.headers["etag"]


def test_a_hook_is_removed_once_it_is_switched_off() -> None:
    bearer = machine(*OPERATOR)
    path = f"/hooks/{created(bearer)['id']}"

    refused(api("DELETE", path, bearer), 409, "conflict")
    api("PATCH", path, bearer, {"enabled": False})

    assert [api("DELETE", path, bearer).status for _ in range(2)] == [204, 204]
    assert hooks.listed() == []


def test_there_is_nothing_at_the_id_of_no_hook() -> None:
    bearer = machine(*OPERATOR)

    for answer in (
        api("GET", "/hooks/hook_x", bearer),
        api("PATCH", "/hooks/hook_x", bearer, {"order": 1}),
        api("POST", "/hooks/hook_x/rotate-secret", bearer),
    ):
        refused(answer, 404, "inexistent_hook")


def test_a_url_gets_a_secret_that_is_shown_once() -> None:
    bearer = machine(*OPERATOR)

    made = created(bearer, target="https://hooks.example.com/greet")

    assert made.pop("signing_secret").startswith("whsec_")
    assert api("GET", f"/hooks/{made['id']}", bearer).json == made
    assert api("GET", "/hooks", bearer).json == [made]
    changed = api("PATCH", f"/hooks/{made['id']}", bearer, {"target": "https://HOOKS.example.com/other", "order": 1}).json
    assert "signing_secret" not in changed


def test_a_secret_is_rotated_with_an_overlap() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, target="https://hooks.example.com/greet")
    before, path = kept(made).secret, f"/hooks/{made['id']}/rotate-secret"
    assert before

    with later(0):
        answer = api("POST", path, bearer, {"overlap_hours": 2}).json

    after = kept(made).secret
    assert after
    assert answer["signing_secret"].startswith("whsec_")
    assert answer["signing_secret"] != made["signing_secret"]
    assert [known.wrapped for known in after.earlier] == [before.current]
    assert after.current != before.current
    assert "previous_until" in answer
    assert "previous_until" not in api("POST", path, bearer, {"overlap_hours": 0}).json
    assert kept(made).secret != after
    for hours in (-1, 721, "2", 1.5):
        refused(api("POST", path, bearer, {"overlap_hours": hours}), 400, "invalid_body")


def test_a_function_has_no_secret_and_loses_the_one_it_had_as_a_url() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, target="https://hooks.example.com/greet")
    path = f"/hooks/{made['id']}"

    assert "signing_secret" not in api("PATCH", path, bearer, {"target": FUNCTION}).json
    assert kept(made).secret is None
    refused(api("POST", f"{path}/rotate-secret", bearer), 400, "invalid_body")
    assert api("PATCH", path, bearer, {"target": "https://hooks.example.com/greet"}).json["signing_secret"] != made["signing_secret"]


@pytest.mark.row(92)
@pytest.mark.parametrize(
    "target",
    [
        "http://hooks.example.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://0x7f000001/",
        "https://db.internal/",
        "https://user@hooks.example.com/",
        "https://hooks.example.com:6379/",
        "https://hooks.example.com/#x",
        "file:///etc/passwd",
        "arn:aws:lambda:eu-central-1:123456789012:function:*",
        "arn:aws:sqs:eu-central-1:123456789012:queue",
        "arn:aws:lambda:eu-central-1:123456789012:function:hello\n",
        "",
    ],
)
def test_a_target_that_may_not_be_called_is_not_kept(target: str) -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)

    refused(api("POST", "/hooks", bearer, NEW | {"name": "other", "target": target}), 400, "invalid_body")
    refused(api("PATCH", f"/hooks/{made['id']}", bearer, {"target": target}), 400, "invalid_body")
    assert [hook.target for hook in hooks.listed()] == [FUNCTION]


@pytest.mark.parametrize(
    "flaw",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\u0000b"},
        {"trigger": "post_logout"},
        {"order": -1},
        {"order": 1001},
        {"order": 10**400},
        {"order": True},
        {"timeout_seconds": 0},
        {"timeout_seconds": 16},
        {"timeout_seconds": 1.5},
        {"fail_mode": "maybe"},
        {"event": "2"},
        {"enabled": "yes"},
        {"clients": [""]},
        {"clients": ["x"] * 101},
        {"organizations": ["a#b"]},
        {"configuration": {"x": "y" * 5000}},
        {"configuration": {"x": 10**40}},
        {"configuration": [1]},
        {"secret_arn": "s3cr3t"},
        {"secret": {"current": "x"}},
        {"id": "hook_mine"},
        {"version": 7},
    ],
)
def test_what_a_hook_cannot_be_is_refused(flaw: dict[str, Any]) -> None:
    bearer = machine(*OPERATOR)

    refused(api("POST", "/hooks", bearer, NEW | flaw), 400, "invalid_body")
    assert hooks.listed() == []


def test_there_is_a_limit_to_hooks_and_to_all_of_them_together() -> None:
    bearer = machine(*OPERATOR)
    ids = [f"client-{n:03}-{'x' * 100}" for n in range(100)]
    limited = {"clients": ids, "organizations": ids}
    large = [api("POST", "/hooks", bearer, NEW | limited | {"name": f"large {number}"}).status for number in range(7)]
    assert (large[0], large[-1]) == (201, 400)

    for number in range(hooks.MOST - len(hooks.listed())):
        created(bearer, name=f"small {number}")

    assert "at most 25" in refused(api("POST", "/hooks", bearer, NEW), 400, "invalid_body")
