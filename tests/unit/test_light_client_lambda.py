"""Calling functions through gatehouse.aws, beside boto3's client: the same request, and the same told of every answer."""

import json
import time
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from gatehouse import aws, lambda_functions
from tests.unit.raw_servers import Connection, Server, answer, answering, aws_is, untouched

pytestmark = pytest.mark.usefixtures(untouched.__name__)
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:hook"
NAMES = ["hook", ARN, f"{ARN}:live", f"{ARN}:$LATEST", "arn:aws-cn:lambda:cn-north-1:123456789012:function:a_b-c:7", "123456789012:hook"]
DONE = answer(b'{"a":1}', headers="X-Amz-Executed-Version: $LATEST\r\n")
HEADERS = ("host", "x-amz-invocation-type", "x-amz-function-error", "x-amz-log-type", "x-amz-security-token")


def botocores(server: Server, **parameters: Any) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.Session().client("lambda", endpoint_url=f"http://127.0.0.1:{server.port}", config=config).invoke(**parameters)


def told(head: bytes) -> dict[str, str]:
    request, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {"request": request} | {name: headers[name] for name in HEADERS if name in headers}


def invoke(seconds: int = 3, limit: int = 1000) -> bytes:
    return lambda_functions.invoke(ARN, b'{"b": 2}', seconds=seconds, limit=limit)


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_the_request_that_boto3_makes_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(DONE), answering(DONE), monkeypatch=monkeypatch) as server:
        assert lambda_functions.invoke(name, b'{"b": 2}', seconds=3, limit=100) == b'{"a":1}'
        aws.forget()
        botocores(server, FunctionName=name, Payload=b'{"b": 2}')

    ours, theirs = server.heads
    assert told(ours) == told(theirs)
    assert server.bodies == [b'{"b": 2}'] * 2


def test_a_function_that_is_only_started_is_so_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = answer(b"", status=202)
    with aws_is(answering(accepted), answering(accepted), monkeypatch=monkeypatch) as server:
        lambda_functions.start(ARN, b'{"b": 2}')
        aws.forget()
        botocores(server, FunctionName=ARN, Payload=b'{"b": 2}', InvocationType="Event")

    ours, theirs = server.heads
    assert told(ours) == told(theirs)
    assert told(ours)["x-amz-invocation-type"] == "Event"


def refusal(code: str, status: int, **members: Any) -> bytes:
    body = {"Type": "User", "message": "planned"} | members
    return answer(json.dumps(body).encode(), status=status, headers=f"x-amzn-ErrorType: {code}\r\n")


REFUSALS = {
    "denied": refusal("AccessDeniedException", 403),
    "absent": refusal("ResourceNotFoundException:http://internal.amazon.com/coral/com.amazonaws.awsgirapi/", 404),
    "throttled": refusal("TooManyRequestsException", 429, Reason="ReservedFunctionConcurrentInvocationLimitExceeded"),
    "throttled without a word": answer(b"", status=429),
    "not ready": refusal("ResourceConflictException", 409),
    "of KMS": refusal("KMSAccessDeniedException", 502),
    "of EC2": refusal("EC2ThrottledException", 502),
    "too large": refusal("RequestTooLargeException", 413),
    "too large, in plain text": answer(b"Request Entity Too Large", status=413),
    "its own trouble": refusal("ServiceException", 500),
    "a page": answer(b"<html>Bad Gateway</html>", status=502),
    "nothing": answer(b"", status=503),
    "a name in the body": answer(b'{"__type":"com.amazonaws.lambda#InvalidParameterValueException"}', status=400),
    "of whoever checks signatures": refusal("UnrecognizedClientException", 403),
}


@pytest.mark.parametrize("raw", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_to_us_what_it_is_to_boto3(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(raw), answering(raw), monkeypatch=monkeypatch) as server:
        with pytest.raises(ClientError) as theirs:
            botocores(server, FunctionName=ARN, Payload=b"{}")
        with pytest.raises(lambda_functions.Failed) as ours:
            invoke()

    code, status = theirs.value.response["Error"]["Code"], theirs.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert str(ours.value) == (f"Http{code}" if code.isdigit() else code)
    assert isinstance(ours.value, lambda_functions.Silent) == (status == 429)
    assert isinstance(ours.value, lambda_functions.Uncallable) == (code in ("AccessDeniedException", "ResourceNotFoundException"))


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"[" * 100_000])
def test_a_failure_that_says_nothing_of_itself_is_one_all_the_same(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = answer(body, headers="x-amz-function-error: Unhandled\r\n")
    with aws_is(answering(failed), monkeypatch=monkeypatch), pytest.raises(lambda_functions.Failed, match=r"^failed and did not say how$"):
        invoke()


def test_a_limit_is_of_the_answer_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(answer(b"x" * 100), answer(b"x" * 101)), monkeypatch=monkeypatch):
        assert invoke(limit=100) == b"x" * 100
        with pytest.raises(lambda_functions.Failed, match=r"^answers with more than 100 bytes$"):
            invoke(limit=100)


def test_an_answer_may_be_as_large_as_lambda_carries_and_come_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"x" * 6_291_556
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:4_000_000], body[4_000_000:]))
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    with aws_is(answering(raw), monkeypatch=monkeypatch):
        assert invoke(limit=7_000_000) == body


def test_an_answer_that_does_not_come_in_its_own_time_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(connection: Connection) -> None:
        connection.request()
        time.sleep(1.2)
        connection.send(DONE)

    with aws_is(slow, slow, monkeypatch=monkeypatch) as server:
        assert invoke(seconds=2) == b'{"a":1}'
        aws.forget()
        with pytest.raises(lambda_functions.Silent, match=r"^gave no answer within 1 s$"):
            invoke(seconds=1)

    assert len(server.heads) == 2


def leaves(connection: Connection) -> None:
    """Answers once, and closes under the next request."""
    connection.request()
    connection.send(DONE)
    connection.request()


def test_a_connection_of_before_a_freeze_is_replaced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(leaves, answering(DONE), monkeypatch=monkeypatch) as server:
        invoke()
        assert invoke() == b'{"a":1}'
    assert len(server.heads) == 3

    with aws_is(leaves, Connection.request, answering(DONE), monkeypatch=monkeypatch) as server:
        invoke()
        with pytest.raises(lambda_functions.Silent, match=r"^ConnectionClosedError$"):
            invoke()
    assert len(server.heads) == 3


def test_a_call_that_was_cut_off_later_may_have_been_at_work_and_is_not_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves_later(connection: Connection) -> None:
        leaves(connection)
        time.sleep(0.1)

    monkeypatch.setattr(lambda_functions, "_STALE_SECONDS", 0.05)
    with aws_is(leaves_later, answering(DONE), monkeypatch=monkeypatch) as server:
        invoke()
        with pytest.raises(lambda_functions.Silent, match=r"^ConnectionClosedError$"):
            invoke()

    assert len(server.heads) == 2


def test_a_call_whose_answer_was_cut_off_is_not_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(DONE, DONE[:-2]), answering(DONE), monkeypatch=monkeypatch) as server:
        invoke()
        with pytest.raises(lambda_functions.Silent, match=r"^ResponseStreamingError$"):
            invoke()

    assert len(server.heads) == 2


def test_a_function_that_is_only_started_is_not_started_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(leaves, answering(DONE), monkeypatch=monkeypatch) as server:
        invoke()
        with pytest.raises(lambda_functions.Failed, match=r"^ConnectionClosedError$"):
            lambda_functions.start(ARN, b"{}")

    assert len(server.heads) == 2


def test_what_cannot_be_reached_is_silence_and_who_may_not_sign_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "LAMBDA", replace(aws.LAMBDA, connect_seconds=0.1))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(lambda_functions.Silent, match=r"^EndpointConnectionError"):
        invoke()

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none")
    aws.forget()
    for call in (invoke, lambda: lambda_functions.start(ARN, b"{}")):
        with pytest.raises(lambda_functions.Failed, match=r"^no credentials$") as failed:
            call()
        assert type(failed.value) is lambda_functions.Failed
