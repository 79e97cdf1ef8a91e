"""AWS for functions that people wait for: signed JSON requests over kept connections, and nothing else that an SDK has.

boto3 takes 300 ms of processor time before its first call and 1.5 ms for each; this takes some 10 ms and 0.15 ms. Only for services that
speak JSON over POST (DynamoDB, KMS), and only their verbs that are called here: what they mean, and what is repeated when, is known there.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatehouse.aws import credentials, endpoints, signing, wire
from gatehouse.aws.credentials import Missing as NoCredentials
from gatehouse.aws.wire import Unreachable

__all__ = ["DYNAMODB", "KMS", "NoCredentials", "Refused", "Service", "Unreachable", "call", "forget"]


@dataclass(frozen=True, slots=True)
class Service:
    """name: in endpoints and signatures. target: what the names of its operations begin with. content_type: with its version of JSON.

    connect_seconds, read_seconds: how long a connection, and then each part of an answer, is waited for.
    """

    name: str
    target: str
    content_type: str
    connect_seconds: float
    read_seconds: float


DYNAMODB: Final = Service("dynamodb", "DynamoDB_20120810", "application/x-amz-json-1.0", 0.5, 1)
KMS: Final = Service("kms", "TrentService", "application/x-amz-json-1.1", 0.5, 1.5)


class Refused(Exception):
    """The service answered with an error. code: as ConditionalCheckFailedException. status: of HTTP. answer: its body."""

    def __init__(self, code: str, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.answer = answer


def call(service: Service, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Call an operation, as PutItem, once, and return its answer. Bytes stand in base64, as the services' JSON has them.

    Raises:
        Refused: it answered with an error.
        Unreachable: it did not answer, or not wholly; it may have done what was asked.
        NoCredentials: the environment is not one that a function has.
    """
    body = json.dumps(parameters, separators=(",", ":")).encode()
    endpoint = endpoints.of(service.name)
    headers = {
        "content-type": service.content_type,
        "host": endpoint.host,
        "x-amz-target": f"{service.target}.{operation}",
    }
    signed = signing.signed(headers, body, service=service.name, region=endpoints.region(), held=credentials.current())
    answer = wire.exchange(endpoint, signed, body, connect_seconds=service.connect_seconds, read_seconds=service.read_seconds)
    return _read(answer)


def _read(answer: wire.Answer) -> dict[str, Any]:
    checksum = answer.headers.get("x-amz-crc32", "")
    if checksum and int(checksum) != zlib.crc32(answer.body):
        raise Unreachable("ChecksumError")
    try:
        told: Any = json.loads(answer.body) if answer.body else {}
    except ValueError:
        told = {}
    if answer.status == 200 and isinstance(told, dict):
        return told
    told = told if isinstance(told, dict) else {}
    raise Refused(_code(answer, told), answer.status, told)


def _code(answer: wire.Answer, told: Mapping[str, Any]) -> str:
    """com.amazonaws.dynamodb.v20120810#ThrottlingException or ThrottlingException:http://… is ThrottlingException."""
    named = answer.headers.get("x-amzn-errortype") or str(told.get("__type", ""))
    return named.rpartition("#")[2].partition(":")[0] or f"Http{answer.status}"


def forget() -> None:
    """Read the environment anew, and connect anew."""
    credentials.forget()
    endpoints.forget()
    signing.forget()
    wire.forget()
