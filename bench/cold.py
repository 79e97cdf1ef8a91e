"""One cold start: import `app` of the function on the path, serve the event on standard input, tell what each cost. Imports late on purpose."""

import sys
import time


class _Context:
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"


started = time.process_time(), time.perf_counter()
import app  # type: ignore[import-not-found]  # noqa: E402

imported = time.process_time(), time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402

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
        "first_wall": (answered[1] - called[1]) * 1000,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "status": answer.get("statusCode"),
        "allowed": answer.get("isAuthorized"),
        "modules": sorted(sys.modules),
    },
    output,
)
