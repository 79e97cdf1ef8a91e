"""Copies of this process that begin cold, as new execution environments do, and may end in the middle of something."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from tests.unit.conftest import forget

FAILED = 1


def in_copies(*calls: Callable[[], Any]) -> list[int]:
    """Make the calls at the same moment, each in a copy of its own. What they return, 0 for nothing, is the status."""
    gate, shutter = os.pipe()
    pids = [_begun(call, gate, shutter) for call in calls]
    os.close(shutter)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    os.close(gate)
    return statuses


def _begun(call: Callable[[], Any], gate: int, shutter: int) -> int:
    with warnings.catch_warnings():
        # Threads that other tests left behind hold nothing that a copy needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    status = FAILED
    try:
        os.close(shutter)
        forget()
        # Comes back when nobody holds the shutter any more.
        os.read(gate, 1)
        status = call() or 0
    except BaseException:  # noqa: BLE001 - a copy must never come back as a second test run
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)
