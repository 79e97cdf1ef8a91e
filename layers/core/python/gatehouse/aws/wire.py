"""HTTP/1.1 over kept connections, as far as AWS's JSON services need it (RFC 9112): one request, one whole answer.

http.client is not used: it parses headers with the package email, which costs a function 20 ms at its start.
"""

import select
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from gatehouse import clock
from gatehouse.aws import sockets
from gatehouse.aws.sockets import Unreachable
from gatehouse.dataclasses import dataclass, field

if TYPE_CHECKING:
    from gatehouse.aws.endpoints import Endpoint

_HEAD_BYTES: Final = 65_536
# No answer of DynamoDB is larger than 16 MB.
_BODY_BYTES: Final = 20 * 1024 * 1024
_PIECE: Final = 65_536
_DIGITS: Final = {10: b"0123456789", 16: b"0123456789abcdefABCDEF"}
# More than the length of any body has.
_MOST_DIGITS: Final = 16
# Connections of one endpoint that are kept while nothing uses them.
_MOST_IDLE: Final = 4
# What nobody used for longer may have been forgotten on its way without a word, as while the function was frozen: then the next request
# would wait for its whole time-out. AWS's SDK for Java has the same limit.
_IDLE_SECONDS: Final = 60


class _Stale(Unreachable):
    """A kept connection was closed at the other end before anything was answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: names in small letters; of those that repeat the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Connection:
    """A connected socket and what was read from it beyond the answer's part at hand. used_at: when it gave its last answer, 0 for never.

    answering: the present request's answer has begun. give_up_at: when it has to be whole, by time.monotonic().
    """

    socket: "socket.socket"
    used_at: int = 0
    answering: bool = False
    give_up_at: float = 0
    buffer: bytearray = field(default_factory=bytearray)

    def serves(self) -> bool:
        """Whether it was used lately, and there is nothing to read when nothing was asked: the end, or what nobody wants."""
        if clock.now() - self.used_at > _IDLE_SECONDS:
            return False
        # Not select(), which knows no file beyond the 1024th.
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)


_idle: dict["Endpoint", list[_Connection]] = {}


def forget() -> None:
    """Connect anew, and read anew whom certificates are trusted by."""
    for endpoint in _idle:
        _close_idle(endpoint)
    sockets.forget()


def exchange(
    endpoint: "Endpoint",
    headers: Mapping[str, str],
    body: bytes,
    *,
    connect_seconds: float,
    read_seconds: float,
    method: str = "POST",
    target: str = "/",
    repeat: bool = True,
) -> Answer:
    """Send a request and return the answer, whatever its status. headers: all but the length. Times: until connected; until it is whole.

    repeat: over a new connection, if a kept one is closed under the request before it is answered.

    Raises:
        Unreachable: the request may have been carried out nevertheless.
    """
    head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    message = f"{method} {target} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
    while True:
        connection = _kept(endpoint) or _Connection(sockets.connected(endpoint, connect_seconds))
        try:
            if connection.socket.gettimeout() != read_seconds:
                connection.socket.settimeout(read_seconds)
            connection.give_up_at = time.monotonic() + read_seconds
            answer, again = _exchanged(connection, message)
        except BaseException as trouble:
            connection.socket.close()
            # Whatever befell this one befell its fellows, and what comes next is not to meet the same.
            _close_idle(endpoint)
            # Nobody waited for the request at the other end, which is the price of keeping connections and no trouble.
            if isinstance(trouble, _Stale) and repeat:
                continue
            raise
        _keep(endpoint, connection) if again else connection.socket.close()
        return answer


def _kept(endpoint: "Endpoint") -> _Connection | None:
    connections = _idle.get(endpoint)
    while connections:
        try:
            # The one that was used last is likeliest to be open. Two threads may want it: the list itself decides.
            connection = connections.pop()
        except IndexError:
            return None
        if connection.serves():
            return connection
        connection.socket.close()
    return None


def _close_idle(endpoint: "Endpoint") -> None:
    connections = _idle.get(endpoint)
    while connections:
        # Another thread may take the last one meanwhile.
        with suppress(IndexError):
            connections.pop().socket.close()


def _keep(endpoint: "Endpoint", connection: _Connection) -> None:
    connections = _idle.setdefault(endpoint, [])
    if len(connections) < _MOST_IDLE:
        connection.used_at = clock.now()
        connections.append(connection)
    else:
        connection.socket.close()


def _exchanged(connection: _Connection, message: bytes) -> tuple[Answer, bool]:
    """The answer, and whether the connection serves for another.

    Raises:
        _Stale, Unreachable: as they say.
    """
    connection.answering = False
    try:
        connection.socket.sendall(message)
        head = _head(connection)
        status, headers = _parsed(head)
        body = _body(connection, status, headers)
    except TimeoutError as trouble:
        raise Unreachable("ReadTimeoutError") from trouble
    except OSError as trouble:
        if connection.answering:
            raise Unreachable("ResponseStreamingError") from trouble
        raise (_Stale if connection.used_at else Unreachable)("ConnectionClosedError") from trouble
    again = not connection.buffer and headers.get("connection", "").lower() != "close"
    return Answer(status, headers, body), again


def _head(connection: _Connection) -> bytes:
    while True:
        end = connection.buffer.find(b"\r\n\r\n")
        if end >= 0:
            head = bytes(connection.buffer[:end])
            del connection.buffer[: end + 4]
            # An interim answer is not the answer (RFC 9110 15.2).
            if not head.startswith(b"HTTP/1.1 1"):
                return head
            continue
        if len(connection.buffer) > _HEAD_BYTES:
            _garbled()
        _more(connection)


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        _garbled()
    status = _number(rest[:3].encode(), 10)
    headers = {"connection": "close"} if version == "HTTP/1.0" else {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return status, headers


def _body(connection: _Connection, status: int, headers: Mapping[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        # Any other leaves no way to tell where the answer ends: a length beside it counts for nothing (RFC 9112 6.3).
        return _chunks(connection) if headers["transfer-encoding"].lower() == "chunked" else _garbled()
    if "content-length" in headers:
        return _take(connection, _number(headers["content-length"].encode(), 10))
    if status in (204, 304):
        return b""
    return _garbled()


def _chunks(connection: _Connection) -> bytes:
    whole = bytearray()
    while True:
        size, _, _ = _line(connection).partition(b";")
        length = _number(size.strip(b" \t"), 16)
        if length == 0:
            break
        whole += _take(connection, length)
        if len(whole) > _BODY_BYTES or _line(connection):
            _garbled()
    # Trailers tell nothing that is needed.
    while _line(connection):
        pass
    return bytes(whole)


def _line(connection: _Connection) -> bytes:
    while True:
        end = connection.buffer.find(b"\r\n")
        if end >= 0:
            line = bytes(connection.buffer[:end])
            del connection.buffer[: end + 2]
            return line
        if len(connection.buffer) > _HEAD_BYTES:
            _garbled()
        _more(connection)


def _take(connection: _Connection, length: int) -> bytes:
    if length > _BODY_BYTES:
        _garbled()
    while len(connection.buffer) < length:
        _more(connection)
    taken = bytes(connection.buffer[:length])
    del connection.buffer[:length]
    return taken


def _more(connection: _Connection) -> None:
    if connection.answering:
        # An answer that drips in never lets a single wait grow long.
        left = connection.give_up_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.socket.settimeout(left)
    piece = connection.socket.recv(_PIECE)
    if not piece:
        raise ConnectionResetError
    connection.answering = True
    connection.buffer += piece


def _number(text: bytes, base: int) -> int:
    # int() also takes signs, spaces, underscores and whatever else Unicode calls a digit.
    if not 0 < len(text) <= _MOST_DIGITS or text.translate(None, _DIGITS[base]):
        _garbled()
    return int(text, base)


def _garbled() -> NoReturn:
    raise Unreachable("ResponseParserError")
