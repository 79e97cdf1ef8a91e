"""The load's side of HTTP/1.1: a connection that is kept where the server keeps it, one request at a time."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any


class Broken(Exception):
    """The answer is no HTTP, or the connection ended within it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: names in small letters, of repeated ones the last; cookies: each as name=value."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


class Connection:
    """To one server on this machine; connects when there is something to send."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.head = f"host: 127.0.0.1:{port}\r\nuser-agent: peers/1.0\r\naccept: */*\r\n"
        self.wire: _Wire | None = None

    async def request(self, method: str, target: str, headers: str = "", body: bytes = b"") -> Answer:
        """Send a request and return the whole answer. headers: lines, each with its end.

        Raises:
            Broken: as it says.
        """
        if self.wire is None or self.wire.ended:
            _, self.wire = await asyncio.get_running_loop().create_connection(_Wire, "127.0.0.1", self.port)
        length = f"content-length: {len(body)}\r\n" if body or method == "POST" else ""
        return await self.wire.exchanged(f"{method} {target} HTTP/1.1\r\n{self.head}{headers}{length}\r\n".encode() + body)

    async def post(self, target: str, body: str, headers: str = "", kind: str = "application/x-www-form-urlencoded") -> Answer:
        return await self.request("POST", target, f"content-type: {kind}\r\n{headers}", body.encode())

    def close(self) -> None:
        if self.wire is not None:
            self.wire.close()


class _Wire(asyncio.Protocol):
    """One connection of TCP. ended: nothing can be sent over it any more."""

    def __init__(self) -> None:
        self.ended = False
        self.buffer = b""
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[Answer] | None = None

    async def exchanged(self, request: bytes) -> Answer:
        assert self.transport is not None
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer

    def close(self) -> None:
        self.ended = True
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, trouble: Exception | None) -> None:
        self.ended = True
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(Broken(f"the connection ended within an answer: {trouble}"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers, cookies = {}, []
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
            if name.lower() == "set-cookie":
                cookies.append(value.strip().partition(";")[0])
        body = self._body(headers, end + 4)
        if body is None or self.answer is None or self.answer.done():
            return
        if headers.get("connection", "").lower() == "close":
            self.close()
        self.answer.set_result(Answer(int(first.split(" ", 2)[1]), headers, body, cookies))

    def _body(self, headers: dict[str, str], begins: int) -> bytes | None:
        """The body, taken from the buffer with its head; None while it is not whole."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks(begins)
        ends = begins + int(headers.get("content-length", "0"))
        if len(self.buffer) < ends:
            return None
        body, self.buffer = self.buffer[begins:ends], self.buffer[ends:]
        return body

    def _chunks(self, at: int) -> bytes | None:
        whole = b""
        while (line := self.buffer.find(b"\r\n", at)) >= 0:
            size = int(self.buffer[at:line], 16)
            if len(self.buffer) < line + size + 4:
                return None
            whole += self.buffer[line + 2 : line + 2 + size]
            at = line + size + 4
            if size == 0:
                self.buffer = self.buffer[at:]
                return whole
        return None
