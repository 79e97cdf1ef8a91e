"""What has a target in time and no peer: an endpoint that decides nothing, the documents, a password check beside the bare library."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from argon2.low_level import Type, hash_secret_raw

from bench.operations import PASSWORD, Context, event, handler
from gatehouse import passwords
from gatehouse.web import Request, Response, endpoint, json_response

_BATCHES = 15
_FORM = {"grant_type": "refresh_token", "client_id": "aB3dE5fG7hI9jK1lM3nO5p", "refresh_token": "x" * 120}


@endpoint("POST", cors=True)
def _answering(request: Request) -> Response:
    return json_response(200, {"client_id": request.form["client_id"]})


def measure() -> dict[str, float]:
    """Processor milliseconds of an endpoint with form, log line and answer; of both documents, of a password check, of bare Argon2id."""
    posted, context = event("token_exchange_refresh_token", form=_FORM), Context()
    documents, discovery, key_set = handler("discovery"), event("discovery"), event("discovery_jwks")
    stored = passwords.hash_password(PASSWORD)
    timed: dict[str, tuple[Callable[[], Any], int]] = {
        "framing": (lambda: _answering(posted, context), 200),
        "discovery": (lambda: documents(discovery, context), 200),
        "key set": (lambda: documents(key_set, context), 200),
        "password": (lambda: passwords.verify(PASSWORD, stored), 1),
        "argon2id": (lambda: hash_secret_raw(PASSWORD.encode(), b"x" * 16, 2, 19 * 1024, 1, 32, Type.ID), 1),
    }
    batches: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(_BATCHES):
        for name, (work, times) in timed.items():
            started = time.process_time_ns()
            for _ in range(times):
                work()
            batches[name].append((time.process_time_ns() - started) / times / 1e6)
    return {name: statistics.median(taken) for name, taken in batches.items()}
