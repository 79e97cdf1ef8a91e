"""Where DynamoDB's limits per partition bite: which partition each operation works on, and at how many requests a second it is full."""

from collections.abc import Mapping
from typing import Any

WRU_PER_SECOND, RRU_PER_SECOND = 1000, 3000
REQUESTS_PER_SECOND = 1000
# As many processes as an account has by default; each reads again what is this old.
PROCESSES = 1000
CACHED_SECONDS = {"CLIENT": 60, "CLAIMS": 60, "HOOKS": 60, "TENANT": 60, "KEYS": 300}
# Another one at each request.
_OF_ITS_OWN = ("SIGNIN",)
OPERATIONS = (
    "password sign-in",
    "authorize, signed on",
    "code exchange",
    "refresh",
    "userinfo",
    "introspect",
    "sign out everywhere",
    "client credentials",
)


def measure(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Units per second. hot: of one person or client at REQUESTS_PER_SECOND, `full_at` requests a second. cached: of what processes read
    again, however many requests there are."""
    work = figures["work"]
    hot = [
        _hot(name, kind, units)
        for name in OPERATIONS
        for kind, units in (work[name]["partitions"] or {"": (0, 0)}).items()
        if kind not in _OF_ITS_OWN
    ]
    return {"hot": hot, "cached": [_cached(kind, seconds, work) for kind, seconds in CACHED_SECONDS.items()]}


def _hot(operation: str, partition: str, units: tuple[float, float]) -> dict[str, Any]:
    written, read = units
    limits = [limit / each for limit, each in ((WRU_PER_SECOND, written), (RRU_PER_SECOND, read)) if each]
    return {
        "operation": operation,
        "partition": partition,
        "wru": written * REQUESTS_PER_SECOND,
        "rru": read * REQUESTS_PER_SECOND,
        "full_at": min(limits, default=None),
    }


def _cached(kind: str, seconds: int, work: Mapping[str, Any]) -> dict[str, Any]:
    """The most that one operation reads of such a partition after everything was forgotten, once in so many seconds by every process."""
    read = max(done["cold_partitions"].get(kind, (0, 0))[1] - done["partitions"].get(kind, (0, 0))[1] for done in work.values())
    return {"partition": kind, "seconds": seconds, "rru": read * PROCESSES / seconds}
