"""When a schedule runs: rate(…) and cron(…) of EventBridge Scheduler, as far as they can be judged without asking it."""

import re
from typing import Final

from gatehouse.dataclasses import dataclass

LONGEST: Final = 256
_RATE: Final = re.compile(r"rate\([1-9][0-9]{0,5} (?:minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\(([^()]{1,240})\)")
# As the time zone database names them; which there are, Scheduler knows.
_TIMEZONE: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_LONGEST_TIMEZONE: Final = 50
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAY: Final = f"(?:[1-7]|{'|'.join(_DAYS)})"
_ANY_DAY: Final = "?"


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the six of cron. names: what its numbers may be called, from the lowest. special: what else may stand in it."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str = ""

    def takes(self, entry: str) -> bool:
        """Whether this may stand between its commas."""
        if entry == "*" or (self.special and re.fullmatch(self.special, entry, re.ASCII)):
            return True
        span, slash, step = entry.partition("/")
        if slash and not 0 < (_number(step) or 0) <= self.high:
            return False
        first, dash, last = span.partition("-")
        return (slash != "" and span == "*") or (self._knows(first) and (not dash or self._knows(last)))

    def _knows(self, value: str) -> bool:
        number = _number(value)
        return value.upper() in self.names or (number is not None and self.low <= number <= self.high)


_DAY_OF_MONTH: Final = 2
_DAY_OF_WEEK: Final = 4
_FIELDS: Final = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of month", 1, 31, special=r"\?|L|LW|(?:[1-9]|[12][0-9]|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 1, 7, _DAYS, special=rf"\?|L|{_DAY}L|{_DAY}#[1-5]"),
    _Field("year", 1970, 2199),
)


def flaw(expression: str) -> str:
    """Why this is no time that repeats; empty if it is one."""
    if len(expression) > LONGEST or not expression.isascii():
        return f"must be rate(…) or cron(…) of at most {LONGEST} characters"
    if _RATE.fullmatch(expression):
        return ""
    found = _CRON.fullmatch(expression)
    return _cron_flaw(found[1].split()) if found else "must be rate(…) or cron(…), such as rate(1 day) or cron(0 3 * * ? *)"


def timezone_flaw(name: str) -> str:
    """Why this cannot be a time zone; empty if it can."""
    fits = len(name) <= _LONGEST_TIMEZONE and _TIMEZONE.fullmatch(name)
    return "" if fits else "must be a time zone such as UTC or Europe/Berlin"


def _cron_flaw(fields: list[str]) -> str:
    if len(fields) != len(_FIELDS):
        return "cron(…) has six fields: " + ", ".join(field.name for field in _FIELDS)
    for field, text in zip(_FIELDS, fields, strict=True):
        if not all(field.takes(entry) for entry in text.split(",")):
            return f"cron(…) has a {field.name} that cannot be"
    if (fields[_DAY_OF_MONTH] == _ANY_DAY) == (fields[_DAY_OF_WEEK] == _ANY_DAY):
        return "cron(…) has ? as either its day of month or its day of week"
    return ""


def _number(digits: str) -> int | None:
    return int(digits) if digits.isdecimal() and len(digits) <= 4 else None
