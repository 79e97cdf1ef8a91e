"""Schedules: functions of the operator that run from time to time over the data of people.

All stand in one item, which is the truth. Scheduler is told after each change and knows no more than when to wake the runner, which acts by
the item alone. Whoever repeats a change that broke off in between, even one that changes nothing any more, has Scheduler told again.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from gatehouse import audit, clients, clock, hooks, management_scopes, metadata, schedule_expressions, scheduler, table
from gatehouse.audit import Deed
from gatehouse.configuration import Configuration, Invalid, Stale
from gatehouse.dataclasses import asdict, dataclass, field, replace
from gatehouse.errors import Unavailable
from gatehouse.settings import settings

MOST: Final = 25
LONGEST_NAME: Final = 100
LARGEST_PAYLOAD_BYTES: Final = 4096
# The runner waits for the function and then writes down what became of it, all within the longest that Lambda lets it run.
LONGEST_TIMEOUT_SECONDS: Final = 840
# Under this name Scheduler is asked whether it takes an expression: one that is switched off, so that nothing ever comes of it.
_TRIAL: Final = "trial"
_ID: Final = re.compile(r"sch_[A-Za-z0-9]{16}")
_ATTEMPTS: Final = 5
_GIVEN: Final = ("name", "function", "expression", "timezone", "payload", "client_id", "scopes", "enabled", "timeout_seconds")


class Unknown(Exception):
    """There is no such schedule."""


class NameTaken(Exception):
    """Another schedule has the name."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """function: ARN of a Lambda function, which gets the payload. expression, timezone: as EventBridge Scheduler writes them.

    client_id, scopes: the client in whose name the function calls the Management API, and what it may do there; empty for nothing.
    timeout_seconds: how long an answer is waited for. Times in seconds since the epoch.
    """

    id: str
    name: str
    function: str
    expression: str
    timezone: str = "UTC"
    payload: Mapping[str, Any] = field(default_factory=dict)
    client_id: str = ""
    scopes: tuple[str, ...] = ()
    enabled: bool = True
    timeout_seconds: int = 60
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return cls(**{**item, "scopes": tuple(item["scopes"])})

    @property
    def given(self) -> dict[str, Any]:
        """What the operator chose."""
        return {name: getattr(self, name) for name in _GIVEN}


@dataclass(frozen=True, slots=True)
class Schedules:
    """All of them. updated_at: seconds since the epoch."""

    version: int = 0
    updated_at: int = 0
    schedules: tuple[Schedule, ...] = ()

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return cls(item["version"], item["updated_at"], tuple(Schedule.from_item(schedule) for schedule in item["schedules"]))

    def to_item(self) -> dict[str, Any]:
        stored = [asdict(schedule) | {"scopes": list(schedule.scopes)} for schedule in self.schedules]
        return {"version": self.version, "updated_at": self.updated_at, "schedules": stored}


def listed() -> list[Schedule]:
    """All schedules as they are now, the oldest first: 1 RRU per 4 KB."""
    return list(_CONFIGURATION.current().schedules)


def get(schedule_id: str) -> Schedule | None:
    """A schedule as it is now: 1 RRU per 4 KB of all of them."""
    return next((schedule for schedule in listed() if schedule.id == schedule_id), None)


def forget() -> None:
    """Read the schedules anew."""
    _CONFIGURATION.forget()


def new_id() -> str:
    return f"sch_{clients.new_identifier(16)}"


def add(schedule: Schedule, *, deed: Deed | None = None) -> Schedule:
    """Add a schedule under an id of new_id, and tell Scheduler. 3 reads, 1 write.

    deed: of whom the audit trail is told, None for nobody, as in all of these.

    One of the same name and values is the same one: a repeat after a lost answer adds no other.

    Raises:
        Invalid, NameTaken: as they say; nothing was changed.
        Unavailable: it may have been added; a repeat goes on from there.
    """

    def added(before: Schedules) -> Schedules:
        known = next((other for other in before.schedules if other.name == schedule.name), None)
        if known and known.given != schedule.given:
            raise NameTaken
        if known:
            return before
        _judge(schedule)
        _try(schedule)
        now = clock.now()
        return replace(before, schedules=(*before.schedules, replace(schedule, version=1, created_at=now, updated_at=now)))

    after = _CONFIGURATION.change(added, writes=audit.of_configured("schedules", deed))
    made = next(other for other in after.schedules if other.name == schedule.name)
    _tell(made.id)
    return made


def change(schedule_id: str, edit: Callable[[Schedule], Schedule], *, if_version: int | None = None, deed: Deed | None = None) -> Schedule:
    """Apply `edit` to a schedule, tell Scheduler, and return it as it then is. 3 reads, 1 write. What `edit` raises goes through.

    if_version: the only version that may be changed.

    Raises:
        Unknown, Invalid, NameTaken, Stale: as they say; nothing was changed.
        Unavailable: it may have been changed; a repeat goes on from there.
    """

    def changed(before: Schedules) -> Schedules:
        known = _named(before, schedule_id)
        if if_version not in (None, known.version):
            raise Stale
        after = replace(edit(known), id=known.id, version=known.version, created_at=known.created_at, updated_at=known.updated_at)
        if after == known:
            return before
        if any(other.name == after.name for other in before.schedules if other.id != known.id):
            raise NameTaken
        # Switching off is no matter of what it calls, or when: it must be possible whatever became of either.
        if after != replace(known, enabled=False):
            _judge(after)
            if _times(after) != _times(known):
                _try(after)
        after = replace(after, version=known.version + 1, updated_at=clock.now())
        return replace(before, schedules=tuple(after if other.id == known.id else other for other in before.schedules))

    found = _named(_CONFIGURATION.change(changed, writes=audit.of_configured("schedules", deed)), schedule_id)
    _tell(schedule_id)
    return found


def remove(schedule_id: str, *, deed: Deed | None = None) -> None:
    """Remove a schedule, if there is one, here and at Scheduler. 3 reads, 1 write.

    Raises:
        Unavailable: it may have been removed; a repeat goes on from there.
    """
    if not _ID.fullmatch(schedule_id):
        return

    def removed(before: Schedules) -> Schedules:
        return replace(before, schedules=tuple(one for one in before.schedules if one.id != schedule_id))

    _CONFIGURATION.change(removed, writes=audit.of_configured("schedules", deed))
    _tell(schedule_id)


def client_flaw(schedule: Schedule) -> str:
    """Why its function cannot have a token of these scopes; empty if it can, or needs none. 1 RRU."""
    if not schedule.scopes:
        return ""
    client = clients.get(schedule.client_id, no_older_than_seconds=0)
    if client is None or client.public or "client_credentials" not in client.grant_types:
        return "client_id must name a client that may act for itself (client_credentials)"
    if client.dpop_bound_access_tokens or client.fapi:
        return "client_id names a client whose tokens need a key, which no function is given"
    if settings().management_audience not in (client.audience, *client.resources):
        return "client_id names a client that may not have tokens for the Management API"
    if beyond := sorted(set(schedule.scopes) - set(client.scopes)):
        return f"client_id names a client without the scope {beyond[0][:100]}"
    return ""


def _named(schedules: Schedules, schedule_id: str) -> Schedule:
    found = next((schedule for schedule in schedules.schedules if schedule.id == schedule_id), None)
    if found is None:
        raise Unknown
    return found


def _times(schedule: Schedule | None) -> tuple[str, str, bool] | None:
    """What Scheduler knows of it."""
    return (schedule.expression, schedule.timezone, schedule.enabled) if schedule else None


def _try(schedule: Schedule) -> None:
    """Have Scheduler judge the times, before anything is changed by them.

    Raises:
        Invalid: it does not take them.
    """
    try:
        scheduler.put(_TRIAL, schedule.expression, schedule.timezone, enabled=False)
    except scheduler.Refused as refused:
        raise Invalid(f"expression or timezone: {refused.reason}") from refused


def _tell(schedule_id: str) -> None:
    """Make Scheduler know what the item says. Whoever is last to tell it looks once more, so that two changes at once leave the later one.

    Raises:
        Unavailable: it does not know, or it changed too often.
    """
    wanted = get(schedule_id)
    for _ in range(_ATTEMPTS):
        if wanted:
            scheduler.put(schedule_id, wanted.expression, wanted.timezone, enabled=wanted.enabled)
        else:
            scheduler.delete(schedule_id)
        told, wanted = wanted, get(schedule_id)
        if _times(told) == _times(wanted):
            return
    raise Unavailable(detail=f"{schedule_id} is being changed too often")


def _completed(_before: Schedules, after: Schedules, version: int) -> Schedules:
    if len(after.schedules) > MOST:
        raise Invalid(f"there are at most {MOST} schedules")
    return Schedules(version, clock.now(), after.schedules)


def _judge(schedule: Schedule) -> None:
    if not 0 < len(schedule.name) <= LONGEST_NAME or not schedule.name.isprintable():
        raise Invalid(f"name must be 1 to {LONGEST_NAME} characters that can be seen")
    if not 1 <= schedule.timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
        raise Invalid(f"timeout_seconds must be 1 to {LONGEST_TIMEOUT_SECONDS}")
    if hooks.function_flaw(schedule.function):
        raise Invalid("function must be the ARN of a Lambda function")
    if flaw := schedule_expressions.flaw(schedule.expression):
        raise Invalid(f"expression {flaw}")
    if flaw := schedule_expressions.timezone_flaw(schedule.timezone):
        raise Invalid(f"timezone {flaw}")
    _judge_rights(schedule)
    try:
        metadata.check("payload", schedule.payload, largest_bytes=LARGEST_PAYLOAD_BYTES, dots=True)
    except metadata.Unacceptable as unacceptable:
        raise Invalid(unacceptable.reason) from unacceptable


def _judge_rights(schedule: Schedule) -> None:
    if unknown := sorted(set(schedule.scopes) - set(management_scopes.OPERATORS)):
        raise Invalid(f"scopes: the Management API has no {unknown[0][:100]}")
    if bool(schedule.client_id) != bool(schedule.scopes):
        raise Invalid("client_id and scopes are given together")
    # One that is switched off may stay as it is when its client changed.
    if schedule.enabled and (flaw := client_flaw(schedule)):
        raise Invalid(flaw)


_CONFIGURATION: Final = Configuration(Schedules, table.schedules_key, _completed)
