"""The servers themselves: restarted cleanly, killed, and away for a while."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import ClassVar

import psutil

from tests.chaos.house import House
from tests.chaos.kinds.base import Kind, Size
from tests.chaos.resumed import resumed

_IDLE_SHARE = 0.10  # of a core, for one service that can do nothing
_SETTLES_S = 3.0  # what was in hand is given up first


@dataclass
class Nats(Kind):
    """nats-server restarted and killed; the last time it stays away. Nobody dies of it, and nobody spins."""

    NAME: ClassVar[str] = "nats"
    WHAT: ClassVar[str] = "nats-server restarted, killed, and away"
    SHORT: ClassVar[Size] = Size(3, 1_500, away_s=10)
    LONG: ClassVar[Size] = Size(20, 20_000, away_s=600)

    resumes_s: float | None = 30.0
    between_s: tuple[float, float] = (2.0, 4.0)

    async def strike(self, house: House) -> str:
        """One restart, one kill, or the long absence."""
        assert house.nats is not None
        kinds = ("restart", "kill")
        last = self.struck.total() == self.size.strikes - 1
        how = "away" if last else kinds[self.struck.total() % 2]
        await asyncio.to_thread(house.nats.kill if how == "kill" else house.nats.stop)
        if how == "away":
            await self._watch_idle(house)
        await asyncio.to_thread(house.nats.start)
        self.recoveries.append(await resumed(house))
        return how

    async def _watch_idle(self, house: House) -> None:
        await asyncio.sleep(_SETTLES_S)
        before = house.services()
        cpu = _cpu(before)
        started = time.monotonic()
        await asyncio.sleep(self.size.away_s)
        seconds = time.monotonic() - started
        after = house.services()
        died = [name for name in before if name not in after or after[name].pid != before[name].pid]
        self.wrong += [f"{name} died while NATS was away" for name in died]
        used = (_cpu(after) - cpu) / seconds if not died else 0.0
        self.notes.append(f"NATS away {seconds:.0f} s: {len(after)} alive, {100 * used:.1f} % of a core in all")
        if used > _IDLE_SHARE * len(after):
            self.wrong.append(f"while NATS was away the services used {100 * used:.0f} % of a core")


def _cpu(processes: dict[str, psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes.values())


@dataclass
class Postgres(Kind):
    """PostgreSQL stopped (sessions are cut) or killed (it recovers from its journal), back after a moment."""

    NAME: ClassVar[str] = "postgres"
    WHAT: ClassVar[str] = "PostgreSQL restarted (fast) and stopped at once (immediate)"
    SHORT: ClassVar[Size] = Size(3, 1_500, away_s=3)
    LONG: ClassVar[Size] = Size(40, 20_000, away_s=10)

    allowed: frozenset[int] = field(default=frozenset((503,)))
    resumes_s: float | None = 10.0
    between_s: tuple[float, float] = (2.0, 4.0)

    async def strike(self, house: House) -> str:
        """One stop, one start."""
        assert house.postgres is not None
        how = ("fast", "immediate")[self.struck.total() % 2]
        await asyncio.to_thread(house.postgres.stop if how == "fast" else house.postgres.kill)
        await asyncio.sleep(self.rng.uniform(0.2, 1.0) * self.size.away_s)
        await asyncio.to_thread(house.postgres.start)
        self.recoveries.append(await resumed(house))
        return how
