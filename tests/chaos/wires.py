"""A wire, TCP or unix socket, that carries bytes until told to cut, delay, swallow, or cut once COMMIT was applied."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

_CHUNK = 65536

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Wire:
    """Carries connections to `target`; what it does to them is changed while they run."""

    def __init__(self, target: Open) -> None:
        self._target = target
        self._ends: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.delay_s = 0.0
        self.closed = False
        self.cut_after_commits = 0
        self.cuts = 0
        self.port = 0

    async def listen_tcp(self) -> int:
        """Listen on a free loopback port; return it."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port, limit=2**20)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def listen_unix(self, path: Path) -> None:
        """Listen on a unix socket."""
        self._server = await asyncio.start_unix_server(self._carry, path, limit=2**20)

    def cut(self) -> None:
        """Break every connection; what is on its way is lost."""
        for end in list(self._ends):
            end.transport.abort()
        self._ends.clear()

    def close(self) -> None:
        """Cut, and let nobody in until `open`."""
        self.closed = True
        self.cut()

    def swallow(self) -> None:
        """Let everybody in and carry nothing: a black hole. Nobody hears that anything is wrong."""
        self._flowing.clear()

    def open(self) -> None:
        """Carry again. What was swallowed meanwhile is lost with its connection."""
        self.closed, self.delay_s, self.cut_after_commits = False, 0.0, 0
        if not self._flowing.is_set():
            self.cut()
            self._flowing.set()

    async def stop(self) -> None:
        """Carry no more."""
        self._server.close()
        self.cut()

    async def _carry(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            if self.closed:
                raise ConnectionRefusedError
            from_server, to_server = await self._target()
        except OSError:
            to_client.transport.abort()
            return
        self._ends |= {to_client, to_server}
        deaf = asyncio.Event()  # set when the server's answer must not arrive
        tasks = [
            asyncio.ensure_future(self._flow(from_client, to_server, deaf, asking=True)),
            asyncio.ensure_future(self._flow(from_server, to_client, deaf, asking=False)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for end in (to_client, to_server):
            end.transport.abort()
            self._ends.discard(end)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _flow(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, deaf: asyncio.Event, *, asking: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._flowing.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if asking and self.cut_after_commits and b"COMMIT" in data:
                    self.cut_after_commits -= 1
                    self.cuts += 1
                    deaf.set()
                elif not asking and deaf.is_set():
                    return  # applied, and nobody will hear of it
                sink.write(data)
                await sink.drain()


def tcp_to(port: int) -> Open:
    """How to reach a loopback port."""
    return lambda: asyncio.open_connection("127.0.0.1", port, limit=2**20)


def unix_to(path: Path) -> Open:
    """How to reach a unix socket."""
    return lambda: asyncio.open_unix_connection(path, limit=2**20)
