"""Schedules that are changed and runs that are claimed by many at once: one run, and Scheduler knows what the item says."""

from dataclasses import replace
from functools import partial

import boto3
import pytest

from gatehouse import clock, scheduled_runs, schedules, table
from gatehouse.errors import Unavailable
from gatehouse.schedules import Schedule
from tests.integration.scenes import ROUNDS, at_once
from tests.unit.conftest import ENVIRONMENT
from tests.unit.schedules import known_to_scheduler, planned

pytestmark = pytest.mark.usefixtures("stack", "impatient", "interleaved")
CALLERS = 8


@pytest.fixture(scope="module", autouse=True)
def group(stack: object) -> None:
    boto3.client("scheduler").create_schedule_group(Name=ENVIRONMENT["SCHEDULE_GROUP"])


@pytest.fixture(autouse=True)
def no_schedules(group: None) -> None:
    for schedule in schedules.listed():
        schedules.remove(schedule.id)
    table.delete(table.schedules_key())


def test_of_many_who_are_woken_for_a_run_one_runs_it() -> None:
    for number in range(ROUNDS):
        claims = at_once(
            *[partial(scheduled_runs.claim, "sch_race", clock.now() + number, f"caller {caller}", seconds=900) for caller in range(CALLERS)]
        )
        assert len([claimed for claimed in claims if claimed]) == 1


def test_of_many_who_take_over_a_run_that_was_lost_one_does() -> None:
    for number in range(ROUNDS):
        due = clock.now() + number
        scheduled_runs.claim("sch_lost", due, "lost", seconds=-1)
        claims = at_once(*[partial(scheduled_runs.claim, "sch_lost", due, f"caller {caller}", seconds=900) for caller in range(CALLERS)])
        assert len([claimed for claimed in claims if claimed]) == 1


def test_whoever_is_last_scheduler_knows_what_the_item_says() -> None:
    made = planned()

    def change(number: int) -> Schedule | None:
        try:
            return schedules.change(made.id, lambda found: replace(found, expression=f"rate({number} days)"))
        except Unavailable:
            # So many at once: it is for the caller to repeat.
            return None

    for first in range(2, 2 + 3 * ROUNDS, ROUNDS):
        changed = at_once(*[partial(change, number) for number in range(first, first + 4)])
        assert any(changed)
        (found,) = schedules.listed()
        assert known_to_scheduler() == {made.id: f"{found.expression} ENABLED"}


def test_a_schedule_that_is_added_many_times_at_once_is_one() -> None:
    made = [one for one in at_once(*[planned] * 4) if isinstance(one, Schedule)]

    assert made
    assert schedules.listed() == [made[0]]
    assert known_to_scheduler() == {made[0].id: "cron(0 3 * * ? *) ENABLED"}
