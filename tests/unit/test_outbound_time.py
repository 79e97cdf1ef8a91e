"""No server has more of our time than it was given, whatever it does with it (rows 92, F12)."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse import outbound

pytestmark = pytest.mark.row(92)


@contextlib.contextmanager
def dripping() -> Iterator[str]:
    """A server that sends a header field byte by byte and never comes to an end."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
                while not ended.wait(0.05):
                    connection.sendall(b"y")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def test_a_server_that_drips_does_not_stretch_the_time(laptop: None) -> None:
    started = time.monotonic()

    with dripping() as url, pytest.raises(outbound.Refused, match=r"did not answer within 0.5 s"):
        outbound.post(url, b"", {}, seconds=0.5)

    assert time.monotonic() - started < 2


def test_a_handshake_has_what_connecting_left_of_the_time(laptop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def slowly(self: socket.socket, address: Any) -> None:
        time.sleep(0.7)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", slowly)
    # It takes the connection and says nothing.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(outbound.Silent, match=r"did not answer within 1 s"):
            outbound.post(f"https://127.0.0.1:{silent.getsockname()[1]}/", b"", {}, seconds=1)

    assert time.monotonic() - started < 1.4
