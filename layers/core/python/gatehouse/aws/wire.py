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
from gatehouse.dataclasses import dataclass

if TYPE_CHECKING:
    from gatehouse.aws.endpoints import Endpoint

_HEAD_BYTES: Final = 65_536
# No answer of DynamoDB is larger than 16 MB.
_BODY_BYTES: Final = 20 * 1024 * 1024
_PIECE: Final = 65_536
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
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

    readable: asks whether there is anything to read. answering: the present request's answer has begun. give_up_at: when it has to be
    whole, by time.monotonic().
    """

    socket: "socket.socket"
    readable: "select.poll"
    used_at: int = 0
    answering: bool = False
    give_up_at: float = 0
    buffer: bytes = b""

    def serves(self) -> bool:
        """Whether it was used lately, and there is nothing to read when nothing was asked: the end, or what nobody wants."""
        if clock.now() - self.used_at > _IDLE_SECONDS:
            return False
        return not self.readable.poll(0)


def _connected(endpoint: "Endpoint", seconds: float) -> _Connection:
    connected = sockets.connected(endpoint, seconds)
    # Not select(), which knows no file beyond the 1024th.
    readable = select.poll()
    readable.register(connected, select.POLLIN)
    return _Connection(connected, readable)


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
        connection = _kept(endpoint) or _connected(endpoint, connect_seconds)
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
    head = _until(connection, b"\r\n\r\n")
    # An interim answer is not the answer (RFC 9110 15.2).
    while head.startswith(b"HTTP/1.1 1"):
        head = _until(connection, b"\r\n\r\n")
    return head


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        _garbled()
    status = _number(rest[:3])
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
        return _take(connection, _number(headers["content-length"]))
    if status in (204, 304):
        return b""
    return _garbled()


def _chunks(connection: _Connection) -> bytes:
    whole = bytearray()
    while True:
        size, _, _ = _until(connection, b"\r\n").partition(b";")
        length = _hexadecimal(size.strip(b" \t").decode("latin-1"))
        if length == 0:
            break
        whole += _take(connection, length)
        if len(whole) > _BODY_BYTES or _until(connection, b"\r\n"):
            _garbled()
    # Trailers tell nothing that is needed.
    while _until(connection, b"\r\n"):
        pass
    return bytes(whole)


def _until(connection: _Connection, end: bytes) -> bytes:
    """What comes before the end, which is taken as well."""
    while (at := connection.buffer.find(end)) < 0:
        if len(connection.buffer) > _HEAD_BYTES:
            _garbled()
        connection.buffer += _more(connection)
    found, connection.buffer = connection.buffer[:at], connection.buffer[at + len(end) :]
    return found


def _take(connection: _Connection, length: int) -> bytes:
    if length > _BODY_BYTES:
        _garbled()
    pieces, there = [connection.buffer], len(connection.buffer)
    while there < length:
        pieces.append(_more(connection))
        there += len(pieces[-1])
    whole = b"".join(pieces)
    connection.buffer = whole[length:]
    return whole[:length]


def _more(connection: _Connection) -> bytes:
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
    return piece


def _number(text: str) -> int:
    # int() also takes signs, spaces, underscores and whatever else Unicode calls a digit.
    if len(text) > _MOST_DIGITS or not (text.isascii() and text.isdecimal()):
        _garbled()
    return int(text)


def _hexadecimal(text: str) -> int:
    if not 0 < len(text) <= _MOST_DIGITS or not _HEXADECIMAL.issuperset(text):
        _garbled()
    return int(text, 16)


def _garbled() -> NoReturn:
    raise Unreachable("ResponseParserError")
