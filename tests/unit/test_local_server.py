"""The listener of the local stack: HTTP/1.1 within the limits that API Gateway has."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.gateway import events, server
from local.gateway.events import Answer, Received
from local.gateway.requests import LARGEST_BODY


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """A listener that answers with what it received."""

    def echo(received: Received) -> Answer:
        seen = {"method": received.method, "target": received.target, "body": received.body.decode()}
        return events.message(200, seen)

    servers = server.listen(0, echo)
    yield str(servers[0].server_address[0]), int(servers[0].server_address[1])
    for one in servers:
        one.shutdown()
        one.server_close()


@pytest.fixture
def connection(address: tuple[str, int]) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection(*address, timeout=10)
    yield opened
    opened.close()


def exchange(connection: http.client.HTTPConnection, *request: Any, **more: Any) -> tuple[int, bytes]:
    connection.request(*request, **more)
    response = connection.getresponse()
    return response.status, response.read()


def test_one_connection_carries_several_requests(connection: http.client.HTTPConnection) -> None:
    first = exchange(connection, "POST", "/a?b=%20", b"x=1")
    socket = connection.sock
    second = exchange(connection, "POST", "/c", iter([b"chunk", b"ed"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})

    assert json.loads(first[1]) == {"method": "POST", "target": "/a?b=%20", "body": "x=1"}
    assert json.loads(second[1])["body"] == "chunked"
    assert connection.sock is socket


def test_head_is_answered_without_a_body(connection: http.client.HTTPConnection) -> None:
    assert exchange(connection, "HEAD", "/a") == (200, b"")


def test_headers_beyond_ten_kilobytes_are_refused(connection: http.client.HTTPConnection) -> None:
    assert exchange(connection, "GET", "/a", headers={"X-Large": "a" * 10_240})[0] == 431


def test_a_body_beyond_ten_megabytes_is_refused_unread(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/a")
    connection.putheader("Content-Length", str(LARGEST_BODY + 1))
    connection.endheaders()

    assert connection.getresponse().status == 413


def test_a_length_that_is_no_number_is_a_bad_request(connection: http.client.HTTPConnection) -> None:
    assert exchange(connection, "GET", "/a", headers={"Content-Length": "many"})[0] == 400
