"""An application's back-channel on this machine: takes logout tokens over HTTP and answers as it is told."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

# A status to answer with, seconds to keep silent for, or bytes to send as they are.
Answer = int | float | bytes


@dataclass
class Receiver:
    """url: where it listens. requests: header fields and body of each request, in order. answers: for each in turn, then 200."""

    url: str
    answers: list[Answer]
    requests: list[tuple[dict[str, str], str]] = field(default_factory=list)

    @property
    def logout_tokens(self) -> list[str]:
        """The one parameter of each request."""
        forms = [parse_qs(body, strict_parsing=True) for _, body in self.requests]
        assert all(form.keys() == {"logout_token"} for form in forms)
        return [token for form in forms for token in form["logout_token"]]

    def wait(self, count: int, *, seconds: float = 15) -> None:
        """Until so many requests have come."""
        ends = time.monotonic() + seconds
        while len(self.requests) < count and time.monotonic() < ends:
            time.sleep(0.05)


@contextmanager
def receiving(answers: Sequence[Answer] = ()) -> Iterator[Receiver]:
    """Listen until the block ends."""
    silence = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self._answer(receiver.answers.pop(0) if receiver.answers else 200)

        def do_GET(self) -> None:
            receiver.requests.append((dict(self.headers.items()), ""))
            self._answer(receiver.answers.pop(0) if receiver.answers else 200)

        def _answer(self, answer: Answer) -> None:
            if isinstance(answer, bytes):
                self.wfile.write(answer)
                return
            if isinstance(answer, float):
                silence.wait(answer)
                return
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("location", f"{receiver.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://localhost:{server.server_port}", list(answers))
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield receiver
    finally:
        silence.set()
        server.shutdown()
        thread.join()
        server.server_close()
