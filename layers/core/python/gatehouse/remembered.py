"""What was read from the table and is used again: for a minute, and in an outage of the table for ten, as it was last known."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Generic, TypeVar

from gatehouse import clock, observe
from gatehouse.aws import Unreachable
from gatehouse.errors import Unavailable

# What was changed is in force everywhere within this time.
CACHE_SECONDS: Final = 60
# How long the last known values stand in while the table cannot be reached.
STALE_SECONDS: Final = 600
# Not at every request: each would wait for the table again.
RETRY_SECONDS: Final = 5
_MOST: Final = 1000

T = TypeVar("T")

# When the table was last out of reach, whatever it was asked for.
_away_at = 0


def away(now: int) -> bool:
    """Whether the table was out of reach a moment ago, so that nobody who can do without needs to wait for it.

    One request asks for keys, clients, APIs, roles and hooks: it is not to wait for each of them until the table is given up.
    """
    return 0 <= now - _away_at < RETRY_SECONDS


def missed(outage: Unavailable) -> None:
    """The table was asked in vain."""
    global _away_at
    # What it refuses may be one item that too many want: of the others that says nothing.
    if isinstance(outage.__cause__, Unreachable):
        _away_at = clock.now()


class Remembered(Generic[T]):
    """At most _MOST values by key, None for what there is not."""

    def __init__(self, what: str, *, unknown_seconds: int = CACHE_SECONDS) -> None:
        """what: they are, for the log. unknown_seconds: how long what there is not is remembered; if less, no outage prolongs it either."""
        self._what, self._unknown_seconds = what, unknown_seconds
        # When it was read, until when it is used, and the value.
        self._entries: dict[str, tuple[int, int, T | None]] = {}

    def one(self, key: str, read: Callable[[], T | None], *, no_older_than_seconds: int = CACHE_SECONDS) -> T | None:
        """A value as it was at most CACHE_SECONDS ago, or as long as is said, and then no outage prolongs it.

        Raises:
            Unavailable: the table cannot be read, and nothing is known that may stand in.
        """
        now, usual = clock.now(), no_older_than_seconds >= CACHE_SECONDS
        if entry := self._used(key, now):
            read_at, _, value = entry
            if usual or value is None or now - read_at < no_older_than_seconds:
                return value
        return self._renewed([key], lambda _: {key: read()}, now, prolong=usual)[key]

    def many(self, keys: Iterable[str], read: Callable[[list[str]], Mapping[str, T | None]]) -> list[T]:
        """Those values that there are, each once, in the order of keys. read: of those that are not remembered, in one go.

        Raises:
            Unavailable: as `one`.
        """
        now = clock.now()
        known = {key: self._used(key, now) for key in keys}
        missing = [key for key, entry in known.items() if entry is None]
        found = self._renewed(missing, read, now) if missing else {}
        values = (found[key] if entry is None else entry[2] for key, entry in known.items())
        return [value for value in values if value is not None]

    def forget(self) -> None:
        """Read everything anew."""
        global _away_at
        self._entries.clear()
        _away_at = 0

    def _used(self, key: str, now: int) -> tuple[int, int, T | None] | None:
        entry = self._entries.get(key)
        return entry if entry and entry[0] <= now < entry[1] else None

    def _last_known(self, keys: list[str], now: int) -> dict[str, tuple[int, int, T | None]]:
        """What may stand in for these in an outage."""
        entries = {key: entry for key in keys if (entry := self._entries.get(key))}
        lasting = self._unknown_seconds >= CACHE_SECONDS
        return {key: entry for key, entry in entries.items() if 0 <= now - entry[0] < STALE_SECONDS and (entry[2] is not None or lasting)}

    def _renewed(
        self, keys: list[str], read: Callable[[list[str]], Mapping[str, T | None]], now: int, *, prolong: bool = True
    ) -> Mapping[str, T | None]:
        last = self._last_known(keys, now) if prolong else {}
        standing_in = {key: value for key, (_, _, value) in last.items()}
        if len(last) == len(keys) and away(now):
            return standing_in
        try:
            found = read(keys)
        except Unavailable as outage:
            missed(outage)
            if len(last) < len(keys):
                raise
            # Not before the wait, which itself took seconds.
            again_at = clock.now() + RETRY_SECONDS
            observe.note(f"{self._what} could not be read again; the last known serve on")
            self._entries |= {key: (at, min(again_at, at + STALE_SECONDS), value) for key, (at, _, value) in last.items()}
            return standing_in
        if len(self._entries) + len(found) > _MOST:
            self._entries.clear()
        for key, value in found.items():
            self._entries[key] = now, now + (self._unknown_seconds if value is None else CACHE_SECONDS), value
        return found
