"""TLS in front of a PostgreSQL that has none: the embedded one is built without it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import trustme
from anyio.from_thread import start_blocking_portal

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@contextmanager
def tls_front(socket: Path, certificate: trustme.LeafCert) -> Iterator[int]:
    """A port where the server behind `socket` is reached over TLS, as PostgreSQL negotiates it.

    It has a thread of its own: a client that makes the test's wait must not keep itself waiting.
    """
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_front(socket, certificate)) as port:
        yield port


@asynccontextmanager
async def _front(socket: Path, certificate: trustme.LeafCert) -> AsyncIterator[int]:
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
