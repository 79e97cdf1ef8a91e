"""Schedules: the item is the truth, and Scheduler is told; whatever breaks off in between, a repeat makes good."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from gatehouse import schedules
from gatehouse.configuration import Invalid, Stale
from gatehouse.errors import Unavailable
from gatehouse.schedules import MOST, NameTaken, Unknown
from tests.operator_functions import arn_of
from tests.permissions import template
from tests.unit.conftest import ENVIRONMENT
from tests.unit.faults import Fate, always, go_through, lose_answer, refuse, trouble, unreachable
from tests.unit.flows import later
from tests.unit.schedules import at_scheduler, changed, cleaner, known_to_scheduler, planned

NOT_TAKEN = refuse("ValidationException", message="Invalid Schedule Expression")


def test_scheduler_wakes_the_runner_with_the_schedule_and_the_time_that_is_due() -> None:
    made = planned(timezone="Europe/Berlin")

    found = at_scheduler(made)
    assert (found["ScheduleExpression"], found["ScheduleExpressionTimezone"]) == ("cron(0 3 * * ? *)", "Europe/Berlin")
    assert (found["State"], found["FlexibleTimeWindow"]) == ("ENABLED", {"Mode": "OFF"})
    assert found["Target"]["Arn"] == ENVIRONMENT["SCHEDULE_RUNNER_ARN"]
    assert found["Target"]["RoleArn"] == ENVIRONMENT["SCHEDULE_ROLE_ARN"]
    told = json.loads(found["Target"]["Input"])
    assert told["schedule_id"] == made.id
    assert told["scheduled_time"] == "<aws.scheduler.scheduled-time>"


def test_a_schedule_that_is_switched_off_wakes_nobody() -> None:
    made = planned(enabled=False)
    assert known_to_scheduler() == {made.id: "cron(0 3 * * ? *) DISABLED"}

    changed(made, enabled=True)
    assert known_to_scheduler() == {made.id: "cron(0 3 * * ? *) ENABLED"}


def test_a_schedule_that_is_removed_is_gone_at_scheduler_too() -> None:
    made = planned()

    schedules.remove(made.id)
    schedules.remove(made.id)
    assert (schedules.get(made.id), known_to_scheduler()) == (None, {})


def test_what_scheduler_does_not_take_changes_nothing() -> None:
    made = planned()

    with trouble({"scheduler": always(NOT_TAKEN)}):
        with pytest.raises(Invalid, match="Invalid Schedule Expression"):
            changed(made, expression="cron(0 4 * * ? *)")
        with pytest.raises(Invalid):
            planned(name="another")
    assert schedules.listed() == [made]
    assert known_to_scheduler() == {made.id: "cron(0 3 * * ? *) ENABLED"}


@pytest.mark.parametrize("fate", [unreachable, lose_answer])
@pytest.mark.parametrize("after", range(4))
def test_whoever_repeats_an_addition_that_broke_off_has_added_one_schedule(after: int, fate: Fate) -> None:
    with trouble({"scheduler": [*[go_through] * after, *[fate] * 30]}), pytest.raises(Unavailable):
        planned()

    made = planned()
    assert schedules.listed() == [made]
    assert known_to_scheduler() == {made.id: "cron(0 3 * * ? *) ENABLED"}


@pytest.mark.parametrize("fate", [unreachable, lose_answer])
@pytest.mark.parametrize("after", range(2))
def test_whoever_repeats_a_change_that_broke_off_has_changed_both(after: int, fate: Fate) -> None:
    made = planned()
    with trouble({"scheduler": [*[go_through] * after, *[fate] * 30]}), pytest.raises(Unavailable):
        changed(made, expression="rate(1 day)")

    changed(made, expression="rate(1 day)")
    assert [found.expression for found in schedules.listed()] == ["rate(1 day)"]
    assert known_to_scheduler() == {made.id: "rate(1 day) ENABLED"}


def test_whoever_repeats_a_removal_that_broke_off_has_removed_both() -> None:
    made = planned()
    with trouble({"scheduler": always(unreachable)}), pytest.raises(Unavailable):
        schedules.remove(made.id)
    assert at_scheduler(made)

    schedules.remove(made.id)
    assert (schedules.listed(), known_to_scheduler()) == ([], {})


def test_a_change_that_changes_nothing_tells_scheduler_what_it_forgot() -> None:
    made = planned()
    schedules.scheduler.delete(made.id)

    again = changed(made)
    assert (again, known_to_scheduler()) == (made, {made.id: "cron(0 3 * * ? *) ENABLED"})


def test_of_two_changes_at_once_scheduler_ends_with_the_one_that_is_in_the_item() -> None:
    made = planned()
    rivals = iter(["rate(2 days)"])

    def overtaken(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
        # Somebody else's whole change happens before what this one tells Scheduler arrives there.
        for expression in rivals:
            changed(made, expression=expression)
        return really()

    with trouble({"scheduler": [go_through, overtaken]}):
        changed(made, expression="rate(3 days)")
    assert [found.expression for found in schedules.listed()] == ["rate(2 days)"]
    assert known_to_scheduler() == {made.id: "rate(2 days) ENABLED"}


@pytest.mark.row(87)
def test_a_schedule_of_another_version_is_not_changed() -> None:
    made = planned()
    later_version = changed(made, timeout_seconds=5)

    with pytest.raises(Stale):
        schedules.change(made.id, lambda found: replace(found, timeout_seconds=6), if_version=made.version)
    assert schedules.get(made.id) == later_version
    assert (made.version, later_version.version) == (1, 2)


def test_times_tell_when_a_schedule_was_made_and_changed() -> None:
    with later(0):
        made = planned()
    with later(60):
        assert changed(made).updated_at == made.created_at
        assert changed(made, name="weekly").updated_at == made.created_at + 60


def test_names_are_given_once() -> None:
    planned()
    other = planned(name="weekly")

    with pytest.raises(NameTaken):
        planned(expression="rate(1 day)")
    with pytest.raises(NameTaken):
        changed(other, name="nightly")
    with pytest.raises(Unknown):
        schedules.change("sch_nobody", lambda found: found)


def test_there_is_a_limit_to_their_number() -> None:
    for number in range(MOST):
        planned(name=f"number {number}")

    with pytest.raises(Invalid, match=f"at most {MOST}"):
        planned(name="one more")
    assert len(known_to_scheduler()) == MOST


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"function": "https://example.com/run"},
        {"function": "arn:aws:lambda:eu-central-1:123456789012:layer:x"},
        {"expression": "at(2026-01-31T03:00:00)"},
        {"timezone": "nowhere at all"},
        {"timeout_seconds": 0},
        {"timeout_seconds": 841},
        {"payload": {"text": "x" * 4096}},
        {"payload": {"a": float("inf")}},
        {"scopes": ("delete:everything",), "client_id": "x"},
        {"scopes": ("read:users",)},
        {"client_id": "x"},
    ],
)
def test_a_schedule_that_cannot_be_is_refused_and_leaves_nothing(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        planned(**fields)
    assert (schedules.listed(), known_to_scheduler()) == ([], {})


@pytest.mark.parametrize(
    "properties",
    [
        {"scopes": ["read:users"]},
        {"audience": "https://orders.example.com"},
        {"dpop_bound_access_tokens": True},
        {"type": "spa", "redirect_uris": ["https://app.example.com/callback"]},
    ],
)
def test_a_client_that_cannot_have_the_scopes_cannot_lend_its_name(properties: dict[str, Any]) -> None:
    kind = {"type": "machine"} | properties
    client_id = cleaner(**{"scopes": ["delete:custom_data"], **kind})

    with pytest.raises(Invalid, match="client_id"):
        planned(client_id=client_id, scopes=("delete:custom_data",))


def test_a_schedule_whose_client_is_gone_can_be_switched_off() -> None:
    made = planned(client_id=cleaner("read:users"), scopes=("read:users",))
    schedules.table.delete(schedules.table.client_key(made.client_id))

    with pytest.raises(Invalid):
        changed(made, timeout_seconds=5)
    assert not changed(made, enabled=False).enabled


def test_a_schedule_that_scheduler_would_not_take_today_can_be_switched_off() -> None:
    made = planned()

    # It is asked twice whether it takes a time, and told once.
    with trouble({"scheduler": [NOT_TAKEN]}), pytest.raises(Invalid):
        changed(made, enabled=False, name="weekly")
    with trouble() as sent:
        assert not changed(made, enabled=False).enabled
    assert [call for call in sent if call.startswith("scheduler")] == ["scheduler.UpdateSchedule"]


def test_a_schedule_names_any_function_since_the_stack_decides_which_may_be_called() -> None:
    assert planned(function=arn_of("somebody-elses")).function == arn_of("somebody-elses")


def test_the_runner_is_given_longer_than_any_function() -> None:
    runner = template()["Resources"]["ScheduleRunnerFunction"]["Properties"]

    assert runner["Timeout"] >= schedules.LONGEST_TIMEOUT_SECONDS + 60
