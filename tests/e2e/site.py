"""An application's own origin: a folder of files on http://localhost, on a free port."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What is served: path (without its query) to media type and content.
Files = Mapping[str, tuple[str, bytes]]

_PAGE = b'<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Example App</title><p>Welcome.</p></html>'
BLANK: Files = dict.fromkeys(("/", "/callback", "/signed-out"), ("text/html", _PAGE))


@contextmanager
def serving(files: Files) -> Iterator[str]:
    """Serve until the block ends. Gives the origin. Entries may be added meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = files.get(self.path.partition("?")[0])
            self.send_response(200 if found else 404)
            media_type, content = found or ("text/plain", b"not found")
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def as_json(value: Any) -> tuple[str, bytes]:
    return "application/json", json.dumps(value).encode()
