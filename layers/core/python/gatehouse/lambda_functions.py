"""Calling Lambda functions of the operator, and waiting for their answer. The only module that knows Lambda."""

import json
import time
from typing import Any, Final
from urllib.parse import quote

from gatehouse import aws

# What Lambda itself says of a function that did not get to raise anything. The emulator calls every exception by the last of these.
_PLATFORM: Final = ("Sandbox.", "Runtime.", "Extension.", "Function.")
_RAISED: Final = "Runtime.HandlerError"
_FINAL: Final = ("AccessDeniedException", "ResourceNotFoundException")
_TIMED_OUT: Final = "Sandbox.Timedout"
_THROTTLED: Final = 429
_START_SECONDS: Final = 5
# A connection that was cut off while nobody used it is found out at once.
_STALE_SECONDS: Final = 1
_CLOSED: Final = "ConnectionClosedError"
_TIMEOUTS: Final = ("ConnectTimeoutError", "ReadTimeoutError")
_NO_CREDENTIALS: Final = "no credentials"


class Failed(Exception):
    """There was no answer. The message is a reason without a secret."""


class Silent(Failed):
    """It could not be reached, was throttled, or did not answer in time: not because of what it was asked."""


class Uncallable(Failed):
    """The function is not there, or this stack may not call it: asking again does not help."""


class Raised(Exception):
    """The function raised an exception. kind: its class. message: what it says, at most 500 characters."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.message = message


def invoke(arn: str, payload: bytes, *, seconds: int, limit: int) -> bytes:
    """Call a function and return its answer as it came. payload: JSON. seconds: to wait at most. limit: of the answer, in bytes.

    Raises:
        Raised, Uncallable, Silent: as they say. Failed: crashed, or an answer over the limit.
    """
    answer = _answer(arn, payload, seconds)
    if "x-amz-function-error" in answer.headers:
        raise _error(answer.body)
    if len(answer.body) > limit:
        raise Failed(f"answers with more than {limit} bytes")
    return answer.body


def start(arn: str, payload: bytes) -> None:
    """Have a function called soon, without waiting for it; Lambda repeats it if it fails. payload: JSON.

    Raises:
        Uncallable: as it says. Failed: throttled or out of reach; it may have been started.
    """
    try:
        _sent(arn, payload, _START_SECONDS, {"x-amz-invocation-type": "Event"})
    except aws.Refused as refused:
        raise _refusal(refused) from refused
    except aws.Unreachable as trouble:
        raise Failed(str(trouble)) from trouble
    except aws.NoCredentials as missing:
        raise Failed(_NO_CREDENTIALS) from missing


def _answer(arn: str, payload: bytes, seconds: int) -> aws.Answer:
    try:
        return _invoked(arn, payload, seconds)
    except aws.Refused as refused:
        raise _refusal(refused) from refused
    except aws.Unreachable as trouble:
        reason = f"gave no answer within {seconds} s" if str(trouble) in _TIMEOUTS else str(trouble)
        raise Silent(reason) from trouble
    except aws.NoCredentials as missing:
        raise Failed(_NO_CREDENTIALS) from missing


def _invoked(arn: str, payload: bytes, seconds: int) -> aws.Answer:
    began = time.monotonic()
    try:
        return _sent(arn, payload, seconds, {})
    except aws.Unreachable as trouble:
        # Kept from before the process was frozen, as a rule. What was cut off later may have been at work, and is not asked twice.
        if str(trouble) != _CLOSED or time.monotonic() - began >= _STALE_SECONDS:
            raise
    return _sent(arn, payload, seconds, {})


def _sent(arn: str, payload: bytes, seconds: int, headers: dict[str, str]) -> aws.Answer:
    return aws.post(aws.LAMBDA, f"/2015-03-31/functions/{quote(arn, safe='')}/invocations", headers, payload, read_seconds=seconds)


def _refusal(refused: aws.Refused) -> Failed:
    if refused.status == _THROTTLED:
        return Silent(refused.code)
    return Uncallable(refused.code) if refused.code in _FINAL else Failed(refused.code)


def _error(body: bytes) -> Exception:
    try:
        told: Any = json.loads(body)
        kind, message = str(told.get("errorType", "")), str(told.get("errorMessage", ""))
    except (ValueError, AttributeError, RecursionError):
        return Failed("failed and did not say how")
    if kind == _TIMED_OUT:
        return Silent(kind)
    if (kind.startswith(_PLATFORM) and kind != _RAISED) or not kind:
        return Failed(kind or "timed out or crashed")
    return Raised(kind, message[:500])
