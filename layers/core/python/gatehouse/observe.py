"""One structured log line per request, and metrics for what security watches.

The line has the keys of Powertools' Logger, a metric the embedded format of CloudWatch, without the 57 ms that importing them costs.
"""

import sys
from typing import Any

from gatehouse import clock, compact_json
from gatehouse.settings import settings

NAMESPACE = "Gatehouse"
_cold = True


def request_finished(*, request_id: str, message: str, status: int, started_at_ms: int, **fields: object) -> None:
    """Write the request's line. fields: short strings and numbers that hold no secret; empty ones are left out."""
    global _cold
    level = "ERROR" if status >= 500 else "INFO"
    _write(level, message, request_id, cold_start=_cold, status=status, ms=clock.milliseconds() - started_at_ms, **fields)
    _cold = False


def failed(request_id: str, error: BaseException) -> None:
    """Write an unexpected exception with its stack, on one line and without the values that the frames held."""
    # Imported on first use: nothing of the kind is expected.
    import traceback

    frames = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    _write("ERROR", "unhandled", request_id, exception_name=type(error).__name__, stack=frames)


def event(name: str, /, *, request_id: str = "", **fields: object) -> None:
    """Record a security event: a log line that is also a count of the metric `name` of this stack in the namespace Gatehouse."""
    metric = {
        "Timestamp": clock.milliseconds(),
        "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["stack"]], "Metrics": [{"Name": name, "Unit": "Count"}]}],
    }
    _write("WARNING", name, request_id, _aws=metric, **{name: 1}, stack=settings().stack_name, **fields)


def note(message: str, /, *, request_id: str = "", **fields: object) -> None:
    """Write an informational line outside a request: jobs, and what happens beside an answer."""
    _write("INFO", message, request_id, **fields)


def _write(level: str, message: str, request_id: str, **fields: Any) -> None:
    line = {
        "level": level,
        "message": message,
        "timestamp": clock.iso(*divmod(clock.milliseconds(), 1000)),
        "service": settings().service_name,
        "function_request_id": request_id,
    }
    line |= {name: value for name, value in fields.items() if value not in ("", None)}
    # One write, so that parallel lines cannot interleave; json escapes line breaks that a caller smuggled in.
    sys.stdout.write(compact_json.in_ascii(line) + "\n")
    sys.stdout.flush()
