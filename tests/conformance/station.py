"""What an application has on the network for the provider to call: where it is told of sign-outs, and where its keys are."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.conformance.browser import once


@dataclass(frozen=True, slots=True)
class Notice:
    """What was posted. content_type: without its parameters."""

    path: str
    content_type: str
    form: dict[str, str]


@dataclass(frozen=True, slots=True)
class Station:
    """notices: everything that was posted. documents: JSON to answer GET with, by path."""

    url: str
    notices: "queue.Queue[Notice]" = field(default_factory=queue.Queue)
    documents: dict[str, Any] = field(default_factory=dict)

    def awaited(self, wanted: Callable[[Notice], bool], *, seconds: float) -> Notice:
        """The first notice that is wanted; others are dropped.

        Raises:
            queue.Empty: none came in time.
        """
        ends = time.monotonic() + seconds
        while True:
            notice = self.notices.get(timeout=max(0.01, ends - time.monotonic()))
            if wanted(notice):
                return notice


@contextmanager
def listening(address: str) -> Iterator[Station]:
    """Listen at host:port until the block ends."""
    station = Station(f"http://{address}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            station.notices.put(Notice(self.path, self.headers.get_content_type(), once(body)))
            self._answer(200, b"")

        def do_GET(self) -> None:
            found = station.documents.get(self.path)
            self._answer(404 if found is None else 200, json.dumps(found).encode())

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("cache-control", "no-store")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield station
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
