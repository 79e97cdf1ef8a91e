"""HTTP/1.1 over connections that are kept open, as far as the local gateway speaks it: one request and answer after the other."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

_ANSWER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: names in small letters, of those that repeat the last. cookies: what each sets, name=value."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes


@dataclass(slots=True)
class Connection:
    """To the issuer. Opened when first used, and again when the other end has closed it."""

    issuer: str
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, init=False)

    async def send(
        self, method: str, target: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request, which is not repeated, and return the answer.

        Raises:
            OSError, EOFError, TimeoutError: there was none, or not wholly.
        """
        body = urlencode(form).encode() if form is not None else b""
        given = {"host": urlsplit(self.issuer).netloc, "content-length": str(len(body)), **(headers or {})}
        if form is not None:
            given["content-type"] = "application/x-www-form-urlencoded"
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self._exchanged(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _exchanged(self, message: bytes) -> Answer:
        if self._streams is None:
            parts = urlsplit(self.issuer)
            self._streams = await asyncio.open_connection(parts.hostname, parts.port)
        reader, writer = self._streams
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        headers = dict(pairs)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        cookies = tuple(value.partition(";")[0] for name, value in pairs if name == "set-cookie")
        return Answer(int(first.split(" ")[1]), headers, cookies, body)
