"""HTTP/1.1 over kept connections, as far as AWS's JSON services need it (RFC 9112): one request, one whole answer.

http.client is not used: it parses headers with the package email, which costs a function 20 ms at its start.
"""

import os
import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    import ssl

    from gatehouse.aws.endpoints import Endpoint

_HEAD_BYTES: Final = 65_536
# No answer of DynamoDB is larger than 16 MB.
_BODY_BYTES: Final = 20 * 1024 * 1024
_PIECE: Final = 65_536
# Connections of one endpoint that are kept while nothing uses them.
_MOST_IDLE: Final = 4


class Unreachable(Exception):
    """No connection, or no whole answer in time. The message is a kind of trouble in one word."""


class _Stale(Exception):
    """A kept connection was closed at the other end before anything was answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: names in small letters; of those that repeat the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Connection:
    """A connected socket and what was read from it beyond the answer's part at hand. used: it has given an answer before.

    answering: the present request's answer has begun.
    """

    socket: "socket.socket"
    used: bool = False
    answering: bool = False
    buffer: bytearray = field(default_factory=bytearray)

    def closed_by_peer(self) -> bool:
        """Whether there is something to read although nothing was asked: the end, or what nobody wants."""
        readable, _, _ = select.select([self.socket], [], [], 0)
        return bool(readable)


_idle: dict["Endpoint", list[_Connection]] = {}
_contexts: dict[str, "ssl.SSLContext"] = {}


def forget() -> None:
    """Connect anew, and read anew whom certificates are trusted by."""
    for connections in _idle.values():
        for connection in connections:
            connection.socket.close()
    _idle.clear()
    _contexts.clear()


def exchange(
    endpoint: "Endpoint",
    headers: Mapping[str, str],
    body: bytes,
    *,
    connect_seconds: float,
    read_seconds: float,
    method: str = "POST",
    target: str = "/",
) -> Answer:
    """Send a request and return the answer, whatever its status. headers: all but the length. Times: of each wait.

    Raises:
        Unreachable: the request may have been carried out nevertheless.
    """
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    message = f"{method} {target} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
    while True:
        connection = _kept(endpoint) or _connected(endpoint, connect_seconds)
        try:
            connection.socket.settimeout(read_seconds)
            answer, again = _exchanged(connection, message)
        except _Stale:
            # Nobody waited for the request at the other end, which is the price of keeping connections and no trouble.
            connection.socket.close()
            continue
        except BaseException:
            connection.socket.close()
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
        if not connection.closed_by_peer():
            return connection
        connection.socket.close()
    return None


def _keep(endpoint: "Endpoint", connection: _Connection) -> None:
    connections = _idle.setdefault(endpoint, [])
    if len(connections) < _MOST_IDLE:
        connection.used = True
        connections.append(connection)
    else:
        connection.socket.close()


def _connected(endpoint: "Endpoint", seconds: float) -> _Connection:
    try:
        plain = socket.create_connection((endpoint.name, endpoint.port), seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(_secured(plain, endpoint, seconds) if endpoint.secure else plain)
    except TimeoutError as trouble:
        raise Unreachable("ConnectTimeoutError") from trouble
    except OSError as trouble:
        raise Unreachable(f"EndpointConnectionError {type(trouble).__name__}") from trouble


def _secured(plain: socket.socket, endpoint: "Endpoint", seconds: float) -> socket.socket:
    # Imported on first use: the emulator is spoken to without.
    import ssl

    for bundle in _bundles():
        try:
            return _context(bundle).wrap_socket(plain, server_hostname=endpoint.name)
        except ssl.SSLCertVerificationError:
            # Not by a root of Amazon's own: an endpoint of somebody else, or in another partition.
            plain.close()
            plain = socket.create_connection((endpoint.name, endpoint.port), seconds)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.close()
    raise ssl.SSLCertVerificationError


def _bundles() -> tuple[str, ...]:
    """Whom certificates are trusted by, one after the other: the operator's bundle; else Amazon's roots, then the system's."""
    given = os.environ.get("AWS_CA_BUNDLE", "")
    return (given,) if given else (_AMAZON, "")


_AMAZON: Final = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")


def _context(bundle: str) -> "ssl.SSLContext":
    import ssl

    if bundle not in _contexts:
        # Five roots are read in a tenth of the time that the system's hundred and forty take.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if bundle:
            context.load_verify_locations(cafile=bundle)
        else:
            context.load_default_certs()
        _contexts[bundle] = context
    return _contexts[bundle]


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
        if connection.used and not connection.answering:
            raise _Stale from trouble
        raise Unreachable("ConnectionClosedError") from trouble
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
    if version not in ("HTTP/1.1", "HTTP/1.0") or not rest[:3].isdigit():
        _garbled()
    headers = {"connection": "close"} if version == "HTTP/1.0" else {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(rest[:3]), headers


def _body(connection: _Connection, status: int, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(connection)
    if "content-length" in headers:
        if not headers["content-length"].isdigit():
            _garbled()
        return _take(connection, int(headers["content-length"]))
    if status in (204, 304):
        return b""
    return _garbled()


def _chunks(connection: _Connection) -> bytes:
    whole = bytearray()
    while True:
        size, _, _ = _line(connection).partition(b";")
        try:
            length = int(size, 16)
        except ValueError:
            _garbled()
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
    piece = connection.socket.recv(_PIECE)
    if not piece:
        raise ConnectionResetError
    connection.answering = True
    connection.buffer += piece


def _garbled() -> NoReturn:
    raise Unreachable("ResponseParserError")
