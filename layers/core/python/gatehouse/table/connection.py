"""Calls to DynamoDB: the client, what is retried and for how long, and what counts as an outage."""

import random
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from gatehouse.errors import Unavailable
from gatehouse.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 4
# A caller's time-out is seldom below this, and API Gateway's own is 30 s: after it the answer is an honest 503.
DEADLINE_SECONDS = 2.5
_BACKOFF_SECONDS = 0.05

_TRANSIENT = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_TRANSIENT_IN_A_TRANSACTION = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
# Verdicts on this very request. Everything else that DynamoDB refuses is trouble with the deployment.
_VERDICTS = {
    "ConditionalCheckFailedException",
    "TransactionCanceledException",
    "ValidationException",
    "IdempotentParameterMismatchException",
}


@cache
def client() -> "DynamoDBClient":
    # Retries are counted here and not in botocore, whose back-off alone may exceed the deadline.
    config = Config(
        connect_timeout=0.5,
        read_timeout=1,
        retries={"total_max_attempts": 1},
        max_pool_connections=4,
        # A sixth of every call goes into composing the user agent anew and checking parameters that only verbs write.
        user_agent="gatehouse",
        parameter_validation=False,
    )
    return boto3.client("dynamodb", config=config)


def call(operation: str, **parameters: Any) -> dict[str, Any]:
    """Call `operation` (a method of the boto3 client) and return its answer.

    A retry repeats the request to the letter: a conditional write whose answer was lost then fails its own condition, which the writer
    recognises by the invocation that it stored.

    Raises:
        botocore ClientError: a failed condition, a cancelled transaction, or a request that DynamoDB calls invalid.
        Unavailable: throttled, unreachable or not permitted until the deadline.
    """
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    attempt = 0
    while True:
        attempt += 1
        try:
            answer: dict[str, Any] = getattr(client(), operation)(**parameters)
            return answer
        except ClientError as error:
            if not _transient(error):
                if error.response["Error"]["Code"] in _VERDICTS:
                    raise
                raise Unavailable(detail=f"{operation}: {error.response['Error']['Code']}") from error
            trouble = error.response["Error"]["Code"]
            cause: Exception = error
        except (HTTPClientError, NotConnected) as error:
            trouble, cause = type(error).__name__, error
        except BotoCoreError as error:
            raise Unavailable(detail=f"{operation}: {type(error).__name__}") from error
        pause = random.uniform(0.5, 1) * _BACKOFF_SECONDS * 2**attempt  # noqa: S311 - jitter, not a secret
        if attempt == ATTEMPTS or time.monotonic() + pause > give_up_at:
            raise Unavailable(detail=f"{operation}: {trouble}") from cause
        time.sleep(pause)


def _transient(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    if code != "TransactionCanceledException":
        return code in _TRANSIENT
    reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
    # A conflict beside a failed condition: the condition is the verdict.
    return "ConditionalCheckFailed" not in reasons and bool(reasons & _TRANSIENT_IN_A_TRANSACTION)


def table_name() -> str:
    return settings().table_name
