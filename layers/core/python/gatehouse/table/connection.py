"""Calls to DynamoDB: the client, what is retried and for how long, and what counts as an outage."""

import random
import time
from typing import Any

from gatehouse import aws
from gatehouse.errors import Unavailable
from gatehouse.settings import settings

ATTEMPTS = 4
# A caller's time-out is seldom below this, and API Gateway's own is 30 s: after it the answer is an honest 503.
DEADLINE_SECONDS = 2.5
_BACKOFF_SECONDS = 0.05

# Beside what is of any service.
_TRANSIENT = {"InternalServerError", "ReplicatedWriteConflictException", "ServiceUnavailable", "TransactionConflictException"}
_TRANSIENT_IN_A_TRANSACTION = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
# Verdicts on this very request. Everything else that DynamoDB refuses is trouble with the deployment.
_VERDICTS = {
    "ConditionalCheckFailedException",
    "TransactionCanceledException",
    "ValidationException",
    "IdempotentParameterMismatchException",
}


def call(operation: str, **parameters: Any) -> dict[str, Any]:
    """Call `operation`, as PutItem, and return its answer.

    A retry repeats the request to the letter: a conditional write whose answer was lost then fails its own condition, which the writer
    recognises by the invocation that it stored.

    Raises:
        aws.Refused: a failed condition, a cancelled transaction, or a request that DynamoDB calls invalid.
        Unavailable: throttled, unreachable or not permitted until the deadline.
    """
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    attempt = 0
    while True:
        attempt += 1
        cause: Exception
        try:
            return aws.call(aws.DYNAMODB, operation, parameters)
        except aws.Refused as refusal:
            if not _transient(refusal):
                if refusal.code in _VERDICTS:
                    raise
                raise Unavailable(detail=f"{operation}: {refusal.code}") from refusal
            trouble, cause = refusal.code, refusal
        except aws.Unreachable as unreachable:
            trouble, cause = str(unreachable), unreachable
        except aws.NoCredentials as missing:
            raise Unavailable(detail=f"{operation}: no credentials: {missing}") from missing
        pause = random.uniform(0.5, 1) * _BACKOFF_SECONDS * 2**attempt  # noqa: S311 - jitter, not a secret
        if attempt == ATTEMPTS or time.monotonic() + pause > give_up_at:
            raise Unavailable(detail=f"{operation}: {trouble}") from cause
        time.sleep(pause)


def _transient(refusal: aws.Refused) -> bool:
    if refusal.code != "TransactionCanceledException":
        return refusal.transient or refusal.code in _TRANSIENT
    reasons = {reason.get("Code", "None") for reason in refusal.answer.get("CancellationReasons", [])}
    # A conflict beside a failed condition: the condition is the verdict.
    return "ConditionalCheckFailed" not in reasons and bool(reasons & _TRANSIENT_IN_A_TRANSACTION)


def table_name() -> str:
    return settings().table_name
