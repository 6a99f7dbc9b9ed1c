"""The network between the services and both servers: cut, slow, a black hole, and cut once a COMMIT was applied."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from tests.chaos.house import House
from tests.chaos.kinds.base import Kind, Size
from tests.chaos.wires import Wire, tcp_to, unix_to
from tests.real.eventually import eventually

_SLOW_S = 0.2
_COMMITS = 2
_COMMITS_WITHIN_S = 10.0
WAYS = ("cut", "delay", "black hole", "away", "cut after COMMIT")


@dataclass
class Proxy(Kind):
    """Each way in its turn, on either wire."""

    NAME: ClassVar[str] = "proxy"
    WHAT: ClassVar[str] = "the wires to NATS and PostgreSQL cut, slow, swallowing, refused, cut after COMMIT"
    SHORT: ClassVar[Size] = Size(9, 2_000, away_s=3)
    LONG: ClassVar[Size] = Size(150, 20_000, away_s=12)

    async def open(self, house: House) -> None:
        """Both servers, each behind a wire."""
        await super().open(house)
        assert house.nats is not None
        assert house.postgres is not None
        self._nats = Wire(tcp_to(house.nats.port))
        house.environment["NATS_URL"] = f"nats://127.0.0.1:{await self._nats.listen_tcp()}"
        # A short path: a unix socket has room for about a hundred characters.
        self._directory = tempfile.TemporaryDirectory(prefix="wire")
        behind = Path(str(conninfo_to_dict(house.postgres.url)["host"])) / ".s.PGSQL.5432"
        self._postgres = Wire(unix_to(behind))
        await self._postgres.listen_unix(Path(self._directory.name) / ".s.PGSQL.5432")
        host = quote(self._directory.name, safe="")
        house.environment["DATABASE_URL"] = f"postgresql://postgres@/postgres?host={host}"

    async def strike(self, house: House) -> str:
        """One way, on one wire, for a while."""
        way = WAYS[self.struck.total() % len(WAYS)]
        name = "PostgreSQL" if way == "cut after COMMIT" else self.rng.choice(("NATS", "PostgreSQL"))
        wire = self._postgres if name == "PostgreSQL" else self._nats
        lasts = self.rng.uniform(0.3, 1.0) * self.size.away_s
        match way:
            case "cut":
                wire.cut()
            case "delay":
                wire.delay_s = _SLOW_S
                await asyncio.sleep(lasts)
            case "black hole":
                wire.swallow()
                await asyncio.sleep(lasts)
            case "away":
                wire.close()
                await asyncio.sleep(lasts)
            case _:
                wire.cut_after_commits = _COMMITS
                await self._commits()
        wire.open()
        return f"{way} ({name})"

    async def _commits(self) -> None:
        try:
            await eventually(self._cut, _COMMITS_WITHIN_S)
        except AssertionError:
            return  # nobody had anything to commit

    async def _cut(self) -> bool:
        return not self._postgres.cut_after_commits

    async def settle(self, house: House) -> None:
        """Everything flows."""
        self._nats.open()
        self._postgres.open()

    async def close(self) -> None:
        """Take the wires down."""
        await self._nats.stop()
        await self._postgres.stop()
        self._directory.cleanup()
