"""What becomes of an answer, byte for byte, beside what botocore makes of the same: the same code, status and verdict on a repetition."""

import json
import random
import socket
import time
import zlib
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.retries.standard import RetryEventAdapter, StandardRetryConditions
from hypothesis import given
from hypothesis import strategies as st

from gatehouse import aws, kms
from gatehouse.aws import sockets
from gatehouse.table import connection as table_connection
from tests.unit.raw_servers import FOUND, OK, Connection, answer, answering, aws_is, error, get, serving, untouched

pytestmark = pytest.mark.usefixtures(untouched.__name__)
HTML = b"<html><head><title>Service Unavailable</title></head></html>"
CODES = [
    "AccessDeniedException",
    "ConditionalCheckFailedException",
    "DependencyTimeoutException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalServerError",
    "InvalidSignatureException",
    "ItemCollectionSizeLimitExceededException",
    "KMSInternalException",
    "KMSInvalidStateException",
    "KeyUnavailableException",
    "LimitExceededException",
    "MissingAuthenticationTokenException",
    "NotFoundException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ResourceNotFoundException",
    "SerializationException",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "UnrecognizedClientException",
    "ValidationException",
]
SERVER_ERRORS = {"InternalServerError": 500, "KMSInternalException": 500, "KeyUnavailableException": 500, "ServiceUnavailable": 503}
# Also those that come with another status than usual.
RAW: dict[str, bytes] = {code: error(code, SERVER_ERRORS.get(code, 400)) for code in CODES} | {
    "an own name space and an address": error("x", 400, __type="aws.protocol#FooError:http://internal.amazon.com/coral/com.amazon/#x"),
    "a name without its space": answer(b'{"__type":"ThrottlingException","Message":"slow"}', status=400),
    "413 in plain text": answer(b"Request Entity Too Large", status=413),
    "413 without a body": answer(b"", status=413),
    "400 in HTML": answer(HTML, status=400),
    "403 without a body": answer(b"", status=403),
    "408 without a body": answer(b"", status=408),
    "429 without a body": answer(b"", status=429),
    "429 that says when": answer(b"{}", status=429, headers="retry-after: 30\r\nx-amz-retry-after: 1500\r\n"),
    "500 without a body": answer(b"", status=500),
    "501 in HTML": answer(HTML, status=501),
    "502 in HTML": answer(HTML, status=502),
    "503 in HTML that says when": answer(HTML, status=503, headers="retry-after: 120\r\n"),
    "504 without a body": answer(b"", status=504),
    "505 without a body": answer(b"", status=505),
    "an error that ends the connection": answer(b'{"__type":"ThrottlingException"}', status=400, headers="connection: close\r\n"),
    "an error in chunks": b'HTTP/1.1 400 X\r\ntransfer-encoding: chunked\r\n\r\n19\r\n{"__type":"SlowDown"    }\r\n0\r\n\r\n',
    "an error after an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n" + error("SlowDown"),
}


def botocores(service: str, raw: bytes) -> tuple[str, int, bool]:
    """Code, status, and whether botocore's standard mode would repeat the request."""
    verdicts: list[bool] = []

    def judge(**told: Any) -> None:
        context = RetryEventAdapter().create_retry_context(**told)
        verdicts.append(StandardRetryConditions(max_attempts=5).is_retryable(context))

    with serving(answering(raw)) as server:
        config = Config(retries={"mode": "standard", "total_max_attempts": 1})
        client: Any = boto3.Session().client(service, endpoint_url=f"http://127.0.0.1:{server.port}", config=config)  # type: ignore[call-overload]
        client.meta.events.register(f"needs-retry.{service}", judge)
        with pytest.raises(ClientError) as refused:
            client.list_keys() if service == "kms" else client.put_item(TableName="ttt", Item={"pk": {"S": "x"}})
    told = refused.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], verdicts[-1]


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_an_error_is_to_us_what_it_is_to_botocore(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    code, status, repeated = botocores("dynamodb", raw)
    with aws_is(answering(raw), monkeypatch=monkeypatch), pytest.raises(aws.Refused) as refused:
        get()

    # Without a name, botocore takes the status for one.
    assert (refused.value.code, refused.value.status) == (f"Http{code}" if code.isdigit() else code, status)
    assert table_connection._transient(refused.value) == repeated


@pytest.mark.parametrize("code", CODES)
def test_an_error_of_kms_is_to_us_what_it_is_to_botocore(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told, status, repeated = botocores("kms", RAW[code])
    with aws_is(answering(RAW[code]), monkeypatch=monkeypatch), pytest.raises(aws.Refused) as refused:
        aws.call(aws.KMS, "ListKeys", {})

    assert (refused.value.code, refused.value.status) == (told, status)
    # Whose own servers wait for others: KMS says itself that this is worth another attempt.
    assert kms._transient(refused.value) == (repeated or code == "DependencyTimeoutException")


def test_two_writes_that_met_are_repeated_although_botocore_leaves_that_to_others() -> None:
    conflict, condition = {"Code": "TransactionConflict"}, {"Code": "ConditionalCheckFailed"}

    assert table_connection._transient(aws.Refused("TransactionConflictException", 400, {}))
    assert table_connection._transient(aws.Refused("TransactionCanceledException", 400, {"CancellationReasons": [conflict, {}]}))
    assert not table_connection._transient(aws.Refused("TransactionCanceledException", 400, {"CancellationReasons": [conflict, condition]}))
    assert botocores("dynamodb", error("TransactionConflictException"))[2] is False


def test_an_error_may_be_named_in_a_header_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = answer(b"", status=400, headers="x-amzn-errortype: ThrottlingException:http://internal/\r\n")
    with aws_is(answering(raw), monkeypatch=monkeypatch), pytest.raises(aws.Refused, match=r"^ThrottlingException$"):
        get()


NO_ANSWERS = {
    "another protocol": b"SSH-2.0-OpenSSH\r\n\r\n",
    "no status": b"HTTP/1.1 abc\r\n\r\n",
    "a status of digits that are none": "HTTP/1.1 ²00 OK\r\ncontent-length: 2\r\n\r\n{}".encode("latin-1"),
    "a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    "a length of digits that are none": "HTTP/1.1 200 OK\r\ncontent-length: ²\r\n\r\n{}".encode("latin-1"),
    "a length of many digits": b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n",
    "a length beyond all answers": b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\n\r\n",
    "a chunk of no length": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "a chunk of negative length": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk that goes on": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n",
    "another coding beside a length": b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\ncontent-length: 2\r\n\r\n{}",
    "an endless head": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000,
    "half an answer": answer(b"{}")[:-1],
    "no body": answer(b""),
    "no JSON": answer(HTML),
    "half of JSON": answer(b'{"Item":'),
    "JSON that is no object": answer(b"[]"),
    "JSON without end": answer(b"[" * 100_000),
    "a checksum that is none": answer(b"{}", headers="x-amz-crc32: x\r\n"),
    "another checksum": answer(b"{}", headers=f"x-amz-crc32: {zlib.crc32(b'{}') ^ 1}\r\n"),
}


@pytest.mark.parametrize("raw", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_is_trouble_and_never_a_verdict(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(raw), monkeypatch=monkeypatch), pytest.raises(aws.Unreachable):
        get()


@given(seed=st.integers(0, 2**32), raw=st.sampled_from([OK, RAW["an error in chunks"], *list(RAW.values())[-6:]]))
def test_whatever_bytes_come_it_is_an_answer_an_error_or_trouble(seed: int, raw: bytes) -> None:
    mutated, chance = bytearray(raw), random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(mutated))
        mutated[at : at + chance.randint(0, 3)] = chance.choice([b"", b"\r\n", b":", b"\xb2", b"-", b"9", b"{", b"\0", b"\r\n\r\n"])
        mutated = mutated or bytearray(b"x")
    ours, theirs = socket.socketpair()
    with pytest.MonkeyPatch.context() as patch, ours, theirs:
        patch.setattr(sockets, "connected", lambda *_: ours)
        theirs.sendall(mutated)
        theirs.shutdown(socket.SHUT_WR)
        try:
            assert isinstance(get(), dict)
        except (aws.Refused, aws.Unreachable):
            pass
        finally:
            aws.forget()


def test_an_answer_may_come_in_chunks_and_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    def drips(connection: Connection) -> None:
        connection.request()
        whole = (
            b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;x=1\r\n{"It\r\n15\r\nem":{"pk":{"S":"x"}}}\r\n0\r\ntrailer: 1\r\n\r\n'
        )
        for byte in range(0, len(whole), 7):
            connection.send(whole[byte : byte + 7])
            time.sleep(0.001)

    with aws_is(drips, monkeypatch=monkeypatch):
        assert get() == FOUND


def test_an_interim_answer_is_not_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK), monkeypatch=monkeypatch):
        assert get() == FOUND


def test_a_body_is_held_against_its_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(FOUND).encode()
    with aws_is(answering(answer(body, headers=f"x-amz-crc32: {zlib.crc32(body)}\r\n")), monkeypatch=monkeypatch):
        assert get() == FOUND
