"""The one source of the current time, so that tests can move it."""

import time
from functools import lru_cache


def now() -> int:
    """Seconds since the epoch, whole."""
    return int(time.time())


def milliseconds() -> int:
    """Milliseconds since the epoch: log timestamps and durations."""
    return int(time.time() * 1000)


def iso(seconds: int, milliseconds: int = 0) -> str:
    """A time as ISO 8601 in UTC with milliseconds and Z, as Auth0 writes it."""
    return f"{_second(seconds)}.{milliseconds:03d}Z"


# Every line of a log needs the present one.
@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
