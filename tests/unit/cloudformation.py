"""CloudFormation as custom resources of ours see it: asks a function, and waits for an answer at an address that it signed."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from gatehouse.settings import settings
from tests.unit.conftest import context, function

IDS = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Resource"}


class _Answers(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.answers.append((self.path, self.headers["content-type"], json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name of the base class
        pass


def deployed(name: str, kind: str, properties: dict[str, Any] | None = None, before: dict[str, Any] | None = None) -> dict[str, str]:
    """What the function of that name answers to a request of that kind. before: the properties until now, for an update."""
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    server.answers = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/answer?signature=x"
        _stand_in(url)
        event = {"RequestType": kind, "ResponseURL": url, "ResourceProperties": properties or {}, **IDS}
        function(name)(event | ({"OldResourceProperties": before} if before else {}), context())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        _stand_in("")
    [(path, media_type, answer)] = server.answers  # type: ignore[attr-defined]
    # The signature of the address covers an empty content type.
    assert (path, media_type) == ("/answer?signature=x", "")
    assert {name: answer[name] for name in IDS} == IDS
    told: dict[str, str] = answer
    return told


def _stand_in(url: str) -> None:
    """What has this address is AWS as far as settings tell, and nothing is otherwise: no client is made meanwhile that looks there."""
    os.environ["AWS_ENDPOINT_URL"] = url
    settings.cache_clear()
    settings()
    del os.environ["AWS_ENDPOINT_URL"]
