"""TLS in front of a PostgreSQL that has none: the embedded one is built without it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@asynccontextmanager
async def tls_front(socket: Path, certificate: trustme.LeafCert) -> AsyncIterator[int]:
    """A port where the server behind `socket` is reached over TLS, as PostgreSQL negotiates it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            assert await reader.readexactly(8) == _SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(context)
            back, forth = await asyncio.open_unix_connection(socket)
            await asyncio.wait(
                [asyncio.create_task(_pump(reader, forth)), asyncio.create_task(_pump(back, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
            forth.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
