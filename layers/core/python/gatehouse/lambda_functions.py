"""Calling Lambda functions of the operator, and waiting for their answer. The only module that knows Lambda."""

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# What Lambda itself says of a function that did not get to raise anything. The emulator calls every exception by the last of these.
_PLATFORM: Final = ("Sandbox.", "Runtime.", "Extension.", "Function.")
_RAISED: Final = "Runtime.HandlerError"
_START_SECONDS: Final = 5


class Failed(Exception):
    """There was no answer. The message is a reason without a secret."""


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
    """seconds: how long an answer is waited for. Nothing is repeated: who calls decides about that."""
    # Kept alive, since what is silent for some minutes is cut off on its way.
    config = Config(connect_timeout=1, read_timeout=seconds, tcp_keepalive=True, retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("lambda", config=config)


def invoke(arn: str, payload: bytes, *, seconds: int, limit: int) -> bytes:
    """Call a function and return its answer as it came. payload: JSON. seconds: to wait at most. limit: of the answer, in bytes.

    Raises:
        Raised: as it says. Failed: timed out, forbidden, throttled, missing, crashed, or an answer over the limit.
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
        Failed: forbidden, throttled, missing or out of reach; it may have been started.
    """
    try:
        client(_START_SECONDS).invoke(FunctionName=arn, Payload=payload, InvocationType="Event")
    except ClientError as error:
        raise Failed(error.response["Error"]["Code"]) from error
    except BotoCoreError as error:
        raise Failed(type(error).__name__) from error


def _answer(arn: str, payload: bytes, seconds: int, limit: int) -> _Answer:
    try:
        answer = client(seconds).invoke(FunctionName=arn, Payload=payload)
        body = answer["Payload"].read(limit + 1)
    except ClientError as error:
        raise Failed(error.response["Error"]["Code"]) from error
    except (ReadTimeoutError, ConnectTimeoutError) as error:
        raise Failed(f"gave no answer within {seconds} s") from error
    except BotoCoreError as error:
        raise Failed(type(error).__name__) from error
    return _Answer(body, "FunctionError" in answer)


def _error(body: bytes) -> Exception:
    try:
        told: Any = json.loads(body)
        kind, message = str(told.get("errorType", "")), str(told.get("errorMessage", ""))
    except (ValueError, AttributeError):
        return Failed("failed and did not say how")
    if (kind.startswith(_PLATFORM) and kind != _RAISED) or not kind:
        return Failed(kind or "timed out or crashed")
    return Raised(kind, message[:500])
