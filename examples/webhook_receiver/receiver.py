"""What a webhook's receiver has to do, with nothing but Python's standard library: verify, drop what it knows already, act on the rest.

    WEBHOOK_SECRETS="whsec_… whsec_…" python examples/webhook_receiver/receiver.py 9000

prints each event once. Several secrets count at the same time, so that a rotation loses nothing.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# How far the sender's clock may be from ours. Each attempt has a timestamp of its own, so that a repeat is never too old.
TOLERANCE_SECONDS = 300
LARGEST_BODY_BYTES = 1_000_000
PREFIX = "whsec_"


class Untrusted(Exception):
    """Whoever sent this does not have the secret, changed something on the way, or repeats what was sent long ago."""


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: float) -> str:
    """The id of the event, if the signature is made with one of the secrets and is fresh (Standard Webhooks 1.0).

    headers: by their names in small letters. body: as it arrived, to the byte.
    """
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not event_id or not (timestamp.isascii() and timestamp.isdecimal()):
        raise Untrusted("not signed")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Untrusted("stale")
    signed = f"{event_id}.{timestamp}.".encode() + body
    given = [
        value for version, _, value in (entry.partition(",") for entry in headers.get("webhook-signature", "").split()) if version == "v1"
    ]
    expected = [hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256) for secret in secrets]
    # All are compared, each in constant time: how long this takes tells nobody which one came close.
    fits = [hmac.compare_digest(base64.b64encode(one), value.encode()) for one in expected for value in given]
    if not any(fits):
        raise Untrusted("wrong signature")
    return event_id


class Inbox:
    """Takes each event once. act: what is to be done; where it fails, the event comes again. path: of a SQLite file that knows the ids."""

    def __init__(self, secrets: Sequence[str], act: Callable[[dict[str, Any]], None], path: str = ":memory:") -> None:
        self.secrets = list(secrets)
        self._act = act
        self._lock = threading.Lock()
        self._known = sqlite3.connect(path, check_same_thread=False)
        self._known.execute("CREATE TABLE IF NOT EXISTS known (id TEXT PRIMARY KEY, at REAL)")

    def receive(self, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> int:
        """The status to answer with: 204 also for an event that is known already, or it would come again."""
        at = time.time() if now is None else now
        try:
            event_id = verify(self.secrets, headers, body, now=at)
        except Untrusted:
            return 401
        # One transaction: an event is known exactly if it was acted upon. Where `act` writes to a database, let that one know the ids.
        with self._lock, self._known:
            if self._known.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", (event_id, at)).rowcount:
                self._act(json.loads(body))
        return 204

    def close(self) -> None:
        self._known.close()


def serve(inbox: Inbox, port: int = 0) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 for the inbox; port 0 takes a free one. Run its serve_forever()."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > LARGEST_BODY_BYTES:
                self._answer(413)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status = inbox.receive(headers, self.rfile.read(length))
            except Exception:
                # Whatever was to be done failed: the event comes again.
                self._answer(500)
                raise
            self._answer(status)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """Print the events that arrive."""
    inbox = Inbox(os.environ["WEBHOOK_SECRETS"].split(), lambda event: print(json.dumps(event), flush=True), "known-events.sqlite")
    server = serve(inbox, int(sys.argv[1]) if len(sys.argv) > 1 else 9000)
    print(f"listening on http://localhost:{server.server_port}", file=sys.stderr)
    server.serve_forever()


if __name__ == "__main__":
    main()
