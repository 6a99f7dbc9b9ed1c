"""A nats-server that knows one user and lets it publish and listen on little."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.embedded import LOOPBACK, _answers, _nats_binary, free_port
from tests.real.eventually import eventually

_CONFIG = """
listen: {host}:{port}
authorization {{ users = [
  {{ user: known, password: {password},
     permissions: {{ publish: ["allowed.>"], subscribe: ["_INBOX.>", "allowed.>"] }} }}
] }}
"""


class RefusingNats:
    """Its user is `known`, password `secret`."""

    def __init__(self, directory: Path) -> None:
        self._config = directory / "refusing.conf"
        self._port = free_port()
        self.url = f"nats://known:secret@{LOOPBACK}:{self._port}"

    async def start(self, password: str = "secret") -> None:
        """Start, with a password for the user."""
        self._config.write_text(_CONFIG.format(host=LOOPBACK, port=self._port, password=password))
        self._process = subprocess.Popen(  # noqa: ASYNC220  (starting it blocks for a moment only)
            [_nats_binary(), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

        async def answers() -> bool:
            return _answers(self._port)

        await eventually(answers)

    async def stop(self) -> None:
        """Stop."""
        self._process.kill()
        await asyncio.to_thread(self._process.wait)


@asynccontextmanager
async def refusing_nats(directory: Path) -> AsyncIterator[RefusingNats]:
    """The server, for the length of the block."""
    server = RefusingNats(directory)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
