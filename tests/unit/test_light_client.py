"""gatehouse.aws beside botocore: the same signature, endpoint and credentials, and the same trouble for the same answers."""

import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from gatehouse import aws
from gatehouse.aws import credentials, endpoints, signing, wire
from tests import botocore_wire

REGIONS = [
    (region, service)
    for partition in ("aws", "aws-cn", "aws-us-gov")
    for region in botocore.session.get_session().get_available_regions("dynamodb", partition)
    for service in ("dynamodb", "kms")
]
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No moto in between, and nothing remembered."""
    monkeypatch.setattr(wire, "exchange", botocore_wire.really)
    aws.forget()
    yield
    aws.forget()


@given(body=st.binary(max_size=300), secret=TEXT, token=st.one_of(st.just(""), TEXT))
def test_a_request_is_signed_as_botocore_signs_it(body: bytes, secret: str, token: str) -> None:
    given_headers = {"content-type": "application/x-amz-json-1.0", "host": "dynamodb.eu-west-1.amazonaws.com", "x-amz-target": "D.GetItem"}
    ours = signing.signed(given_headers, body, service="dynamodb", region="eu-west-1", held=credentials.Credentials("AKID", secret, token))

    request = AWSRequest("POST", f"https://{given_headers['host']}/", headers=given_headers, data=body)
    theirs = SigV4Auth(BotocoreCredentials("AKID", secret, token or None), "dynamodb", "eu-west-1")
    request.context["timestamp"] = ours["x-amz-date"]
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    canonical = theirs.canonical_request(request)
    text = theirs.string_to_sign(request, canonical)
    assert ours["authorization"].endswith(f"Signature={theirs.signature(text, request)}")


@pytest.mark.parametrize(("region", "service"), REGIONS)
def test_a_service_is_where_botocore_finds_it(region: str, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    found = endpoints.of(service)

    assert f"https://{found.host}" == boto3.client(service, region_name=region).meta.endpoint_url  # type: ignore[call-overload]


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_an_endpoint_that_the_environment_names_is_taken(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://localhost:4566")

    found = endpoints.of("dynamodb")

    assert (found.secure, found.name, found.port, found.host) == (False, "localhost", 4566, "localhost:4566")


Behaviour = Callable[[socket.socket], None]


@contextmanager
def server(*behaviours: Behaviour, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Something on this machine whose connections behave so, one after the other; yields the heads of the requests that came."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve() -> None:
        for behaviour in behaviours:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                behaviour(_Recorder(connection, seen))  # type: ignore[arg-type]

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    aws.forget()
    try:
        yield seen
    finally:
        listener.close()
        aws.forget()
        thread.join(6)


class _Recorder:
    """A socket that notes each request that is read from it whole."""

    def __init__(self, connection: socket.socket, seen: list[bytes]) -> None:
        self._connection, self._seen = connection, seen

    def request(self) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self._connection.recv(65536)
            if not piece:
                raise ConnectionResetError
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        while len(rest) < length:
            rest += self._connection.recv(65536)
        self._seen.append(head)

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)


def answering(*answers: bytes) -> Behaviour:
    """The connection takes a request and gives the next of these, and is closed after the last."""

    def behave(connection: Any) -> None:
        for answer in answers:
            connection.request()
            connection.send(answer)

    return behave


def plain(body: bytes, *, status: int = 200, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


def get() -> dict[str, Any]:
    return aws.call(aws.DYNAMODB, "GetItem", {"TableName": "t", "Key": {"pk": {"S": "x"}}})


OK = plain(b'{"Item":{"pk":{"S":"x"}}}')


def test_a_connection_serves_for_more_than_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(answering(OK, OK, OK), monkeypatch=monkeypatch) as seen:
        assert [get(), get(), get()] == [{"Item": {"pk": {"S": "x"}}}] * 3

    assert len(seen) == 3
    assert b"x-amz-target: DynamoDB_20120810.GetItem" in seen[0]


def test_a_connection_that_was_closed_meanwhile_is_replaced_and_nobody_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(answering(OK), answering(OK), monkeypatch=monkeypatch) as seen:
        get()
        time.sleep(0.05)
        assert get() == {"Item": {"pk": {"S": "x"}}}

    assert len(seen) == 2


def test_a_connection_that_is_closed_under_a_request_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves(connection: Any) -> None:
        connection.request()
        connection.send(OK)
        connection.request()

    with server(leaves, answering(OK), monkeypatch=monkeypatch) as seen:
        get()
        assert get() == {"Item": {"pk": {"S": "x"}}}

    assert len(seen) == 3


def test_a_new_connection_that_is_closed_under_a_request_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(lambda connection: connection.request(), monkeypatch=monkeypatch), pytest.raises(aws.Unreachable):  # type: ignore[attr-defined]
        get()


def test_an_answer_may_come_in_chunks_and_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    def drips(connection: Any) -> None:
        connection.request()
        whole = (
            b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;x=1\r\n{"It\r\n15\r\nem":{"pk":{"S":"x"}}}\r\n0\r\ntrailer: 1\r\n\r\n'
        )
        for byte in range(0, len(whole), 7):
            connection.send(whole[byte : byte + 7])
            time.sleep(0.001)

    with server(drips, monkeypatch=monkeypatch):
        assert get() == {"Item": {"pk": {"S": "x"}}}


def test_an_interim_answer_is_not_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), monkeypatch=monkeypatch):
        assert get() == {"Item": {"pk": {"S": "x"}}}


def test_a_body_that_differs_from_its_checksum_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"Item":{}}'
    good, bad = (plain(body, headers=f"x-amz-crc32: {checksum}\r\n") for checksum in (zlib.crc32(body), zlib.crc32(body) + 1))
    with server(answering(good, bad), monkeypatch=monkeypatch):
        assert get() == {"Item": {}}
        with pytest.raises(aws.Unreachable, match="ChecksumError"):
            get()


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000,
        plain(b"{}")[:-1],
    ],
)
def test_what_is_no_answer_is_trouble_and_never_a_verdict(garbage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(answering(garbage), monkeypatch=monkeypatch), pytest.raises(aws.Unreachable):
        get()


@pytest.mark.parametrize("head", ["", "x-amzn-errortype: ThrottlingException:http://internal/\r\n"])
def test_an_error_is_told_by_its_code(head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"}).encode()
    with server(answering(plain(body, status=400, headers=head)), monkeypatch=monkeypatch), pytest.raises(aws.Refused) as refused:
        get()

    assert (refused.value.code, refused.value.status, refused.value.answer["message"]) == ("ThrottlingException", 400, "slow down")


def test_an_error_page_of_something_in_between_has_the_code_of_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(answering(plain(b"<html>", status=502)), monkeypatch=monkeypatch), pytest.raises(aws.Refused) as refused:
        get()

    assert (refused.value.code, refused.value.status) == ("Http502", 502)


def test_an_answer_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(connection: Any) -> None:
        connection.request()
        time.sleep(1.3)

    with server(hangs, monkeypatch=monkeypatch), pytest.raises(aws.Unreachable, match="ReadTimeoutError"):
        get()


def test_a_closed_port_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    aws.forget()

    with pytest.raises(aws.Unreachable, match="EndpointConnectionError"):
        get()


def test_a_restored_function_has_its_credentials_from_lambdas_endpoint_and_renews_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def held(number: int, ends: str) -> bytes:
        told = {"AccessKeyId": f"AK{number}", "SecretAccessKey": "s", "Token": "t", "Expiration": ends}
        return plain(json.dumps(told).encode())

    get_answers = [held(1, "2020-01-01T00:00:00Z"), held(2, "2099-01-01T00:00:00Z")]
    listener = socket.create_server(("127.0.0.1", 0))
    heads: list[bytes] = []

    def serve() -> None:
        for answer in get_answers:
            connection, _ = listener.accept()
            with connection:
                heads.append(connection.recv(65536))
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{listener.getsockname()[1]}/v1/credentials?x=1")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me")

    first, second, third = credentials.current(), credentials.current(), credentials.current()
    thread.join(5)
    listener.close()

    # The first were over before they came.
    assert (first.access_key, second.access_key, third.access_key) == ("AK1", "AK2", "AK2")
    assert heads[0].startswith(b"GET /v1/credentials?x=1 HTTP/1.1\r\n")
    assert b"authorization: let-me\r\n" in heads[0]
    assert third.expires_at == 4070908800


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none")

    with pytest.raises(aws.NoCredentials):
        get()
