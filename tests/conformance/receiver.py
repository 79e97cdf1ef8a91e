"""Where an application is told by the provider itself that somebody signed out (OpenID Connect Back-Channel Logout 1.0)."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.conformance.browser import once


@dataclass(frozen=True, slots=True)
class Notice:
    """What was posted. content_type: without its parameters."""

    path: str
    content_type: str
    form: dict[str, str]


@contextmanager
def listening(address: str) -> Iterator["queue.Queue[Notice]"]:
    """Listen at host:port until the block ends; every notice is put into the queue."""
    notices: queue.Queue[Notice] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            notices.put(Notice(self.path, self.headers.get_content_type(), once(body)))
            self.send_response(200)
            self.send_header("cache-control", "no-store")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield notices
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def awaited(notices: "queue.Queue[Notice]", wanted: Callable[[Notice], bool], *, seconds: float) -> Notice:
    """The first notice that is wanted; others are dropped.

    Raises:
        queue.Empty: none came in time.
    """
    ends = time.monotonic() + seconds
    while True:
        notice = notices.get(timeout=max(0.01, ends - time.monotonic()))
        if wanted(notice):
            return notice
