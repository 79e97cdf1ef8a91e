"""What can befall a call to AWS: planned by operation and occurrence, put between botocore and the network."""

import io
import json
import os
import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

# What happens instead of the request; None lets the request go out.
Effect = Callable[[Any], AWSResponse | None]
Action = Callable[[], Any]
# What goes on, what happens meanwhile, and what must hold of the answer to the first.
Scene = tuple[Action, Action, Callable[[Any], None]]
EVERY = range(1, 10_000)
CRASHED = 77


@dataclass
class Fault:
    """operation: as `dynamodb.PutItem`, or how such names begin. occurrences: which of them, from 1 on. calls: all."""

    operation: str
    effect: Effect
    occurrences: Container[int] = EVERY
    calls: list[str] = field(default_factory=list)


_planned: list[Fault] = []
_lock = threading.Lock()
_inside = threading.local()


def listen() -> None:
    """Have every client that is made from now on pass its requests by here."""
    session: Any = boto3.DEFAULT_SESSION
    session.events.register("before-send", _pass)


@contextmanager
def befalls(operation: str, effect: Effect, occurrences: Container[int] = EVERY) -> Iterator[Fault]:
    """While this is open, `effect` befalls these occurrences of `operation`."""
    fault = Fault(operation, effect, occurrences)
    _planned.append(fault)
    try:
        yield fault
    finally:
        _planned.remove(fault)


def calls_of(action: Callable[[], object]) -> list[str]:
    """What the action asks of AWS when nothing befalls it."""
    with befalls("", lambda request: None) as usual:
        action()
    return usual.calls


def in_every_place(scene: Callable[[], Scene]) -> None:
    """Set the scene as often as its first action calls AWS, with the second action before another call each time."""
    # The first time fills caches, and what is in them is not asked for again.
    scene()[0]()
    for place in range(1, len(calls_of(scene()[0])) + 1):
        outer, inner, holds = scene()
        with befalls("", meanwhile(inner), (place,)):
            answer = outer()
        holds(answer)


def _pass(request: Any, event_name: str, **_: object) -> AWSResponse | None:
    operation = event_name.removeprefix("before-send.")
    if getattr(_inside, "effect", False):
        return None
    for fault in [*_planned]:
        if operation.startswith(fault.operation):
            with _lock:
                fault.calls.append(operation)
                strikes = len(fault.calls) in fault.occurrences
            if strikes:
                return _befallen(fault.effect, request)
    return None


def _befallen(effect: Effect, request: Any) -> AWSResponse | None:
    # What an effect does meanwhile is not befallen in its turn.
    _inside.effect = True
    try:
        # Nor is it the doing of the handler whose call this is.
        return Context().run(effect, request)
    finally:
        _inside.effect = False


def refused(code: str, *, status: int = 400, **members: object) -> Effect:
    """The service answers with this error."""

    def effect(request: Any) -> AWSResponse:
        body = json.dumps({"__type": code, "message": "planned", **members}).encode()
        return AWSResponse(request.url, status, HTTPHeaders.from_dict({"x-amzn-ErrorType": code}), _Raw(body))

    return effect


THROTTLED = refused("ProvisionedThroughputExceededException")
DENIED = refused("AccessDeniedException")


def conflicting(writes: int) -> Effect:
    """A transaction of so many writes meets another one."""
    reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * (writes - 1)]
    return refused("TransactionCanceledException", CancellationReasons=reasons)


def answer_lost(request: Any) -> None:
    """The service does it, but nobody hears of it."""
    _sent(request)
    raise ReadTimeoutError(endpoint_url=request.url)


def unreachable(request: Any) -> None:
    """There is no connection to the service."""
    raise EndpointConnectionError(endpoint_url=request.url)


def meanwhile(action: Callable[[], object]) -> Effect:
    """Something else happens, from its beginning to its end, before the request goes out."""

    def effect(request: Any) -> None:
        action()

    return effect


def crash_before(request: Any) -> None:
    """The process ends before the request goes out."""
    os._exit(CRASHED)


def crash_after(request: Any) -> None:
    """The process ends when the service has done it."""
    _sent(request)
    os._exit(CRASHED)


def _sent(request: Any) -> None:
    assert URLLib3Session(timeout=10).send(request).content is not None


class _Raw(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()
