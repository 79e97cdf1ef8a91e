"""A request goes to the public address that was checked and nowhere else, whatever a resolver or a server tries (rows 92, F12)."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatehouse import outbound
from tests.receiver import Receiver, receiving
from tests.unit.certificates import certificate_for

pytestmark = pytest.mark.row(92)
PUBLIC = "93.184.216.34"
URL = "https://rp.example.com/back?x=1"


@pytest.fixture
def receiver(laptop: None) -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str] | OSError) -> list[str]:
    """The resolver gives these addresses, one list per question. What is then connected to ends there. Gives the addresses connected to."""
    waiting, connected = list(answers), []

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        answer = waiting.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answer]

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        connected.append(f"{address[0]} {address[1]}")
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return connected


@pytest.mark.parametrize("beside", [[], [PUBLIC]])
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "fd00::1", "fe80::1%eth0", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
)
def test_a_name_with_any_address_that_is_not_public_is_never_connected_to(
    monkeypatch: pytest.MonkeyPatch, address: str, beside: list[str]
) -> None:
    connected = resolving(monkeypatch, [*beside, address])

    with pytest.raises(outbound.Refused, match="leads to an address that is not public"):
        outbound.fetch(URL, limit=1000)

    assert connected == []


def test_a_name_is_resolved_once_and_connected_to_where_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    outbound.check(URL)
    connected = resolving(monkeypatch, [PUBLIC], ["127.0.0.1"])

    with pytest.raises(outbound.Refused, match="could not be reached: ConnectionRefusedError"):
        outbound.fetch(URL, limit=1000)

    assert connected == [f"{PUBLIC} 443"]


def test_when_one_address_is_silent_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolving(monkeypatch, ["2606:2800:220:1::1", PUBLIC])

    with pytest.raises(outbound.Refused):
        outbound.fetch("https://rp.example.com:8443/", limit=1000)

    assert connected == ["2606:2800:220:1::1 8443", f"{PUBLIC} 8443"]


def test_a_name_that_does_not_resolve_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, socket.gaierror("no such host"))

    with pytest.raises(outbound.Refused, match="does not resolve"):
        outbound.fetch(URL, limit=1000)


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()

    def resolve(*_: object, **__: object) -> None:
        hanging.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    started = time.monotonic()

    with pytest.raises(outbound.Refused, match="does not resolve"):
        outbound.fetch(URL, limit=1000, seconds=0.2)

    assert time.monotonic() - started < 2
    hanging.set()


def test_on_a_laptop_localhost_must_not_lead_away_from_it_nor_a_name_half_way_to_it(laptop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolving(monkeypatch, [PUBLIC], ["127.0.0.1", PUBLIC], ["127.0.0.1", "10.0.0.1"])

    for url in ("http://localhost:9999/", URL, URL):
        with pytest.raises(outbound.Refused, match="not public"):
            outbound.fetch(url, limit=1000)

    assert connected == []


def test_on_a_laptop_a_public_name_for_it_may_be_called(laptop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolving(monkeypatch, ["127.0.0.1"])

    with pytest.raises(outbound.Refused, match="could not be reached"):
        outbound.fetch(URL, limit=1000)

    assert connected == ["127.0.0.1 443"]


def test_a_post_arrives_as_it_was_given(receiver: Receiver) -> None:
    answer = outbound.post(f"{receiver.url}/back?tenant=1", b"a=b", {"content-type": "text/plain"})

    ((headers, body),) = receiver.requests
    assert (answer.status, answer.body, body) == (200, b"", "a=b")
    assert headers["host"] == receiver.url.removeprefix("http://")
    assert headers["content-type"] == "text/plain"
    assert "cookie" not in headers and "authorization" not in headers


def test_a_proxy_in_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert outbound.post(receiver.url, b"", {}).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answers += [status, status]

    assert outbound.post(receiver.url, b"", {}).status == status
    with pytest.raises(outbound.Refused, match=f"answers {status}"):
        outbound.fetch(receiver.url, limit=1000)
    assert len(receiver.requests) == 2


def body(length: int, declared: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (length if declared is None else declared) + b"x" * length


def chunked(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (length, b"x" * length)


def test_what_fits_is_fetched(receiver: Receiver) -> None:
    receiver.answers += [body(1000), chunked(1000), b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000]

    assert [outbound.fetch(receiver.url, limit=1000) for _ in range(3)] == [b"x" * 1000] * 3


@pytest.mark.parametrize(
    "answer",
    [
        body(1001),
        body(1001, declared=10**12),
        chunked(1001),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\n" + b"x-filler: %s\r\n" % (b"y" * 1000) * 90 + b"\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1;%s\r\nx\r\n" % (b"e" * 9000) * 30 + b"0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    ],
    ids=["long", "longer still", "chunked", "until the end", "headers", "chunk extensions", "continue"],
)
def test_a_flood_is_cut_off(receiver: Receiver, answer: bytes) -> None:
    receiver.answers.append(answer)

    with pytest.raises(outbound.Refused, match="answers with more than is taken"):
        outbound.fetch(receiver.url, limit=1000)


def test_what_is_not_read_cannot_be_too_much(receiver: Receiver) -> None:
    receiver.answers.append(body(1_000_000))

    assert outbound.post(receiver.url, b"", {}) == outbound.Answer(200, b"")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.9\r\n", b"+PONG\r\n", b"HTTP/1.1 2000 Very\r\n\r\n", body(10, declared=100)])
def test_what_is_no_answer_of_http_is_a_refusal(receiver: Receiver, answer: bytes) -> None:
    receiver.answers.append(answer)

    with pytest.raises(outbound.Refused, match="could not be reached"):
        outbound.fetch(receiver.url, limit=1000)


def test_silence_is_waited_for_only_so_long(receiver: Receiver) -> None:
    receiver.answers.append(30.0)
    started = time.monotonic()

    with pytest.raises(outbound.Refused, match=r"did not answer within 0.3 s"):
        outbound.post(receiver.url, b"", {}, seconds=0.3)

    assert time.monotonic() - started < 2


@contextlib.contextmanager
def secure_server(folder: Path, host: str) -> Iterator[tuple[int, Path]]:
    """A TLS server with a certificate for `host`; its port, and the file of the authority that signed."""
    authority, chain, key = certificate_for(host, folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    raw, _ = server.accept()
                    with contextlib.suppress(OSError), raw, context.wrap_socket(raw, server_side=True) as connection:
                        connection.recv(65_536)
                        connection.sendall(body(3))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], authority
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


MISTRUSTED = "has a certificate that does not hold for its host"


@pytest.mark.parametrize(
    ("called", "host", "trusted", "reason"),
    [
        ("localhost", "localhost", True, ""),
        ("localhost", "localhost", False, MISTRUSTED),
        ("localhost", "rp.example.com", True, MISTRUSTED),
        ("127.0.0.1", "localhost", True, MISTRUSTED),
    ],
)
def test_a_certificate_must_be_trusted_and_name_the_host(
    laptop: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, called: str, host: str, trusted: bool, reason: str
) -> None:
    with secure_server(tmp_path, host) as (port, authority):
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        outbound.forget()
        if reason:
            with pytest.raises(outbound.Refused, match=reason):
                outbound.fetch(f"https://{called}:{port}/", limit=10)
        else:
            assert outbound.fetch(f"https://{called}:{port}/", limit=10) == b"xxx"
    outbound.forget()


def test_a_refusal_never_repeats_what_the_url_holds(receiver: Receiver) -> None:
    receiver.answers += [500]

    with pytest.raises(outbound.Refused) as refused:
        outbound.fetch(f"{receiver.url}/back?key=secret", limit=10)

    assert "secret" not in str(refused.value)
