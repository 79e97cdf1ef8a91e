"""DynamoDB and KMS of MiniStack over TLS without its web server: runs in the emulator's own environment, from nothing but memory.

Its web server takes 2 ms for an answer, in which the processor of whoever waits grows cold; and it checks signatures and policies, which no
figure here is about. What an operation is answered, MiniStack decides alone.
"""

import asyncio
import importlib
import ssl
import sys
import uuid
import zlib
from typing import Any

_SERVICES: dict[str, Any] = {
    "DynamoDB_20120810": importlib.import_module("ministack.services.dynamodb"),
    "TrentService": importlib.import_module("ministack.services.kms"),
}


async def _answer(head: bytes, body: bytes) -> bytes:
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    service = _SERVICES[headers["x-amz-target"].partition(".")[0]]
    status, told, content = await service.handle_request("POST", "/", headers, body, {})
    content = content.encode() if isinstance(content, str) else content
    # With the headers that AWS sends, so that there is as much to read.
    about = {
        "Server": "Server",
        "Content-Type": told.get("Content-Type", "application/x-amz-json-1.0"),
        "Content-Length": str(len(content)),
        "Connection": "keep-alive",
        "x-amzn-RequestId": uuid.uuid4().hex.upper(),
        "x-amz-crc32": str(zlib.crc32(content)),
    }
    return "".join([f"HTTP/1.1 {status} Told\r\n", *(f"{name}: {value}\r\n" for name, value in about.items()), "\r\n"]).encode() + content


async def _connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0
            body = await reader.readexactly(length)
            writer.write(await _answer(head[:-4], body))
    except (asyncio.IncompleteReadError, OSError):
        writer.close()


async def _serve(port: int, certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(_connected, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
