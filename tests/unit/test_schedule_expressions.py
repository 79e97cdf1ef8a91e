"""Which times a schedule may have: what Scheduler would refuse is refused before it is asked."""

import pytest

from gatehouse import schedule_expressions


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(12 hours)",
        "rate(30 days)",
        "cron(0 3 * * ? *)",
        "cron(*/15 * * * ? *)",
        "cron(0/10 8-17 ? * MON-FRI *)",
        "cron(0 10 ? * 6L 2026-2030)",
        "cron(0 0 1,15 JAN,jul ? *)",
        "cron(30 2 L * ? *)",
        "cron(30 2 3W * ? *)",
        "cron(30 2 LW * ? *)",
        "cron(30 2 ? * TUE#2 *)",
        "cron(0 0 31 12 ? 2199)",
    ],
)
def test_times_that_repeat_are_taken(expression: str) -> None:
    assert schedule_expressions.flaw(expression) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(0 minutes)",
        "rate(1.5 hours)",
        "rate(1 week)",
        "rate(-1 day)",
        "rate(1 minute) ",
        "at(2026-01-31T03:00:00)",
        "0 3 * * *",
        "cron()",
        "cron(0 3 * * ?)",
        "cron(0 3 * * ? * *)",
        "cron(60 3 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 3 0 * ? *)",
        "cron(0 3 32 * ? *)",
        "cron(0 3 * 13 ? *)",
        "cron(0 3 ? * 8 *)",
        "cron(0 3 ? * MON#6 *)",
        "cron(0 3 * * * *)",
        "cron(0 3 ? * ? *)",
        "cron(0 3 1 * 1 *)",
        "cron(0 3 * * ? 1969)",
        "cron(0,, 3 * * ? *)",
        "cron(0/0 3 * * ? *)",
        "cron(1-/5 3 * * ? *)",
        "cron(*/ 3 * * ? *)",
        "cron(٣ 3 * * ? *)",
        "cron(0 3 * * ? *" + ",2026" * 50 + ")",
        "rate(" + "9" * 300 + " days)",
    ],
)
def test_what_is_no_time_that_repeats_is_refused_with_a_reason(expression: str) -> None:
    assert schedule_expressions.flaw(expression)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "GMT0"])
def test_time_zones_have_the_names_of_their_database(name: str) -> None:
    assert schedule_expressions.timezone_flaw(name) == ""


@pytest.mark.parametrize("name", ["", "utc", "../etc/passwd", "Europe//Berlin", "Europe/Berlin ", "E" * 51, "Zürich", "A/B/C/D"])
def test_what_cannot_be_a_time_zone_is_refused(name: str) -> None:
    assert schedule_expressions.timezone_flaw(name)
