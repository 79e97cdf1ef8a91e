"""Whether a user is one that a query means, judged on the record itself: whatever led to it, what is not meant is never shown."""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from gatehouse.identifiers import InvalidIdentifier
from gatehouse.search import terms
from gatehouse.search.syntax import And, Begins, Clause, Exists, Is, Node, Not, Or, Unanswerable, Within
from gatehouse.users import User

Predicate = Callable[[User], bool]

_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_TIME: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
# For what is not written. No year is year 0, which is none.
_FIRST: Final = (0, 1, 1, 0, 0, 0)
# Seconds that a day, a minute or a second lasts, by how many numbers are written.
_LASTING: Final = {3: 86400, 5: 60, 6: 1}


def predicate(node: Node) -> Predicate:
    """What decides whether a user fits.

    Raises:
        Unanswerable: a field that is none, or a value that its field cannot have.
    """
    match node:
        case And(parts):
            every = [predicate(part) for part in parts]
            return lambda user: all(fits(user) for fits in every)
        case Or(parts):
            some = [predicate(part) for part in parts]
            return lambda user: any(fits(user) for fits in some)
        case Not(part):
            fits = predicate(part)
            return lambda user: not fits(user)
        case _:
            return _of_clause(node)


def _of_clause(clause: Clause) -> Predicate:
    field = clause.field
    if isinstance(clause, Exists):
        _check_known(field)
        return lambda user: bool(terms.values(user, field))
    if isinstance(clause, Within):
        return _of_range(clause)
    if field in terms.FLAGS:
        return _of_flag(clause)
    if field in terms.NUMBERS:
        return _of_number(clause)
    if field in terms.TIMES:
        raise Unanswerable(f"{field} is asked for by a range, such as {field}:[2026-01-01 TO *]")
    _check_known(field)
    return _of_text(clause)


def _check_known(field: str) -> None:
    if not field.startswith(terms.METADATA) and field not in {*terms.TEXTS, *terms.FLAGS, *terms.TIMES, *terms.NUMBERS}:
        known = ", ".join([*terms.TEXTS, *terms.FLAGS, *terms.TIMES, *terms.NUMBERS])
        raise Unanswerable(f"a field is one of {known}, or a path below user_metadata or app_metadata")


def _of_text(clause: Is | Begins) -> Predicate:
    field = clause.field
    if isinstance(clause, Begins):
        prefix = terms.beginning(clause.prefix)
        return lambda user: any(terms.folded(value).startswith(prefix) for value in terms.values(user, field))
    if field == "user_id":
        # Ids of two people may differ in case alone.
        return lambda user: user.user_id == clause.value
    wanted = terms.folded(canonical(field, clause.value))
    return lambda user: any(terms.folded(value) == wanted for value in terms.values(user, field))


def canonical(field: str, value: str) -> str:
    """A value as it is kept; of a kind that is kept in no other form, or one that cannot be kept, as it stands."""
    try:
        return terms.UNIQUE[field](value) if field in terms.UNIQUE else value
    except InvalidIdentifier:
        return value


def _of_flag(clause: Is | Begins) -> Predicate:
    if isinstance(clause, Begins) or clause.value not in ("true", "false"):
        raise Unanswerable(f"{clause.field} is true or false")
    wanted = [clause.value == "true"]
    return lambda user: terms.values(user, clause.field) == wanted


def _of_number(clause: Is | Begins) -> Predicate:
    if isinstance(clause, Begins):
        raise Unanswerable(f"{clause.field} is a whole number, or a range of them")
    wanted = [_integer(clause.field, clause.value)]
    return lambda user: terms.values(user, clause.field) == wanted


def _of_range(clause: Within) -> Predicate:
    low, high = bounds(clause)

    def fits(user: User) -> bool:
        found = terms.values(user, clause.field)
        return any((low is None or low <= value) and (high is None or value <= high) for value in found)

    return fits


def bounds(clause: Within) -> tuple[int | None, int | None]:
    """The least and the greatest number of a range, both included, times in seconds since the epoch; None where a side is open.

    A day, month or year is all of it: up to and including 2026-01 ends with January, and after 2026-01 begins with February.

    Raises:
        Unanswerable: its field has no ranges, or a bound is not of the field's kind.
    """
    field = clause.field
    if field not in (*terms.TIMES, *terms.NUMBERS):
        raise Unanswerable(f"ranges are of {', '.join((*terms.TIMES, *terms.NUMBERS))}")
    low_in, high_in = clause.included
    low, high = (None if bound is None else _span(field, bound) for bound in (clause.low, clause.high))
    return low and (low[0] if low_in else low[1] + 1), high and (high[1] if high_in else high[0] - 1)


def _span(field: str, text: str) -> tuple[int, int]:
    if field in terms.TIMES:
        return _period(field, text)
    number = _integer(field, text)
    return number, number


def _integer(field: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise Unanswerable(f"{field} is a whole number")
    return int(text)


def _period(field: str, text: str) -> tuple[int, int]:
    """First and last second of what is written as ISO 8601."""
    found = _TIME.fullmatch(text)
    *digits, zone = found.groups() if found else (None,)
    numbers = [int(part) for part in digits if part]
    year, month, day, hour, minute, second = [*numbers, *_FIRST[len(numbers) :]]
    try:
        begins = datetime(year, month, day, hour, minute, second, tzinfo=_zone(zone))
        first = int(begins.timestamp())
    except (ValueError, OverflowError):
        raise Unanswerable(f"{field} is a time in ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return first, first + _lasting(begins, len(numbers)) - 1


def _zone(written: str | None) -> timezone:
    if written in (None, "Z"):
        return UTC
    hours, minutes = str(written)[1:].split(":")
    east = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-east if str(written).startswith("-") else east)


def _lasting(begins: datetime, written: int) -> int:
    """How many seconds something lasts of which so many numbers are written."""
    days = {1: 366 if calendar.isleap(begins.year) else 365, 2: calendar.monthrange(begins.year, begins.month)[1]}
    return days[written] * 86400 if written in days else _LASTING[written]
