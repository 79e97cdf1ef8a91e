"""HTTP/1.1 on this machine, over TLS if so wanted: reads requests within API Gateway's limits, writes answers, keeps connections open."""

import contextlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from local.gateway.events import Answer, Received
from local.gateway.requests import BAD_REQUEST, BODY_TOO_LARGE, HEADERS_TOO_LARGE, LARGEST_BODY, LARGEST_HEADERS


class BodyTooLarge(Exception):
    """More than API Gateway takes."""


HANDSHAKE_SECONDS = 10


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 only. tls: what it speaks before HTTP, if anything."""

    daemon_threads = True
    request_queue_size = 128
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, in its own thread: a caller that is slow or speaks something else holds up nobody but itself."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(HANDSHAKE_SECONDS)
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)
            # Say goodbye without waiting for the answer; callers take an end without it for an attack.
            secured.settimeout(0)
            with contextlib.suppress(OSError):
                secured.unwrap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no news, one that speaks no TLS or trusts us not is a line."""
        error = sys.exception()
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            print(f"no TLS with {client_address[0]}: {error.reason}", flush=True)
        elif not isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
            super().handle_error(request, client_address)


class Server6(Server):
    """The same for clients to whom localhost is ::1."""

    address_family = socket.AF_INET6


class Handler(BaseHTTPRequestHandler):
    """One connection; `serve` turns each request into its answer."""

    protocol_version = "HTTP/1.1"
    timeout = 75
    wbufsize = -1
    disable_nagle_algorithm = True
    serve: ClassVar[Callable[[Received], Answer]]

    def _answer(self) -> None:
        started = time.monotonic()
        result = self._result()
        self.send_response(result.status)
        for name, value in result.headers:
            self.send_header(name, value)
        if result.status not in (204, 304):
            self.send_header("content-length", str(len(result.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(result.body)
        # Without the query: it carries codes.
        path = self.path.partition("?")[0]
        print(f"{self.command} {path} {result.status} {(time.monotonic() - started) * 1000:.0f} ms", flush=True)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _result(self) -> Answer:
        headers = [(name, value) for name, value in self.headers.items()]
        size = len(self.requestline) + sum(len(name) + len(value) + 4 for name, value in headers)
        try:
            body = self._body()
        except BodyTooLarge:
            self.close_connection = True
            return BODY_TOO_LARGE
        except ValueError:
            self.close_connection = True
            return BAD_REQUEST
        if size > LARGEST_HEADERS:
            return HEADERS_TOO_LARGE
        port = int(self.connection.getsockname()[1])
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        received = Received(self.command, self._target(), headers, body, self.client_address[0], port, scheme)
        return type(self).serve(received)

    def _target(self) -> str:
        """Path and query; a proxy's absolute form loses scheme and host."""
        if self.path.startswith(("http://", "https://")):
            return "/" + self.path.partition("://")[2].partition("/")[2]
        return self.path

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = int(self.headers.get("content-length") or 0)
        if length > LARGEST_BODY:
            raise BodyTooLarge
        return self.rfile.read(length)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(100).partition(b";")[0], 16):
            if len(body) + size > LARGEST_BODY:
                raise BodyTooLarge
            body += self.rfile.read(size)
            self.rfile.readline(3)
        while self.rfile.readline(LARGEST_HEADERS).strip():
            continue
        return body

    def version_string(self) -> str:
        """What the header Server says."""
        return "gatehouse-local"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Nothing: _answer writes the line."""


def listen(port: int, serve: Callable[[Received], Answer], tls: ssl.SSLContext | None = None) -> list[Server]:
    """Serve on localhost:port in threads of their own, until each returned server is shut down."""
    handler = type("BoundHandler", (Handler,), {"serve": staticmethod(serve)})
    servers: list[Server] = [Server(("127.0.0.1", port), handler)]
    # A machine without IPv6 does without.
    with contextlib.suppress(OSError):
        servers.append(Server6(("::1", port), handler))
    for server in servers:
        server.tls = tls
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return servers
