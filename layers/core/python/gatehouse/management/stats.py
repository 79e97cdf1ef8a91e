"""How much the service is used (Auth0's stats)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import Field

from gatehouse import clock, usage
from gatehouse.management.refusals import InvalidQuery
from gatehouse.management.routes import Answer, Call, Query, Route, sent
from gatehouse.web import Response

_USUAL_DAYS = 30
_FIRST_DAY = date(2000, 1, 1)
MOST_DAYS = 366


class DaysQuery(Query):
    """Both included; by default the last days up to today (UTC)."""

    from_: str = Field(default="", alias="from", pattern=r"^([0-9]{8})?$")
    to: str = Field(default="", pattern=r"^([0-9]{8})?$")


class DayAnswer(Answer):
    """leaked_passwords: always 0, none is looked for. created_at: when the day began."""

    date: str
    logins: int
    signups: int
    leaked_passwords: int
    created_at: str
    updated_at: str


def daily(call: Call) -> list[dict[str, Any]]:
    """GET stats/daily: the days on which anything happened."""
    last = _day(call.query.to) or datetime.fromtimestamp(clock.now(), UTC).date()
    first = _day(call.query.from_) or last - timedelta(days=_USUAL_DAYS)
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise InvalidQuery(f"from must not be after to, nor {MOST_DAYS} days or more before it")
    return [_shown(day) for day in usage.daily(first.isoformat(), last.isoformat())]


def _day(digits: str) -> date | None:
    if not digits:
        return None
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        day = date.min
    if day < _FIRST_DAY:
        raise InvalidQuery("from and to are days of this century as YYYYMMDD")
    return day


def _shown(day: usage.Day) -> dict[str, Any]:
    midnight = f"{day.date}T00:00:00.000Z"
    return {
        "date": midnight,
        "logins": day.logins,
        "signups": day.signups,
        "leaked_passwords": 0,
        "created_at": midnight,
        "updated_at": clock.iso(day.updated_at),
    }


def active_users(call: Call) -> Response:
    """GET stats/active-users: a number, as the daily sweep counted it."""
    return sent(usage.active())


ROUTES = [
    Route(
        method="GET",
        path="/stats/daily",
        serve=daily,
        summary="Sign-ins and sign-ups of each day",
        scopes=("read:stats",),
        query=DaysQuery,
        answers=list[DayAnswer],
    ),
    Route(
        method="GET",
        path="/stats/active-users",
        serve=active_users,
        summary="How many people signed in within 30 days",
        scopes=("read:stats",),
        answers=int,
    ),
]
