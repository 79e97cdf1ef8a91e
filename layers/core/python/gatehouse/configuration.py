"""What an operator configures as a whole, which every function reads and few change: one item each, remembered for a while."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from gatehouse import table
from gatehouse.errors import Unavailable
from gatehouse.remembered import Remembered

_ATTEMPTS: Final = 5


class Invalid(ValueError):
    """Values that cannot be. reason: for the operator; names the member and the rule."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stale(Exception):
    """The values are not in the version that the change was made for."""


class Versioned(Protocol):
    """A frozen dataclass, without arguments as at first. version: 0 while nothing was configured. updated_at: seconds since the epoch."""

    @property
    def version(self) -> int: ...

    @property
    def updated_at(self) -> int: ...

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self: ...

    def to_item(self) -> dict[str, Any]: ...


T = TypeVar("T", bound=Versioned)
Writes = Callable[[T, T], Sequence[table.Write]]


class Configuration(Generic[T]):
    """One item with values of kind `T`, read by many and changed by few."""

    def __init__(self, kind: type[T], key: Callable[[], table.Key], completed: Callable[[T, T, int], T]) -> None:
        """completed: of what was and what is to be, after a check that may raise Invalid: the latter under a version and a time of change.

        Its third argument is the version; it is called before every write.
        """
        self._kind, self._key, self._completed = kind, key, completed
        self._remembered: Remembered[T] = Remembered(kind.__name__)

    def settings(self) -> T:
        """The values as they were at most remembered.CACHE_SECONDS ago: 0.5 RRU per 4 KB when not remembered.

        Raises:
            Unavailable: the table cannot be reached, and nothing newer than ten minutes is known.
        """
        return self._remembered.one("", self._read) or self._kind()

    def _read(self) -> T:
        item = table.get(self._key(), consistent=False)
        return self._kind.from_item(item) if item else self._kind()

    def forget(self) -> None:
        """Read the values anew."""
        self._remembered.forget()

    def current(self) -> T:
        """The values as they are now: 1 RRU per 4 KB."""
        item = table.get(self._key())
        return self._kind.from_item(item) if item else self._kind()

    def change(self, edit: Callable[[T], T], *, if_version: int | None = None, writes: Writes[T] | None = None) -> T:
        """Apply `edit` to the values and return them as they then are. 1 read, 1 write; twice that with `writes`.

        edit: makes of them what they are to be, and may be called again if they were changed meanwhile, or if the answer to the write was
        lost: what it takes from chance is the same each time. What it raises goes through.
        if_version: the only version that may be changed. writes: of the values before and after, what is written with them or not at all.

        Raises:
            Invalid: what they would be cannot be; nothing was changed.
            Stale: as it says.
            Unavailable: too many changes at once.
        """
        for _ in range(_ATTEMPTS):
            before = self.current()
            if if_version not in (None, before.version):
                raise Stale
            wanted = edit(before)
            if wanted == before:
                return before
            after = self._completed(before, wanted, before.version + 1)
            if after.to_item() | _MARKS == before.to_item() | _MARKS:
                return before
            if self._written(before, after, writes(before, after) if writes else ()):
                self.forget()
                return after
        raise Unavailable(detail=f"{self._key()['pk']} is being changed too often")

    def _written(self, before: T, after: T, more: Sequence[table.Write]) -> bool:
        item, key = after.to_item(), self._key()
        try:
            if more:
                table.transact(_write(key, item, before.version), *more)
            elif not before.version:
                table.put_new(key, item)
            else:
                table.update(key, where=[("version", "=", before.version)], set=item)
        except table.ConditionFailed as refused:
            # A repeat after a lost answer finds what it wrote itself.
            return refused.at == 0 and refused.item is not None and self._kind.from_item(refused.item) == after
        return True


def _write(key: table.Key, item: Mapping[str, Any], version: int) -> table.Write:
    if not version:
        return table.Write(key, where=[("pk", "absent", None)], put=item)
    return table.Write(key, where=[("version", "=", version)], set=item)


_MARKS: Final = {"version": 0, "updated_at": 0}
