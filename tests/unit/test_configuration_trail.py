"""Who configured what: each change of hooks, webhooks, schedules and claims is written down with it, or does not happen."""

from typing import Any

import pytest

from gatehouse import hooks, schedules, webhooks
from tests.operator_functions import Service, arn_of
from tests.unit.conftest import ENVIRONMENT, Answer
from tests.unit.deletions import entries
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.hooks import passes
from tests.unit.operators import api, machine

pytestmark = pytest.mark.row(96)
VERBS = [f"{verb}:{what}" for what in ("hooks", "webhooks", "schedules", "claims") for verb in ("create", "read", "update", "delete")]
SCOPES = [scope for scope in VERBS if scope not in ("create:claims", "delete:claims")]
SIGHT = ("read:users", "read:users_app_metadata", "read:logs_users")
URL = "https://hooks.example.com/"
NEW: dict[str, dict[str, Any]] = {
    "hooks": {"name": "n", "trigger": "post_login", "target": f"{URL}a"},
    "webhooks": {"name": "n", "target": f"{URL}a"},
    "schedules": {"name": "n", "function": arn_of("gatehouse-hook-nightly"), "expression": "rate(1 day)"},
}


@pytest.fixture
def bearer() -> str:
    return machine(*SCOPES, *SIGHT)


def made(kind: str, bearer: str) -> str:
    answer = api("POST", f"/{kind}", bearer, NEW[kind])
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


def told() -> list[tuple[str, str, list[str]]]:
    """Action, subject and changed members of all entries, in the order in which they were written."""
    found = sorted(entries(), key=lambda entry: str(entry["sk"]))
    return [(entry["action"], entry["subject"], entry.get("details", {}).get("changed", [])) for entry in found]


def done(*answers: Answer) -> None:
    assert all(answer.status < 300 for answer in answers), answers


@pytest.mark.parametrize("kind", NEW)
def test_what_is_made_changed_and_removed_is_written_down(kind: str, bearer: str) -> None:
    what = kind.removesuffix("s")
    one = made(kind, bearer)
    done(api("PATCH", f"/{kind}/{one}", bearer, {"name": "another name", "enabled": False}))
    done(api("DELETE", f"/{kind}/{one}", bearer), api("DELETE", f"/{kind}/{one}", bearer))

    assert sorted(told()) == [(f"{what}.changed", one, ["name", "enabled"]), (f"{what}.created", one, []), (f"{what}.deleted", one, [])]
    assert all(entry["actor"].endswith("@clients") and entry["request_id"] and entry["ip"] == "192.0.2.7" for entry in entries())
    # A name, a payload or a secret is read where it stands, by who may.
    assert "another name" not in repr(entries())


@pytest.mark.parametrize("kind", ["hooks", "webhooks"])
def test_a_rotation_is_written_down_without_the_secret(kind: str, bearer: str) -> None:
    one = made(kind, bearer)
    shown = api("POST", f"/{kind}/{one}/rotate-secret", bearer).json["signing_secret"]

    assert (f"{kind.removesuffix('s')}.secret_rotated", one, []) in told()
    assert shown not in repr(entries())
    assert "current" not in repr(entries())


def test_a_change_of_the_claims_is_written_down(bearer: str) -> None:
    done(api("PATCH", "/claims", bearer, {"budget_bytes": 100, "sensitive": ["user_metadata.diagnosis"]}))
    done(api("PATCH", "/claims", bearer, {"budget_bytes": 100}))

    assert told() == [("claims.changed", "claims", ["sensitive", "budget_bytes"])]
    assert "diagnosis" not in repr(entries())


def test_a_run_by_hand_is_written_down_before_it_starts(lambdas: Service, bearer: str) -> None:
    lambdas.deploy(passes, ENVIRONMENT["SCHEDULE_RUNNER_ARN"].rpartition(":")[2])
    one = made("schedules", bearer)

    done(api("POST", f"/schedules/{one}/run", bearer))

    assert ("schedule.started", one, []) in told()


def test_a_change_that_changes_nothing_or_is_refused_leaves_no_entry(bearer: str) -> None:
    one = made("hooks", bearer)
    done(api("PATCH", f"/hooks/{one}", bearer, {"name": "n"}))
    assert api("PATCH", f"/hooks/{one}", bearer, {"order": -1}).status == 400
    assert api("DELETE", f"/hooks/{one}", bearer).status == 409

    assert told() == [("hook.created", one, [])]


@pytest.mark.parametrize("kind", NEW)
def test_what_cannot_be_written_down_does_not_happen(kind: str, bearer: str) -> None:
    with trouble({"dynamodb.TransactWriteItems": always(THROTTLED)}):
        answer = api("POST", f"/{kind}", bearer, NEW[kind])

    assert (answer.status, answer.json["errorCode"]) == (503, "temporarily_unavailable")
    assert (hooks.listed(), webhooks.listed(), schedules.listed(), entries()) == ([], [], [], [])


def test_of_two_changes_at_once_both_count_and_each_is_written_down_once(bearer: str) -> None:
    one = made("hooks", bearer)

    def overtaken(request: Any, really: Any) -> Any:
        done(api("PATCH", f"/hooks/{one}", bearer, {"order": 3}))
        return really()

    with trouble({"dynamodb.TransactWriteItems": [overtaken]}):
        done(api("PATCH", f"/hooks/{one}", bearer, {"timeout_seconds": 9}))

    assert sorted(told()) == [
        ("hook.changed", one, ["order"]),
        ("hook.changed", one, ["timeout_seconds"]),
        ("hook.created", one, []),
    ]
    found = hooks.get(one)
    assert found
    assert (found.order, found.timeout_seconds) == (3, 9)


@pytest.mark.row(91)
@pytest.mark.parametrize("suffix", ["", ":1", ":$LATEST", ":live"])
@pytest.mark.parametrize(("kind", "member"), [("hooks", "target"), ("webhooks", "target"), ("schedules", "function")])
def test_what_runs_schedules_is_no_target(kind: str, member: str, suffix: str, bearer: str) -> None:
    runner = ENVIRONMENT["SCHEDULE_RUNNER_ARN"] + suffix

    refused = api("POST", f"/{kind}", bearer, NEW[kind] | {member: runner})
    assert (refused.status, refused.json["errorCode"]) == (400, "invalid_body")
    assert api("POST", f"/{kind}", bearer, NEW[kind] | {member: f"{ENVIRONMENT['SCHEDULE_RUNNER_ARN']}-2"}).status == 201
