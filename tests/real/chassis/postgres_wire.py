"""A wire between a client and PostgreSQL, unix socket to unix socket, that can break around a COMMIT."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Break = Literal["before", "after"]


class PostgresWire:
    """Breaks the connection at chosen COMMITs: before the server sees it, or after it was applied, unanswered."""

    def __init__(self, url: str, directory: Path) -> None:
        self._target = f"{conninfo_to_dict(url)['host']}/.s.PGSQL.5432"
        self._socket = directory / ".s.PGSQL.5432"
        self.url = make_conninfo(url, host=str(directory))
        self.breaks: list[Break] = []
        self.broken = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._carry, self._socket)

    async def stop(self) -> None:
        """Listen no more."""
        self._server.close()

    async def _carry(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._target)
        unanswered = asyncio.Event()
        tasks = [
            asyncio.ensure_future(self._upstream(from_client, to_server, unanswered)),
            asyncio.ensure_future(self._downstream(from_server, to_client, unanswered)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for end in (to_client, to_server):
            end.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _upstream(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, unanswered: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if b"COMMIT" in data and self.breaks:
                    self.broken += 1
                    if self.breaks.pop(0) == "before":
                        return
                    unanswered.set()
                sink.write(data)
                await sink.drain()

    async def _downstream(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, unanswered: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if unanswered.is_set():
                    # "C" CommandComplete "COMMIT": it is done, and nobody will hear of it.
                    assert b"COMMIT\0" in data
                    return
                sink.write(data)
                await sink.drain()


@asynccontextmanager
async def postgres_wire(url: str) -> AsyncIterator[PostgresWire]:
    """A wire to the server of `url` for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="wire") as directory:
        wire = PostgresWire(url, Path(directory))
        await wire.start()
        try:
            yield wire
        finally:
            await wire.stop()
