"""Trouble between botocore and moto: what a call to AWS meets instead of its answer, and which calls were sent."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from gatehouse import event_bus, mail, queues, scheduler

# What becomes of a request, given how moto would answer it.
Fate = Callable[[AWSPreparedRequest, Callable[[], AWSResponse]], AWSResponse]


def answer(status: int, body: dict[str, Any]) -> Fate:
    """AWS answers so, and does nothing."""

    def fate(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
        return _response(request, status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(body))

    return fate


def refuse(code: str, **members: Any) -> Fate:
    """AWS answers with the error of that code, and does nothing."""
    return answer(400, {"__type": f"com.amazonaws.any#{code}", "message": "not now"} | members)


THROTTLED = refuse("ProvisionedThroughputExceededException")
DENIED = refuse("AccessDeniedException")


def unreachable(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
    """There is no connection: DNS, routing, a closed port."""
    raise EndpointConnectionError(endpoint_url=request.url)


def hang(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
    """Nothing is done, and the wait for an answer is given up."""
    raise ReadTimeoutError(endpoint_url=request.url)


def lose_answer(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
    """It is done, and the answer never arrives."""
    really()
    raise ReadTimeoutError(endpoint_url=request.url)


def go_through(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
    return really()


def always(fate: Fate) -> Iterable[Fate]:
    return repeat(fate)


@contextmanager
def trouble(fates: dict[str, Iterable[Fate]] | None = None) -> Iterator[list[str]]:
    """Give the requests of an operation ("dynamodb.PutItem") or a service ("kms") these fates in turn, then none.

    Yields the operations that were sent, in order.
    """
    waiting = {name: iter(these) for name, these in (fates or {}).items()}
    sent: list[str] = []
    done: dict[str, tuple[int, Any, Any]] = {}

    def handle(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        operation = event_name.removeprefix("before-send.")
        sent.append(operation)
        if operation.startswith("lambda.") and not waiting.keys() & {operation, "lambda"}:
            # Functions are served by the tests themselves and not by moto.
            return None
        expected = waiting.get(operation) or waiting.get(operation.partition(".")[0]) or iter(())
        return next(expected, go_through)(request, lambda: _response(request, *_applied(request, done)))

    session: Any = boto3.DEFAULT_SESSION
    events = session.events
    events.unregister("before-send", botocore_stubber)
    events.register("before-send", handle)
    _forget_clients()
    try:
        yield sent
    finally:
        events.unregister("before-send", handle)
        events.register("before-send", botocore_stubber)
        _forget_clients()


def _applied(request: AWSPreparedRequest, done: dict[str, tuple[int, Any, Any]]) -> tuple[int, Any, Any]:
    """moto's answer. As on AWS, a transaction that is sent again under its token is not done again."""
    body: Any = request.body or "{}"
    token = json.loads(body).get("ClientRequestToken", "")
    if token in done:
        return done[token]
    applied = botocore_stubber.process_request(request)
    assert applied is not None
    if token and applied[0] == 200:
        done[token] = applied
    return applied


def _response(request: AWSPreparedRequest, status: int, headers: Any, body: Any) -> AWSResponse:
    return AWSResponse(request.url, status, headers, MockRawResponse(body))


def _forget_clients() -> None:
    # They copy the session's event handlers when they are made.
    mail.ses.cache_clear()
    queues.sqs.cache_clear()
    event_bus.client.cache_clear()
    scheduler.client.cache_clear()
