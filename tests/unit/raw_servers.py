"""AWS as raw bytes: servers on this machine whose connections behave as a test says, over TCP or TLS."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from gatehouse import aws
from gatehouse.aws import wire
from tests import botocore_wire


class Connection:
    """A connection as the server sees it. heads, bodies: of the requests that it took, on whichever connection."""

    def __init__(self, connected: socket.socket, heads: list[bytes], bodies: list[bytes]) -> None:
        self.socket, self._heads, self._bodies = connected, heads, bodies

    def request(self) -> bytes:
        """Wait for a whole request; its body.

        Raises:
            OSError: none came.
        """
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionResetError
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
        while len(body) < length:
            body += self.socket.recv(65536)
        self._heads.append(head)
        self._bodies.append(body)
        return body

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """End it without a farewell."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Behaviour = Callable[[Connection], object]


class Server:
    """port: where it listens. heads, bodies: of the requests that came. connections: how many came, secured or not."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0


@contextmanager
def serving(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Each connection behaves like the next of these, beside the others, and is closed when it has done so."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def serve(connected: socket.socket, behaviour: Behaviour) -> None:
        # A client that does not trust this server, or has had enough.
        with suppress(OSError), connected:
            connected.settimeout(10)
            secured = tls.wrap_socket(connected, server_side=True) if tls else connected
            with secured:
                behaviour(Connection(secured, server.heads, server.bodies))

    def accept() -> None:
        for behaviour in behaviours:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threads.append(threading.Thread(target=serve, args=[connected, behaviour], daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        wire.forget()
        # Ends accept(), which closing alone does not.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in [accepting, *threads]:
            thread.join(12)


@contextmanager
def aws_is(*behaviours: Behaviour, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """All of AWS is such a server."""
    with serving(*behaviours) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        aws.forget()
        try:
            yield server
        finally:
            aws.forget()


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No moto in between, and nothing remembered."""
    monkeypatch.setattr(wire, "exchange", botocore_wire.really)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    aws.forget()
    yield
    aws.forget()


def answering(*answers: bytes) -> Behaviour:
    """The connection takes a request and gives the next of these, and is closed after the last."""

    def behave(connection: Connection) -> None:
        for answer in answers:
            connection.request()
            connection.send(answer)

    return behave


def answer(body: bytes, *, status: int = 200, headers: str = "") -> bytes:
    """An answer of HTTP. headers: each with its line's end."""
    return f"HTTP/1.1 {status} X\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


def error(code: str, status: int = 400, **members: Any) -> bytes:
    """An error as services that speak JSON tell it."""
    return answer(json.dumps({"__type": f"com.amazonaws.any#{code}", "message": "planned"} | members).encode(), status=status)


OK = answer(b'{"Item":{"pk":{"S":"x"}}}')
FOUND = {"Item": {"pk": {"S": "x"}}}


def get() -> dict[str, Any]:
    return aws.call(aws.DYNAMODB, "GetItem", {"TableName": "t", "Key": {"pk": {"S": "x"}}})
