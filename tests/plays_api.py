"""Somebody else's API on this machine: tells how often a person has played a song, to whoever shows a token for it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

AUDIENCE = "https://plays.example.com"


@dataclass
class PlaysApi:
    """told: what it tells of each person, by id; of others it answers 404.

    answers: what it sends instead, in turn: a status, seconds to keep silent for, or a body with 200. requests: path and header fields.
    """

    url: str
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[int | float | bytes] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def of_people(self) -> str:
        """Its URL as the configuration of the hook has it."""
        return f"{self.url}/people/{{user_id}}"

    @property
    def token(self) -> str:
        """What the last request showed."""
        return self.requests[-1][1]["authorization"].removeprefix("Bearer ")


@contextmanager
def serving() -> Iterator[PlaysApi]:
    """Listen until the block ends."""
    silence = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answer = api.answers.pop(0) if api.answers else None
            if isinstance(answer, float):
                silence.wait(answer)
            told = api.told.get(unquote(self.path.removeprefix("/people/")))
            body = answer if isinstance(answer, bytes) else json.dumps(told or {}).encode()
            self.send_response(answer if isinstance(answer, int) else 200 if told is not None or answer is not None else 404)
            self.send_header("location", f"{api.url}/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            # Who asked may have had enough.
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api = PlaysApi(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield api
    finally:
        silence.set()
        server.shutdown()
        thread.join()
        server.server_close()
