"""A full volume under PostgreSQL, and JetStream at the end of its room: said clearly, and mended when there is room."""

import asyncio
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psycopg

from chassis.embedded import EmbeddedPostgres
from tests.chaos.house import House
from tests.chaos.kinds.base import Kind, Size
from tests.chaos.resumed import resumed
from tests.chaos.servers import Node

_VOLUME_MB = 384
_BLOCK = 1024 * 1024
_NO_ROOM = ", max_file_store: {bytes}"


@dataclass
class Disk(Kind):
    """PostgreSQL stops when its journal has no room: it is started again once there is, as Kubernetes would."""

    NAME: ClassVar[str] = "disk"
    WHAT: ClassVar[str] = "PostgreSQL's volume full; JetStream at its max_file_store; then room again"
    SHORT: ClassVar[Size] = Size(2, 1_500, away_s=6)
    LONG: ClassVar[Size] = Size(20, 20_000, away_s=20)

    between_s: tuple[float, float] = (3.0, 5.0)
    allowed: frozenset[int] = field(default=frozenset((429, 503)))
    quiet_s: float = 90.0

    async def impossible(self) -> str:
        """A volume of a known size is a mount, which root alone may make, where the machine lets it."""
        if os.geteuid() != 0:
            return "a small volume is mounted for it: run it as root"
        with tempfile.TemporaryDirectory() as directory:
            tried = await asyncio.to_thread(_mount, Path(directory), 1)
            if tried:
                return f"a small volume cannot be mounted here: {tried}"
            await asyncio.to_thread(_unmount, Path(directory))
        return ""

    async def open(self, house: House) -> None:
        """PostgreSQL on a small volume of its own, NATS with a limit that can be moved."""
        self._volume = house.data / "volume"
        self._volume.mkdir()
        await asyncio.to_thread(_mount, self._volume, _VOLUME_MB)
        self._volume.chmod(0o755)
        house.postgres = EmbeddedPostgres(self._volume / "postgres")
        house.environment["DATABASE_URL"] = house.postgres.start()
        self._nats = Node(house.data / "nats", "chaos")
        self._nats.start()
        await self._nats.healthy()
        house.environment["NATS_URL"] = self._nats.url

    async def strike(self, house: House) -> str:
        """Fill one of the two, wait, make room."""
        if self.struck.total() % 2 == 0:
            await self._fill_postgres(house)
            what = "PostgreSQL's volume"
        else:
            await self._fill_nats()
            what = "JetStream's room"
        self.recoveries.append(await resumed(house))
        return what

    async def _fill_postgres(self, house: House) -> None:
        postgres = house.postgres
        assert postgres is not None
        ballast = self._volume / "ballast"
        await asyncio.to_thread(_fill, ballast)
        refused = await asyncio.to_thread(_write, postgres.url, self.size.away_s)
        self.notes.append(f"PostgreSQL refused {refused} times for want of room")
        ballast.unlink()
        if not await asyncio.to_thread(postgres.alive):
            await asyncio.to_thread(postgres.start)
            self.notes.append("it stopped when its journal had no room, and was started again")

    async def _fill_nats(self) -> None:
        used = int(self._nats.ask("/jsz").get("storage", 0))
        await asyncio.to_thread(self._nats.stop)
        self._nats.limit(_NO_ROOM.format(bytes=used + 4096))
        self._nats.start()
        await asyncio.sleep(self.size.away_s)
        # A stream that met the end of the room stays broken until the server is started again.
        await asyncio.to_thread(self._nats.stop)
        self._nats.limit("")
        self._nats.start()
        await self._nats.healthy()

    async def settle(self, house: House) -> None:
        """Room for everybody."""
        (self._volume / "ballast").unlink(missing_ok=True)

    async def close(self) -> None:
        """Give the volume back."""
        if hasattr(self, "_nats"):
            await asyncio.to_thread(self._nats.stop)
        if hasattr(self, "_volume"):
            await asyncio.to_thread(_unmount, self._volume)


def _write(url: str, seconds: float) -> int:
    """Write as much as goes for a while: the journal has room of its own, which ends too. How often it was refused."""
    refused, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with psycopg.connect(url, connect_timeout=3) as connection:
                connection.execute("CREATE TABLE public.more AS SELECT generate_series(1, 100000)")
                connection.execute("DROP TABLE public.more")
        except psycopg.Error:
            refused += 1
            time.sleep(0.2)
    return refused


def _mount(directory: Path, megabytes: int) -> str:
    """What went wrong; empty when it is mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(directory)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return error.strerror or "no mount"
    return "" if done.returncode == 0 else (done.stderr.strip() or "refused")


def _unmount(directory: Path) -> None:
    subprocess.run(["umount", "-l", str(directory)], capture_output=True, check=False)


def _fill(ballast: Path) -> None:
    """Take all the room there is."""
    with ballast.open("wb", buffering=0) as file:
        for size in (_BLOCK, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
