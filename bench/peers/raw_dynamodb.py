"""DynamoDB for the floor: one signed request over one kept TLS connection. What was closed is opened anew, and nothing else repeated."""

import hashlib
import hmac
import json
import socket
import ssl
import time
from typing import Any


class Refused(Exception):
    """DynamoDB answered with an error, whose body is the argument."""


class Database:
    """A connection. Requests are signed by Signature Version 4 in the name of the emulator's test credentials."""

    def __init__(self, host: str, port: int, ca_file: str, region: str) -> None:
        self.address = (host, port)
        self.context = ssl.create_default_context(cafile=ca_file)
        self.socket = self._connected()
        self.host = f"{host}:{port}"
        self.region = region
        self.day = ""
        self.key = b""

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call an operation, as UpdateItem.

        Raises:
            Refused: DynamoDB answered with an error.
        """
        body = json.dumps(parameters).encode()
        request = self._signed(f"DynamoDB_20120810.{operation}", body) + body
        try:
            self.socket.sendall(request)
            status, answered = self._received()
        except OSError:
            # The emulator ends a connection after its thousandth answer, and one that nothing comes over for some seconds.
            self.socket = self._connected()
            self.socket.sendall(request)
            status, answered = self._received()
        if status != b"200":
            raise Refused(answered)
        told: dict[str, Any] = json.loads(answered)
        return told

    def _connected(self) -> ssl.SSLSocket:
        plain = socket.create_connection(self.address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context.wrap_socket(plain, server_hostname=self.address[0])

    def _signed(self, target: str, body: bytes) -> bytes:
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        if at[:8] != self.day:
            self._begin_day(at[:8])
        digest = hashlib.sha256(body).hexdigest()
        lines = f"host:{self.host}\nx-amz-date:{at}\nx-amz-target:{target}\n"
        canonical = f"POST\n/\n\n{lines}\nhost;x-amz-date;x-amz-target\n{digest}"
        scope = f"{self.day}/{self.region}/dynamodb/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self.key, text.encode(), "sha256").hex()
        return (
            f"POST / HTTP/1.1\r\nhost: {self.host}\r\nx-amz-date: {at}\r\nx-amz-target: {target}\r\n"
            f"content-type: application/x-amz-json-1.0\r\ncontent-length: {len(body)}\r\n"
            f"authorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host;x-amz-date;x-amz-target, "
            f"Signature={signature}\r\n\r\n"
        ).encode()

    def _begin_day(self, day: str) -> None:
        key = b"AWS4test"
        for part in (day, self.region, "dynamodb", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self.day, self.key = day, key

    def _received(self) -> tuple[bytes, bytes]:
        data = self.socket.recv(65536)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        at = head.index(b"content-length:") + 15
        line = head.find(b"\r\n", at)
        whole = end + 4 + int(head[at : line if line > 0 else end])
        while len(data) < whole:
            data += self._more()
        return data[9:12], data[end + 4 : whole]

    def _more(self) -> bytes:
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionResetError("DynamoDB has closed the connection")
        return piece
