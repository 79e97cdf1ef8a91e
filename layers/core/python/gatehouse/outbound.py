"""The one way out: requests to URLs that others named, which must lead to the public internet and nowhere else.

What is checked is what is connected to: the name is resolved once, every address must be public, and the connection goes to one of those.
On a stack whose own issuer is on localhost, loopback targets are let through too, by http as well; nothing else is other there.
"""

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from gatehouse.dataclasses import dataclass
from gatehouse.settings import settings

LONGEST_URL: Final = 2048
PATIENCE_SECONDS: Final = 5.0
_HEAD_BYTES: Final = 32_768

# Two labels at least, and the last begins with a letter: whatever else some resolver would take for the number of an address.
_NAME: Final = re.compile(r"(?=.{4,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Names that mean something else on each network (RFC 6761, 6762, 8375, and .internal, where clouds keep their metadata).
_PRIVATE_NAMES: Final = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa")
_FIRST_FREE_PORT: Final = 1024
# Above it: what obeys whoever reaches it, and what browsers refuse likewise (telephony, X11, IRC, file servers).
_STORES: Final = (1433, 1521, 3306, 5432, 5672, 5984, 6379, 6380, 7000, 7001, 9042, 9092, 9200, 9300, 11211, 15672, 27017)
_CONTROLS: Final = (2181, 2375, 2376, 2379, 2380, 3389, 4369, 5900, 6443, 8500, 10250)
_OTHERS: Final = (1719, 1720, 1723, 2049, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10080)
_SERVICE_PORTS: Final = frozenset((*_STORES, *_CONTROLS, *_OTHERS))
# ipaddress calls some of these global: they are relays, carry an IPv4 address inside, or belong to documentation.
_GLOBAL_IPV6: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """The URL may not be called, or gave no answer. The message is a reason for people that continues "<URL> …" and holds no secret."""


class Silent(Refused):
    """It could not be reached, or did not answer in time: not because of what it was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """status: as it came; a redirect is an answer like any other and never followed. retry_after: seconds, 0 if it names none."""

    status: int
    body: bytes
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class _Target:
    secure: bool
    host: str
    port: int
    path: str
    netloc: str
    loopback: bool


def forget() -> None:
    """Read the authorities that certificates are held against anew."""
    _context.cache_clear()


def check(url: str) -> None:
    """Whether this URL may be saved as one that we shall call: public by its look, nothing is resolved.

    Raises:
        Refused: with the reason.
    """
    _target(url)


def fetch(url: str, *, limit: int, seconds: float = PATIENCE_SECONDS) -> bytes:
    """GET: the body of an answer with status 200, of at most `limit` bytes, within so many seconds altogether.

    Raises:
        Refused: the URL may not be called, or did not answer so.
    """
    answer = get(url, {}, limit=limit, seconds=seconds)
    if answer.status != http.client.OK:
        raise Refused(f"answers {answer.status}")
    return answer.body


def get(url: str, headers: Mapping[str, str], *, limit: int, seconds: float = PATIENCE_SECONDS) -> Answer:
    """GET, within so many seconds altogether: an answer of any status, with a body of at most `limit` bytes.

    Raises:
        Refused: the URL may not be called, or did not answer.
    """
    return _exchange("GET", url, None, headers, limit, seconds)


def post(url: str, body: bytes, headers: Mapping[str, str], *, limit: int = 0, seconds: float = PATIENCE_SECONDS) -> Answer:
    """POST, within so many seconds altogether. limit: of the answer's body in bytes; with 0 it is not read and empty.

    Raises:
        Refused: the URL may not be called, or did not answer (Silent, as it says). The request may have arrived nevertheless.
    """
    return _exchange("POST", url, body, headers, limit, seconds)


def _target(url: str) -> _Target:
    _check_text(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("is not a URI") from None
    if "@" in parts.netloc:
        raise Refused("has user information")
    loopback = _is_loopback(host) and _on_a_laptop()
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        raise Refused("must be https")
    if not loopback:
        _check_host(host, bracketed="[" in parts.netloc)
    secure = parts.scheme == "https"
    port = (443 if secure else 80) if port is None else port
    if port != 443 and (port < _FIRST_FREE_PORT or port in _SERVICE_PORTS):
        raise Refused(f"has port {port}, where other services listen")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(secure, host, port, path, parts.netloc, loopback)


def _check_text(url: str) -> None:
    if len(url) > LONGEST_URL:
        raise Refused(f"is longer than {LONGEST_URL} characters")
    # Before it is parsed: urlsplit drops line breaks, and parsers differ over backslashes.
    if any(not "!" <= character <= "~" or character in '"<>\\^`{|}' for character in url):
        raise Refused("has characters that no URI may have")
    if "#" in url:
        raise Refused("has a fragment")


def _check_host(host: str, *, bracketed: bool) -> None:
    address = _as_address(host)
    if address is not None:
        if not _is_public(address):
            raise Refused("leads to an address that is not public")
    elif bracketed or not _NAME.fullmatch(host):
        raise Refused("has no host name that is known everywhere")
    elif host.endswith(_PRIVATE_NAMES):
        raise Refused("has a host name of a private network")


def _as_address(host: str) -> Address | None:
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_IPV6:
        return False
    return address.is_global and not address.is_multicast


def _is_loopback(host: str) -> bool:
    address = _as_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _on_a_laptop() -> bool:
    return urlsplit(settings().issuer).hostname == "localhost"


def _exchange(method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int, seconds: float) -> Answer:
    target, ends, reached = _target(url), time.monotonic() + seconds, False
    try:
        with _connected(target, ends) as connected:
            reached = True
            wire = _Wire(connected, ends, limit + _HEAD_BYTES)
            _send(wire, method, target, body, headers)
            with http.client.HTTPResponse(wire, method=method) as response:  # type: ignore[arg-type]  # a socket as far as it is used
                response.begin()
                return Answer(response.status, _body(response, limit) if limit else b"", _seconds(response.getheader("retry-after", "")))
    except TimeoutError:
        raise Silent(f"did not answer within {seconds:g} s") from None
    except ssl.SSLCertVerificationError:
        raise Refused("has a certificate that does not hold for its host") from None
    except (OSError, http.client.HTTPException) as error:
        # Whoever hangs up in the middle may do so because of what was asked.
        raise (Refused if reached else Silent)(f"could not be reached: {type(error).__name__}") from None


def _connected(target: _Target, ends: float) -> socket.socket:
    trouble: OSError = ConnectionError()
    addresses = _resolved(target, ends)
    for number, (family, address) in enumerate(addresses):
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            # One that is silent leaves time for the others.
            connected.settimeout(_left(ends) / (len(addresses) - number))
            connected.connect(address)
            connected.settimeout(_left(ends) / (len(addresses) - number))
            return _context().wrap_socket(connected, server_hostname=target.host) if target.secure else connected
        except OSError as error:
            connected.close()
            trouble = error
    raise trouble


def _resolved(target: _Target, ends: float) -> list[tuple[socket.AddressFamily, Any]]:
    """Every address of the host; all of them must be such as may be called, or none is."""
    found: list[tuple[socket.AddressFamily, Any]] = []

    def resolve() -> None:
        try:
            entries = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend((family, address) for family, *_, address in entries)

    # The resolver knows no time-out of its own.
    waiting = threading.Thread(target=resolve, daemon=True)
    waiting.start()
    waiting.join(_left(ends))
    addresses = [ipaddress.ip_address(str(address[0]).partition("%")[0]) for _, address in found]
    if not addresses:
        raise Silent("has a host name that does not resolve")
    # The suite for certification calls this machine by a public name of its own.
    here = _on_a_laptop() and all(address.is_loopback for address in addresses)
    if not here and (target.loopback or not all(map(_is_public, addresses))):
        raise Refused("leads to an address that is not public")
    return found


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _send(wire: "_Wire", method: str, target: _Target, body: bytes | None, headers: Mapping[str, str]) -> None:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.auto_open = 0
    connection.sock = wire  # a socket as far as it is used
    given = {"host": target.netloc, "user-agent": "Gatehouse", "accept": "*/*", "connection": "close"}
    connection.request(method, target.path, body, given | dict(headers))


def _body(response: http.client.HTTPResponse, limit: int) -> bytes:
    body = response.read(limit + 1)
    if len(body) > limit:
        _too_much()
    if response.length:
        raise http.client.IncompleteRead(body)
    return body


def _seconds(retry_after: str) -> int:
    """Of its two forms (RFC 9110 10.2.3) the one that needs no clock of theirs."""
    return int(retry_after) if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 10 else 0


def _too_much() -> NoReturn:
    raise Refused("answers with more than is taken")


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Wire(io.RawIOBase):
    """A connection for http.client that ends with the deadline and after so many bytes, however slowly and in whatever form they come."""

    def __init__(self, connected: socket.socket, ends: float, most: int) -> None:
        super().__init__()
        self._connected, self._ends, self._most = connected, ends, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connected.settimeout(_left(self._ends))
        count = self._connected.recv_into(buffer)
        self._most -= count
        if self._most < 0:
            _too_much()
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def sendall(self, data: bytes) -> None:
        self._connected.settimeout(_left(self._ends))
        self._connected.sendall(data)
