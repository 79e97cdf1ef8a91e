"""/api/v2/schedules: who may give a function which rights, and what operators see of its runs."""

import json
from typing import Any

import pytest

from gatehouse import schedules
from tests.operator_functions import Service, arn_of
from tests.unit.conftest import ENVIRONMENT, Answer, function
from tests.unit.faults import always, trouble, unreachable
from tests.unit.hooks import passes, refusing
from tests.unit.operators import api, machine
from tests.unit.schedules import cleaner, known_to_scheduler, scheduled, woken

OWN = ("create:schedules", "read:schedules", "update:schedules", "delete:schedules")
NIGHTLY: dict[str, Any] = {"name": "nightly", "function": arn_of("gatehouse-hook-nightly"), "expression": "rate(1 day)"}


def operator(*more: str) -> str:
    return machine(*OWN, *more)


def created(bearer: str, **fields: Any) -> Answer:
    return api("POST", "/schedules", bearer, NIGHTLY | fields)


def test_a_schedule_is_made_read_changed_and_removed() -> None:
    bearer = operator()

    made = created(bearer, payload={"days": 90})
    assert made.status == 201
    assert made.json == {
        **NIGHTLY,
        "id": made.json["id"],
        "timezone": "UTC",
        "payload": {"days": 90},
        "client_id": "",
        "scopes": [],
        "enabled": True,
        "timeout_seconds": 60,
        "created_at": made.json["created_at"],
        "updated_at": made.json["updated_at"],
    }
    path = f"/schedules/{made.json['id']}"
    changed = api("PATCH", path, bearer, {"enabled": False, "name": None})
    assert changed.json == {**made.json, "enabled": False, "updated_at": changed.json["updated_at"]}
    assert api("GET", path, bearer).json == changed.json
    assert api("GET", "/schedules", bearer).json == [changed.json]
    assert api("DELETE", path, bearer).status == 204
    assert api("DELETE", path, bearer).status == 204
    assert (api("GET", path, bearer).json["errorCode"], known_to_scheduler()) == ("inexistent_schedule", {})


def test_nobody_schedules_what_they_could_not_do_themselves() -> None:
    rights = {"client_id": cleaner("delete:users"), "scopes": ["delete:users"]}

    refused = created(operator(), **rights)
    assert (refused.status, refused.json["errorCode"]) == (403, "access_denied")
    assert created(operator("delete:users"), **rights).status == 201


@pytest.mark.parametrize(
    "change",
    [
        {"function": arn_of("gatehouse-hook-mine")},
        {"payload": {"all": True}},
        {"expression": "rate(1 minute)"},
        {"scopes": [], "client_id": ""},
        {},
    ],
)
def test_nobody_turns_a_schedule_to_their_use_that_may_do_more_than_they(change: dict[str, Any]) -> None:
    made = created(operator("delete:users"), client_id=cleaner("delete:users"), scopes=["delete:users"]).json

    assert api("PATCH", f"/schedules/{made['id']}", operator(), change).status == 403
    assert api("GET", f"/schedules/{made['id']}", operator()).json == made


def test_whoever_sees_a_schedule_run_wild_may_switch_it_off_whatever_it_may_do() -> None:
    client_id = cleaner("delete:users")
    made = created(operator("delete:users"), client_id=client_id, scopes=["delete:users"]).json
    path = f"/schedules/{made['id']}"

    assert api("PATCH", path, operator(), {"enabled": False, "timeout_seconds": 5}).status == 403
    assert api("PATCH", path, operator(), {"enabled": False}).json["enabled"] is False
    assert known_to_scheduler() == {made["id"]: "rate(1 day) DISABLED"}
    assert api("PATCH", path, operator(), {"enabled": True}).status == 403


def test_the_same_again_is_the_same_schedule_and_another_of_the_name_a_conflict() -> None:
    bearer = operator()
    made = created(bearer)

    again, other = created(bearer), created(bearer, timeout_seconds=5)
    assert (again.status, again.json) == (201, made.json)
    assert (other.status, other.json["errorCode"]) == (409, "conflict")


@pytest.mark.row(87)
def test_a_schedule_of_another_version_than_if_match_names_is_not_changed() -> None:
    bearer = operator()
    made = created(bearer)
    path, etag = f"/schedules/{made.json['id']}", made.headers["etag"]

    first = api("PATCH", path, bearer, {"timeout_seconds": 5}, if_match=etag)
    stale = api("PATCH", path, bearer, {"timeout_seconds": 6}, if_match=etag)
    assert (etag, first.headers["etag"]) == ('"1"', '"2"')
    assert (stale.status, stale.json["errorCode"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    "fields",
    [
        {"expression": "at(2026-01-31T03:00:00)"},
        {"function": "https://example.com"},
        {"timeout_seconds": 10**40},
        {"timeout_seconds": "60"},
        {"scopes": ["read:users"]},
        {"client_id": "nobody"},
        {"client_id": "no/body", "scopes": ["read:users"]},
        {"payload": []},
        {"payload": {"a": 10**50}},
        {"payload": {"text": "x" * 5000}},
        {"name": "‮"},
        {"id": "sch_mine"},
        {"version": 7},
    ],
)
def test_what_no_schedule_can_be_is_refused(fields: dict[str, Any]) -> None:
    answer = created(operator("read:users"), **fields)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert schedules.listed() == []


@pytest.mark.parametrize("path", ["/schedules/nobody", "/schedules/sch_0123456789abcdef", "/schedules/nobody/runs"])
def test_a_schedule_that_there_is_not_is_not_found(path: str) -> None:
    assert api("GET", path, operator()).status == 404


def test_trouble_at_scheduler_can_be_repeated() -> None:
    bearer = operator()
    with trouble({"scheduler": always(unreachable)}):
        answer = created(bearer)

    assert (answer.status, answer.json["errorCode"]) == (503, "temporarily_unavailable")
    assert created(bearer).status == 201


def test_operators_see_what_became_of_runs(lambdas: Service) -> None:
    made = scheduled(refusing("there is nothing"))
    woken(made, "2026-01-31T03:00:00Z", seconds=60)
    fine = scheduled(name="fine")
    woken(fine, "2026-01-31T03:00:00Z")
    woken(fine, "2026-02-01T03:00:00Z")

    (failed,) = api("GET", f"/schedules/{made.id}/runs", operator()).json
    assert failed["run_id"] == f"{made.id}_1769828400"
    assert (failed["status"], failed["reason"], failed["attempts"]) == ("failed", "raised Refused: there is nothing", 1)
    told = api("GET", f"/schedules/{fine.id}/runs", operator(), query={"take": 1}).json
    assert [(run["scheduled_time"], run["status"]) for run in told] == [("2026-02-01T03:00:00.000Z", "ok")]
    assert api("GET", f"/schedules/{fine.id}/runs", operator(), query={"take": 0}).status == 400


def test_a_schedule_can_be_run_now_even_if_it_is_switched_off(lambdas: Service) -> None:
    made = scheduled(passes, enabled=False)
    runner = lambdas.deploy(function("schedule_runner"), ENVIRONMENT["SCHEDULE_RUNNER_ARN"].rpartition(":")[2])

    answer = api("POST", f"/schedules/{made.id}/run", operator())
    assert answer.status == 202
    assert [call["by_hand"] for call in runner.calls] == [True]
    (run,) = api("GET", f"/schedules/{made.id}/runs", operator()).json
    assert (run["run_id"], run["status"]) == (answer.json["run_id"], "ok")
    assert answer.json["scheduled_time"] == run["scheduled_time"]


def test_without_the_runner_nothing_can_be_run_now(lambdas: Service) -> None:
    made = scheduled(passes)

    answer = api("POST", f"/schedules/{made.id}/run", operator())
    assert answer.status == 503
    assert "ResourceNotFound" not in json.dumps(answer.json)
