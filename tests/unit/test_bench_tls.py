"""What is measured to start is measured over TLS: what is sent there comes out in front of the emulator."""

import ssl
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from bench import tls


class Emulator(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["host"].encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the test's own output is enough."""


def test_requests_over_tls_arrive_as_they_were_sent_and_only_with_its_authority() -> None:
    with HTTPServer(("127.0.0.1", 0), Emulator) as emulator:
        thread = Thread(target=emulator.serve_forever)
        thread.start()
        try:
            with tls.before(f"http://127.0.0.1:{emulator.server_port}") as variables:
                url, trusting = variables["AWS_ENDPOINT_URL"], ssl.create_default_context(cafile=variables["AWS_CA_BUNDLE"])
                for _ in range(2):
                    with urllib.request.urlopen(url, context=trusting, timeout=5) as answer:
                        assert answer.read().decode() == url.removeprefix("https://")
                with pytest.raises(OSError, match="certificate verify failed"):
                    urllib.request.urlopen(url, timeout=5)
        finally:
            emulator.shutdown()
            thread.join()
