"""Runs of schedules: what the function is told, what its token opens, how often it is called, and what is known of it afterwards."""

import json
from typing import Any

import pytest

from gatehouse import claim_rules, clients, clock, schedule_runner, scheduled_runs, schedules, table
from gatehouse.errors import Unavailable
from gatehouse.schedules import Schedule
from tests.operator_functions import Service, arn_of
from tests.unit.conftest import ISSUER, context, event, function
from tests.unit.faults import always, trouble, unreachable
from tests.unit.flows import claims_of, later, new_user
from tests.unit.hooks import SERVICE, crashes, denied, failing_first, refusing, throttled, times_out
from tests.unit.operators import AUDIENCE, api
from tests.unit.schedules import DUE, at_scheduler, changed, planned, scheduled, woken


@pytest.fixture(autouse=True)
def impatient(lambdas: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions that fail are called again at once."""
    monkeypatch.setattr(schedule_runner, "PAUSES_SECONDS", (0, 0))


def calls(schedule: Schedule) -> list[dict[str, Any]]:
    """The events that its function got, in order."""
    return SERVICE[0].functions[schedule.function.rpartition(":")[2]].calls


def latest(schedule: Schedule) -> list[tuple[str, int]]:
    return [(run.outcome(clock.now()), run.attempts) for run in scheduled_runs.latest(schedule.id, most=10)]


def test_the_function_is_told_which_run_of_which_schedule_it_is() -> None:
    made = scheduled(payload={"days": 90, "stores": ["companies"]})

    assert woken(made)["outcome"] == "ok"
    (told,) = calls(made)
    assert told == {
        "schedule": {"id": made.id, "name": "nightly"},
        "scheduled_time": "2026-01-31T03:00:00.000Z",
        "run_id": f"{made.id}_1769828400",
        "issuer": ISSUER,
        "api": {"base_url": f"{ISSUER}/api/v2"},
        "payload": {"days": 90, "stores": ["companies"]},
    }


def test_its_token_opens_what_the_schedule_was_given_and_nothing_else() -> None:
    user = new_user()
    made = scheduled(scopes=("read:users",), timeout_seconds=30)

    woken(made)
    token = calls(made)[0]["api"]["access_token"]
    assert api("GET", f"/users/{user.user_id}", token).json["email"] == "ada@example.com"
    assert api("PATCH", f"/users/{user.user_id}", token, {"name": "Eve"}).status == 403
    claims = claims_of(token)
    assert (claims["sub"], claims["client_id"], claims["aud"], claims["scope"]) == (made.client_id, made.client_id, AUDIENCE, "read:users")


@pytest.mark.parametrize(("seconds", "lives"), [(1, 61), (30, 90), (840, 900)])
def test_its_token_lives_little_longer_than_the_call_and_never_above_a_quarter_of_an_hour(seconds: int, lives: int) -> None:
    made = scheduled(scopes=("read:users",), timeout_seconds=seconds)

    with later(0):
        woken(made)
        handed = calls(made)[0]["api"]
        assert handed["expires_in"] == lives
        assert claims_of(handed["access_token"])["exp"] == clock.now() + lives


def test_whatever_of_scheduler_comes_twice_runs_once() -> None:
    made = scheduled()

    outcomes = [woken(made, request_id=f"request {number}")["outcome"] for number in range(3)]
    assert (outcomes, len(calls(made))) == (["ok", "repeated", "repeated"], 1)
    assert woken(made, "2026-02-01T03:00:00Z")["outcome"] == "ok"
    assert latest(made) == [("ok", 1), ("ok", 1)]


@pytest.mark.parametrize("failing", [refusing("not tonight"), times_out, crashes, throttled])
def test_a_function_that_fails_is_called_again_under_the_same_run(failing: Any) -> None:
    made = scheduled(failing_first(2, failing))

    assert woken(made)["outcome"] == "ok"
    assert len({told["run_id"] for told in calls(made)}) == 1
    assert latest(made) == [("ok", 3)]


def test_a_run_that_failed_for_good_raises_an_alarm_and_is_not_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    made = scheduled(refusing("the address is ada@example.com"))

    failed = woken(made)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (failed["outcome"], failed["attempts"], len(calls(made))) == ("failed", 3, 3)
    assert [line["schedule_id"] for line in lines if line["message"] == "ScheduleFailed"] == [made.id]
    assert not [line for line in lines if "ada@example.com" in json.dumps(line)]
    assert scheduled_runs.latest(made.id, most=1)[0].reason == "raised Refused: the address is ada@example.com"
    assert (woken(made, request_id="another")["outcome"], len(calls(made))) == ("repeated", 3)


def test_a_function_is_not_called_again_when_nobody_could_wait_for_its_answer() -> None:
    made = scheduled(refusing(), timeout_seconds=60)

    assert woken(made, seconds=70)["attempts"] == 1


def test_a_run_that_broke_off_is_gone_on_with_by_its_own_repeat_and_by_no_other() -> None:
    made = scheduled()
    with trouble({"dynamodb.UpdateItem": always(unreachable)}), pytest.raises(Unavailable):
        woken(made, request_id="broke off")
    assert latest(made) == [("running", 0)]

    assert woken(made, request_id="another")["outcome"] == "repeated"
    assert woken(made, request_id="broke off")["outcome"] == "ok"
    assert [told["run_id"] for told in calls(made)] == [f"{made.id}_1769828400"] * 2


def test_a_run_that_broke_off_for_good_is_seen_as_lost_and_can_be_taken_over() -> None:
    made = scheduled()
    with trouble({"dynamodb.UpdateItem": always(unreachable)}), pytest.raises(Unavailable):
        woken(made)

    with later(901):
        assert latest(made) == [("lost", 0)]
        assert woken(made, request_id="another")["outcome"] == "ok"


def test_a_schedule_that_is_switched_off_runs_by_hand_only() -> None:
    made = scheduled(enabled=False)

    assert (woken(made)["outcome"], calls(made)) == ("switched off", [])
    assert woken(made, by_hand=True)["outcome"] == "ok"


def test_a_schedule_that_is_gone_does_not_run_and_is_forgotten_by_scheduler() -> None:
    made = scheduled()
    table.delete(table.schedules_key())
    assert at_scheduler(made)

    assert (woken(made)["outcome"], calls(made)) == ("unknown", [])
    assert at_scheduler(made) is None


def test_a_run_is_by_the_schedule_as_it_is_now() -> None:
    made, other = scheduled(), scheduled(name="other")
    changed(made, function=other.function, payload={"now": True})

    woken(made)
    assert (calls(made), calls(other)[0]["payload"]) == ([], {"now": True})


def test_a_client_that_lost_a_scope_lends_its_name_no_more() -> None:
    made = scheduled(scopes=("read:users", "delete:custom_data"))
    table.update(table.client_key(made.client_id), where=[("pk", "exists", None)], set={"scopes": ["read:users"]})
    clients.forget()

    failed = woken(made)
    assert (failed["outcome"], failed["attempts"], calls(made)) == ("failed", 1, [])
    assert "delete:custom_data" in scheduled_runs.latest(made.id, most=1)[0].reason


def test_a_function_that_is_not_there_or_may_not_be_called_fails_its_run_without_being_called_again() -> None:
    missing, forbidden = planned(function=arn_of("nobodys")), scheduled(denied, name="forbidden")

    outcomes = [woken(made) for made in (missing, forbidden)]
    assert [(told["outcome"], told["attempts"]) for told in outcomes] == [("failed", 1)] * 2
    reasons = [scheduled_runs.latest(made.id, most=1)[0].reason for made in (missing, forbidden)]
    assert reasons == ["ResourceNotFoundException", "AccessDeniedException"]


@pytest.mark.row(91)
def test_nobody_has_a_run_happen_before_its_time_so_that_it_would_not_happen_at_it() -> None:
    made = scheduled()

    with later(0):
        tomorrow = clock.iso(clock.now() + 86400)
        assert [woken(made, tomorrow, by_hand=by_hand)["outcome"] for by_hand in (False, True)] == ["not due", "not due"]
        assert (calls(made), latest(made)) == ([], [])
        # Clocks differ a little.
        assert woken(made, clock.iso(clock.now() + 299))["outcome"] == "ok"


def test_what_a_function_does_under_the_name_of_a_client_is_told_from_what_the_client_does(capsys: pytest.CaptureFixture[str]) -> None:
    user, made = new_user(), scheduled(scopes=("read:users",))
    woken(made)
    token = calls(made)[0]["api"]["access_token"]
    capsys.readouterr()

    assert api("GET", f"/users/{user.user_id}", token).status == 200
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (claims_of(token)["schedule_id"], line["schedule_id"]) == (made.id, made.id)
    assert claim_rules.accepted({"schedule_id": made.id}) == ({}, ["schedule_id"])


def test_without_a_key_to_sign_with_nothing_is_called() -> None:
    made = scheduled(scopes=("read:users",))

    with trouble({"kms": always(unreachable)}):
        assert woken(made)["outcome"] == "failed"
    assert calls(made) == []


def test_a_scheduler_that_does_not_say_what_is_due_means_this_minute() -> None:
    made = scheduled()

    with later(0):
        due = [woken(made, "<aws.scheduler.scheduled-time>", request_id=str(number))["outcome"] for number in range(2)]
        (run,) = scheduled_runs.latest(made.id, most=10)
        assert due == ["ok", "repeated"]
        assert run.scheduled_at == clock.now() // 60 * 60


def test_what_became_of_runs_is_known_for_a_month_and_then_swept() -> None:
    made = scheduled()
    woken(made)

    with later(scheduled_runs.KEPT_SECONDS - 60):
        function("cleanup")(event("cleanup"), context())
        assert latest(made) == [("ok", 1)]
    with later(scheduled_runs.KEPT_SECONDS + 60):
        function("cleanup")(event("cleanup"), context())
        assert latest(made) == []


def test_each_run_leaves_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    made = scheduled()
    capsys.readouterr()

    woken(made, request_id="request 7")
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["message"] == "scheduled run"
    assert (line["schedule_id"], line["outcome"], line["attempts"], line["function_request_id"]) == (made.id, "ok", 1, "request 7")
    assert line["ms"] >= 0
    assert line["scheduled_time"] == DUE.replace("Z", ".000Z")


def test_an_interrupted_claim_is_still_a_claim() -> None:
    made = scheduled()
    held = scheduled_runs.claim(made.id, 1769828400, "request", seconds=900)

    assert held is not None
    assert scheduled_runs.claim(made.id, 1769828400, "another", seconds=900) is None
    assert schedules.get(made.id) == made
