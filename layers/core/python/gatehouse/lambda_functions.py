"""Calling Lambda functions of the operator, and waiting for their answer. The only module that knows Lambda."""

import json
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004  # botocore's
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

# What Lambda itself says of a function that did not get to raise anything. The emulator calls every exception by the last of these.
_PLATFORM: Final = ("Sandbox.", "Runtime.", "Extension.", "Function.")
_RAISED: Final = "Runtime.HandlerError"
_FINAL: Final = ("AccessDeniedException", "ResourceNotFoundException")
_TIMED_OUT: Final = "Sandbox.Timedout"
_THROTTLED: Final = 429
_START_SECONDS: Final = 5
# A connection that was cut off while nobody used it is found out at once.
_STALE_SECONDS: Final = 1


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


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes
    failed: bool


@cache
def client(seconds: int) -> "LambdaClient":
    """seconds: how long an answer is waited for. Nothing is repeated by itself: who calls decides about that."""
    # Kept alive, since what is silent for some minutes is cut off on its way.
    config = Config(connect_timeout=1, read_timeout=seconds, tcp_keepalive=True, retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("lambda", config=config)


def invoke(arn: str, payload: bytes, *, seconds: int, limit: int) -> bytes:
    """Call a function and return its answer as it came. payload: JSON. seconds: to wait at most. limit: of the answer, in bytes.

    Raises:
        Raised, Uncallable, Silent: as they say. Failed: crashed, or an answer over the limit.
    """
    answer = _answer(arn, payload, seconds, limit)
    if answer.failed:
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
        client(_START_SECONDS).invoke(FunctionName=arn, Payload=payload, InvocationType="Event")
    except ClientError as error:
        raise _refusal(error) from error
    except BotoCoreError as error:
        raise Failed(type(error).__name__) from error


def _answer(arn: str, payload: bytes, seconds: int, limit: int) -> _Answer:
    try:
        answer = _invoked(arn, payload, seconds)
        body = answer["Payload"].read(limit + 1)
    except ClientError as error:
        raise _refusal(error) from error
    except (ReadTimeoutError, ConnectTimeoutError) as error:
        raise Silent(f"gave no answer within {seconds} s") from error
    except (HTTPClientError, ConnectionError) as error:
        raise Silent(type(error).__name__) from error
    except BotoCoreError as error:
        raise Failed(type(error).__name__) from error
    return _Answer(body, "FunctionError" in answer)


def _invoked(arn: str, payload: bytes, seconds: int) -> "InvocationResponseTypeDef":
    began = time.monotonic()
    try:
        return client(seconds).invoke(FunctionName=arn, Payload=payload)
    except ConnectionClosedError:
        # Kept from before the process was frozen, as a rule. What was cut off later may have been at work, and is not asked twice.
        if time.monotonic() - began >= _STALE_SECONDS:
            raise
    return client(seconds).invoke(FunctionName=arn, Payload=payload)


def _refusal(error: ClientError) -> Failed:
    code = error.response["Error"]["Code"]
    if error.response["ResponseMetadata"]["HTTPStatusCode"] == _THROTTLED:
        return Silent(code)
    return Uncallable(code) if code in _FINAL else Failed(code)


def _error(body: bytes) -> Exception:
    try:
        told: Any = json.loads(body)
        kind, message = str(told.get("errorType", "")), str(told.get("errorMessage", ""))
    except (ValueError, AttributeError):
        return Failed("failed and did not say how")
    if kind == _TIMED_OUT:
        return Silent(kind)
    if (kind.startswith(_PLATFORM) and kind != _RAISED) or not kind:
        return Failed(kind or "timed out or crashed")
    return Raised(kind, message[:500])
