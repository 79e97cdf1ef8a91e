"""The least of an HTTP server: whole requests in, whole answers out, one at a time. Floor and gatehouse stand behind the same."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

# method, target, headers with names in small letters, body -> the bytes of the answer
Respond = Callable[[str, str, Mapping[str, str], bytes], bytes]

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def answer(status: int, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """The bytes of an answer over a connection that is kept."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{_STATUS_LINES[status]}{lines}content-length: {len(body)}\r\n\r\n".encode() + body


class _Front(asyncio.Protocol):
    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        whole = end + 4 + int(headers.get("content-length", "0"))
        if len(self.buffer) < whole:
            return
        body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
        method, target, _ = first.split(" ")
        assert self.transport is not None
        self.transport.write(self.respond(method, target, headers, body))


def serve(port: int, respond: Respond) -> None:
    """Answer on 127.0.0.1 until the process is ended."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Front(respond), "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(forever())
