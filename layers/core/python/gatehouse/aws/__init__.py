"""AWS for functions that people wait for: signed requests over kept connections, and nothing else that an SDK has.

boto3 takes 300 ms of processor time before its first call and 1.5 ms for each; this takes some 10 ms and 0.15 ms. Only for services that
take JSON by POST (DynamoDB, KMS, Lambda), and only their verbs that are called here: what they mean, and what is repeated when, is known
there.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from gatehouse import compact_json
from gatehouse.aws import credentials, endpoints, signing, wire
from gatehouse.aws.credentials import Missing as NoCredentials
from gatehouse.aws.sockets import Unreachable
from gatehouse.aws.wire import Answer
from gatehouse.dataclasses import dataclass

__all__ = ["DYNAMODB", "KMS", "LAMBDA", "Answer", "NoCredentials", "Refused", "Service", "Unreachable", "call", "forget", "post"]


@dataclass(frozen=True, slots=True)
class Service:
    """name: in endpoints and signatures. target: what the names of its operations begin with. content_type: with its version of JSON.

    connect_seconds, read_seconds: how long a connection, and then the whole answer, is waited for. repeated: whether a request is
    sent again when a kept connection turns out to be closed; it is safe where a repeated request does no more than one.
    """

    name: str
    target: str
    content_type: str
    connect_seconds: float
    read_seconds: float
    repeated: bool = True


DYNAMODB: Final = Service("dynamodb", "DynamoDB_20120810", "application/x-amz-json-1.0", 0.5, 1)
KMS: Final = Service("kms", "TrentService", "application/x-amz-json-1.1", 0.5, 1.5)
LAMBDA: Final = Service("lambda", "", "application/json", 1, 60, repeated=False)

# What botocore's standard mode repeats, of any service.
_TRANSIENT: Final = {
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
}
_TRANSIENT_STATUSES: Final = (429, 500, 502, 503, 504)


class Refused(Exception):
    """The service answered with an error. code: as ConditionalCheckFailedException. status: of HTTP. answer: its body."""

    def __init__(self, code: str, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.answer = answer

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a moment later, by what all services have in common."""
        return self.code in _TRANSIENT or self.status in _TRANSIENT_STATUSES


def call(service: Service, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Call an operation, as PutItem, once, and return its answer. Bytes stand in base64, as the services' JSON has them.

    Raises:
        Refused: it answered with an error.
        Unreachable: it did not answer, or not wholly; it may have done what was asked.
        NoCredentials: the environment is not one that a function has.
    """
    body = compact_json.in_ascii(parameters).encode()
    answer = post(service, "/", {"x-amz-target": f"{service.target}.{operation}"}, body)
    told = _parsed(answer.body)
    if told is None:
        raise Unreachable("ResponseParserError")
    return told


def post(service: Service, path: str, headers: Mapping[str, str], body: bytes, *, read_seconds: float = 0) -> Answer:
    """Sign and send a request, once, and return the answer if it is no error. path: percent-encoded. read_seconds: another than usual.

    Raises:
        Refused, Unreachable, NoCredentials: as above.
    """
    endpoint = endpoints.of(service.name)
    given = {"content-type": service.content_type, "host": endpoint.host, **headers}
    held = credentials.current()
    answer = wire.exchange(
        endpoint,
        signing.signed(given, body, service=service.name, region=endpoints.region(), held=held, path=path),
        body,
        connect_seconds=service.connect_seconds,
        read_seconds=read_seconds or service.read_seconds,
        target=path,
        repeat=service.repeated,
    )
    checksum = answer.headers.get("x-amz-crc32", "")
    if checksum and checksum != str(zlib.crc32(answer.body)):
        raise Unreachable("ChecksumError")
    if 200 <= answer.status < 300:
        return answer
    told = _parsed(answer.body) or {}
    raise Refused(_code(answer, told), answer.status, told)


def _parsed(body: bytes) -> dict[str, Any] | None:
    """The object that a body is; None for anything else, and for none, which would read as an item that is not there."""
    try:
        # Bytes json.loads would first look at for their encoding.
        told: Any = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _code(answer: Answer, told: Mapping[str, Any]) -> str:
    """com.amazonaws.dynamodb.v20120810#ThrottlingException or ThrottlingException:http://… is ThrottlingException."""
    named = answer.headers.get("x-amzn-errortype") or str(told.get("__type") or "")
    return named.partition(":")[0].rpartition("#")[2] or f"Http{answer.status}"


def forget() -> None:
    """Read the environment anew, and connect anew."""
    credentials.forget()
    endpoints.forget()
    signing.forget()
    wire.forget()
