"""A wire between a client and NATS that can be cut, and from which single messages can be taken."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlparse


@dataclass(frozen=True, slots=True)
class Frame:
    """One operation of the server: its line, and what follows it for a message."""

    line: bytes
    payload: bytes

    @property
    def stream_message(self) -> bool:
        """Whether it is a message a consumer delivers."""
        return self.line.startswith((b"HMSG", b"MSG")) and b"$JS.ACK." in self.line

    @property
    def publish_ack(self) -> bool:
        """Whether it says that something was stored."""
        return self.line.startswith((b"HMSG", b"MSG")) and b'"stream":' in self.payload and b'"seq":' in self.payload


class NatsWire:
    """A loopback proxy. `passes` sees every frame of the server and says whether it goes through."""

    def __init__(self, target: str) -> None:
        self._target = urlparse(target)
        self._ends: set[asyncio.StreamWriter] = set()
        self.passes: Callable[[Frame], bool] = lambda _: True
        self.open = True
        self.accepted = 0

    @property
    def url(self) -> str:
        """Where clients connect."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"nats://{host}:{port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0, limit=2**24)

    async def stop(self) -> None:
        """Cut and listen no more."""
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Break every connection; what is on its way is lost."""
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def close(self) -> None:
        """Cut, and let nobody in until `open` is set."""
        self.open = False
        self.cut()

    async def _carry(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if not self.open:
            to_client.transport.abort()
            return
        self.accepted += 1
        from_server, to_server = await asyncio.open_connection(self._target.hostname, self._target.port, limit=2**24)
        self._ends |= {to_client, to_server}
        tasks = [
            asyncio.ensure_future(self._upstream(from_client, to_server)),
            asyncio.ensure_future(self._downstream(from_server, to_client)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for end in (to_client, to_server):
            end.transport.abort()
            self._ends.discard(end)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _upstream(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()

    async def _downstream(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while line := await source.readline():
                size = int(line.split()[-1]) + 2 if line.startswith((b"MSG", b"HMSG")) else 0
                frame = Frame(line, await source.readexactly(size))
                if self.passes(frame) and not sink.transport.is_closing():
                    sink.write(frame.line + frame.payload)
                    await sink.drain()


@asynccontextmanager
async def nats_wire(target: str) -> AsyncIterator[NatsWire]:
    """A wire to `target` for the length of the block."""
    wire = NatsWire(target)
    await wire.start()
    try:
        yield wire
    finally:
        await wire.stop()
