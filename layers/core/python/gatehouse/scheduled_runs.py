"""Runs of schedules: each happens once however often it is asked for, and it is known for a month what became of it."""

from collections.abc import Mapping
from typing import Any, Final, Self

from gatehouse import clock, table
from gatehouse.dataclasses import asdict, dataclass, of_known, replace

RUNNING, OK, FAILED, LOST = "running", "ok", "failed", "lost"
KEPT_SECONDS: Final = 30 * 86400


@dataclass(frozen=True, slots=True)
class Run:
    """scheduled_at: when it was due. holder: the invocation that runs it. held_until: when that is over in any case.

    attempts: how often the function was called. milliseconds: of the last call. reason: why it failed. Times in seconds since the epoch.
    """

    schedule_id: str
    scheduled_at: int
    holder: str
    started_at: int
    held_until: int
    status: str = RUNNING
    attempts: int = 0
    ended_at: int = 0
    milliseconds: int = 0
    reason: str = ""

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return of_known(cls, item)

    @property
    def id(self) -> str:
        """The same for every repeat of the run."""
        return f"{self.schedule_id}_{self.scheduled_at}"

    @property
    def key(self) -> table.Key:
        return table.scheduled_run_key(self.schedule_id, clock.iso(self.scheduled_at))

    def outcome(self, now: int) -> str:
        """Its status, or LOST for one that nobody can be running any more."""
        return LOST if self.status == RUNNING and self.held_until <= now else self.status


def claim(schedule_id: str, scheduled_at: int, holder: str, *, seconds: int) -> Run | None:
    """The run, if it is this invocation's to do: of all that ask, one gets it. None for one that ended, or that another holds. 1 WRU.

    holder: the invocation, the same when Lambda repeats one that broke off. seconds: how long it lasts at most.

    Should Lambda, which promises at least once, deliver one invocation twice at the same time, both get the run: nothing tells the second
    from a repeat, which must not wait until the first would be over. What is called knows by the run's id that it is called again.
    """
    now = clock.now()
    wanted = Run(schedule_id, scheduled_at, holder, now, now + seconds)
    item = _item(wanted)
    try:
        table.put_new(wanted.key, item)
    except table.AlreadyExists as taken:
        return wanted if taken.item == item | wanted.key else _taken_over(Run.from_item(taken.item), wanted)
    return wanted


def _taken_over(known: Run, wanted: Run) -> Run | None:
    if known.status != RUNNING or (known.holder != wanted.holder and known.held_until > wanted.started_at):
        return None
    try:
        seen = [("status", "=", RUNNING), ("holder", "=", known.holder), ("started_at", "=", known.started_at)]
        table.update(wanted.key, where=seen, set=_item(wanted))
    except table.ConditionFailed as refused:
        # A repeat after a lost answer finds what it wrote itself.
        return wanted if refused.item == _item(wanted) | wanted.key else None
    return wanted


def end(run: Run, *, attempts: int, milliseconds: int, reason: str) -> Run:
    """Write down what became of a run that was claimed. reason: why it failed, empty if it did not. 1 WRU."""
    status = FAILED if reason else OK
    ended = replace(run, status=status, attempts=attempts, ended_at=clock.now(), milliseconds=milliseconds, reason=reason)
    try:
        table.update(run.key, where=[("holder", "=", run.holder), ("started_at", "=", run.started_at)], set=_item(ended))
    except table.ConditionFailed:
        # It took so long that another has it by now, whose outcome counts.
        return ended
    return ended


def latest(schedule_id: str, *, most: int) -> list[Run]:
    """The newest runs first, by the time that they were due: 0.5 RRU per 4 KB."""
    items, _ = table.page(table.schedule_partition(schedule_id), limit=most, newest_first=True)
    return [Run.from_item(item) for item in items]


def _item(run: Run) -> dict[str, Any]:
    return asdict(run) | {"ttl": run.started_at + KEPT_SECONDS}
