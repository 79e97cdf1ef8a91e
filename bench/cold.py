"""One cold start: import the `app` on the path, serve the event on standard input, tell what each cost."""

# Whatever is imported before `app` would be missing from what its import costs.
import sys
import time


class _Context:
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"


bare = sorted(sys.modules)
started = time.process_time(), time.perf_counter()
import app  # type: ignore[import-not-found]  # noqa: E402

imported = time.process_time(), time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
from typing import Any  # noqa: E402

from gatehouse.aws import wire  # noqa: E402


def _peak_memory_kib() -> int:
    """Of this process alone, which getrusage would mix with its parent's; 0 where the system does not tell."""
    if not os.path.exists("/proc/self/status"):
        return 0
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def _timed(endpoint: Any, headers: dict[str, str], body: bytes, **how: Any) -> Any:
    answer = exchange(endpoint, headers, body, **how)
    if headers.get("x-amz-target", "").startswith("DynamoDB"):
        answers.append(time.process_time())
    return answer


exchange, answers = wire.exchange, list[float]()
wire.exchange = _timed  # type: ignore[assignment]
event = json.load(sys.stdin)
output, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115

called = time.process_time(), time.perf_counter()
answer = app.handler(event, _Context())
answered = time.process_time(), time.perf_counter()

json.dump(
    {
        "import_cpu": (imported[0] - started[0]) * 1000,
        "import_wall": (imported[1] - started[1]) * 1000,
        "first_cpu": (answered[0] - called[0]) * 1000,
        # The request up to the first answer of DynamoDB; the whole of it if there was none.
        "first_answer_cpu": ((answers or answered)[0] - called[0]) * 1000,
        "first_wall": (answered[1] - called[1]) * 1000,
        "memory": _peak_memory_kib(),
        "status": answer.get("statusCode"),
        "allowed": answer.get("isAuthorized"),
        "modules": sorted(sys.modules),
        "bare": bare,
    },
    output,
)
