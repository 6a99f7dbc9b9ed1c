"""An SMTP server that delivers nothing: it keeps what it is sent in a folder, for one machine and for tests.

`python -m services.notifications.catcher --dir DIR --port PORT`
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifications.mailbox import Mailbox

_LARGEST = 1024 * 1024


class Keeper:
    """aiosmtpd's handler: a message is answered 250 once its file is there."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._last = mailbox.last()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message. No await in between: numbers are given one at a time."""
        number = self._last + 1
        try:
            self._mailbox.keep(number, bytes(envelope.original_content or b""))
        except OSError:
            return "452 4.3.1 No room to keep it"
        self._last = number
        return f"250 2.0.0 Kept as {number}"


class Catcher:
    """The server. Use it in process, or run this module."""

    def __init__(self, directory: Path, port: int, host: str = "127.0.0.1") -> None:
        self.mailbox = Mailbox(directory)
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; `port` 0 takes a free one, then found in `port`."""
        self.mailbox.directory.mkdir(parents=True, exist_ok=True)
        keeper = Keeper(self.mailbox)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(keeper, hostname="localhost", ident="catcher", data_size_limit=_LARGEST),
            self.host,
            self.port,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


async def _main(directory: Path, port: int) -> None:
    catcher = Catcher(directory, port)
    await catcher.start()
    sys.stdout.write(f"ready {catcher.host}:{catcher.port}\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await catcher.stop()


def main() -> None:
    """Catch until SIGTERM."""
    parser = argparse.ArgumentParser(description="Keep e-mails in a folder instead of delivering them.")
    parser.add_argument("--dir", type=Path, required=True, help="where to keep them")
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    arguments = parser.parse_args()
    import uvloop

    uvloop.run(_main(arguments.dir, arguments.port))


if __name__ == "__main__":
    main()
