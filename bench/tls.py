"""TLS in front of the emulator, which speaks plain HTTP: so that a start pays for it as on AWS."""

import asyncio
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench import certificates


@contextmanager
def before(endpoint: str) -> Iterator[dict[str, str]]:
    """Answer by TLS in the name of an endpoint. Yields the variables of processes that shall go there, and trust it."""
    with tempfile.TemporaryDirectory() as folder:
        certificates.make(Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(folder) / "server.pem")
        with asyncio.Runner() as runner:
            front = _Front(urlsplit(endpoint).port)
            port = runner.run(front.begin(context))
            thread = threading.Thread(target=runner.run, args=(front.ended.wait(),))
            thread.start()
            try:
                yield {"AWS_ENDPOINT_URL": f"https://localhost:{port}", "AWS_CA_BUNDLE": str(Path(folder) / "ca.pem")}
            finally:
                runner.get_loop().call_soon_threadsafe(front.ended.set)
                thread.join()
                runner.run(front.end())


class _Front:
    """A server that passes everything on to a port of this machine, and back."""

    def __init__(self, port: int | None) -> None:
        self.ended = asyncio.Event()
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None] | None, tuple[asyncio.StreamWriter, ...]] = {}

    async def begin(self, context: ssl.SSLContext) -> int:
        """Listen. Answers the port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def end(self) -> None:
        """Close what is open."""
        assert self._server is not None
        self._server.close()
        connections = dict(self._open)
        for writer in (writer for both in connections.values() for writer in both):
            writer.transport.abort()
        await asyncio.gather(*(task for task in connections if task))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_behind, to_behind = await asyncio.open_connection("127.0.0.1", self._port)
        self._open[asyncio.current_task()] = (writer, to_behind)
        await asyncio.gather(_passed_on(reader, to_behind), _passed_on(from_behind, writer))
        del self._open[asyncio.current_task()]


async def _passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except OSError:
        # Whoever was started is gone, which is how each of these connections ends.
        pass
    finally:
        writer.close()
