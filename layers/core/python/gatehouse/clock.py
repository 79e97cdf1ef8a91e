"""The one source of the current time, so that tests can move it."""

import time


def now() -> int:
    """Seconds since the epoch, whole."""
    return int(time.time())


def milliseconds() -> int:
    """Milliseconds since the epoch: log timestamps and durations."""
    return int(time.time() * 1000)
