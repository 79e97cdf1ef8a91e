"""The operator's side of hooks on this machine: Lambda's Invoke API and https endpoints, both answered by Python functions of a test."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

REGION, ACCOUNT = "eu-central-1", "123456789012"
_INVOKE = "/2015-03-31/functions/"
# Of the body that Lambda takes back from a function.
LARGEST_ANSWER_BYTES = 6_291_556

Handler = Callable[[dict[str, Any], Any], Any]


class Refused(Exception):
    """Raised by a handler that says no: an exception of the function, or 403 with the message from a URL."""


@dataclass(eq=False)
class Sent(Exception):
    """Raised by a handler: what is sent instead of its answer, as it stands. Without a status, nothing is until the test ends."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Function:
    """A handler that can be called by its ARN and at its URL. calls: the events it got. headers, bodies: of each request to the URL."""

    name: str
    handler: Handler
    url: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return arn_of(self.name)


def arn_of(name: str) -> str:
    """The ARN of a function of this name, whether there is one or not."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


@dataclass
class Service:
    """url: where it listens. functions: by name."""

    url: str = ""
    functions: dict[str, Function] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    def deploy(self, handler: Handler, name: str = "") -> Function:
        name = name or f"function-{len(self.functions) + 1}"
        self.functions[name] = Function(name, handler, f"{self.url}/{name}")
        return self.functions[name]

    def clear(self) -> None:
        """Without functions, as at first. Whoever hangs goes home."""
        self.released.set()
        self.released = threading.Event()
        self.functions.clear()


@contextmanager
def serving() -> Iterator[Service]:
    """Listen until the block ends."""
    service = Service()
    server = _Server(("127.0.0.1", 0), _endpoint(service))
    # Whoever hangs is not waited for.
    server.daemon_threads = True
    service.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield service
    finally:
        service.clear()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    # Whoever calls at the same moment as many others is not turned away.
    request_queue_size = 128


def _endpoint(service: Service) -> type[BaseHTTPRequestHandler]:
    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            path, released = urlsplit(self.path).path, service.released
            body = self.rfile.read(int(self.headers["content-length"]))
            if path.startswith(_INVOKE):
                sent = _invoked(service, unquote(path.removeprefix(_INVOKE)).removesuffix("/invocations"), body)
            else:
                sent = _posted(service, path[1:], body, {name.lower(): value for name, value in self.headers.items()})
            if not sent.status:
                released.wait()
                return
            self._send(sent)

        def _send(self, sent: Sent) -> None:
            self.send_response(sent.status)
            for name, value in {"content-length": str(len(sent.body)), **sent.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            # Who asked may have had enough.
            with suppress(OSError):
                self.wfile.write(sent.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    return Endpoint


def _invoked(service: Service, named: str, body: bytes) -> Sent:
    """As Lambda answers Invoke. named: a function by its name or its ARN, perhaps with a version."""
    function = service.functions.get(named.split(":")[6] if named.startswith("arn:") else named)
    if function is None:
        return error(404, "ResourceNotFoundException", f"Function not found: {named}")
    try:
        answer = _run(function, body)
    except Sent as sent:
        return sent
    except Exception as raised:  # noqa: BLE001  # whatever a function raises is told
        return failure(type(raised).__name__, str(raised), stackTrace=['  File "/var/task/app.py", line 2, in handler\n'])
    try:
        text = json.dumps(answer).encode()
    except TypeError as flaw:
        return failure("Runtime.MarshalError", f"Unable to marshal response: {flaw}", stackTrace=[])
    if len(text) > LARGEST_ANSWER_BYTES:
        largest = f"Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER_BYTES} bytes)."
        return failure("Function.ResponseSizeTooLarge", largest)
    return Sent(200, text, {"X-Amz-Executed-Version": "$LATEST"})


def _posted(service: Service, name: str, body: bytes, headers: dict[str, str]) -> Sent:
    function = service.functions.get(name)
    if function is None:
        return Sent(404)
    function.headers.append(headers)
    function.bodies.append(body)
    try:
        return Sent(200, json.dumps(_run(function, body)).encode(), {"content-type": "application/json"})
    except Sent as sent:
        return sent
    except Refused as refused:
        return Sent(403, json.dumps({"message": str(refused)}).encode())
    except Exception:  # noqa: BLE001  # as a server that does not catch it
        return Sent(500)


def _run(function: Function, body: bytes) -> Any:
    # A copy of its own: handlers change the event that they return.
    function.calls.append(json.loads(body))
    context = SimpleNamespace(
        aws_request_id="8f6cbd24-3b2c-4d0e-9d2e-6a0c7b9d2f10",
        function_name=function.name,
        function_version="$LATEST",
        invoked_function_arn=function.arn,
        memory_limit_in_mb=128,
        get_remaining_time_in_millis=lambda: 3000,
    )
    return function.handler(json.loads(body), context)


def failure(kind: str, message: str, **more: Any) -> Sent:
    """How Lambda tells of a function that did not answer."""
    told = {"errorMessage": message, "errorType": kind, "requestId": "8f6cbd24-3b2c-4d0e-9d2e-6a0c7b9d2f10", **more}
    return Sent(200, json.dumps(told).encode(), {"X-Amz-Function-Error": "Unhandled", "X-Amz-Executed-Version": "$LATEST"})


def error(status: int, code: str, message: str) -> Sent:
    """How Lambda tells that it did not call the function."""
    return Sent(status, json.dumps({"Type": "User", "Message": message}).encode(), {"x-amzn-ErrorType": code})
