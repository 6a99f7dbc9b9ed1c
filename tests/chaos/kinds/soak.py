"""For long: a steady load, a fault of some kind each minute, and memory and descriptors that must stay flat."""

import asyncio
import contextlib
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import psutil

from tests.chaos.house import House
from tests.chaos.kinds.base import Kind, Size

RATE = 200
_WAYS = ("freeze", "NATS restart", "PostgreSQL restart", "NATS kill", "PostgreSQL immediate stop", "kill")
_LOOK_EVERY_S = 5.0
_WARM_S = 180.0  # of a process: caches fill, pools grow
_LONG_ENOUGH_S = 300.0  # after that, to say anything of a trend
_GROWTH, _GROWTH_MB, _MORE_DESCRIPTORS = 0.10, 10.0, 10


class Sample(NamedTuple):
    """One look at one process."""

    age_s: float
    memory_mb: float
    descriptors: int


def minutes(count: int) -> Size:
    """The size of a soak of so many minutes."""
    return Size(strikes=count, events=count * 60 * RATE)


@dataclass
class Soak(Kind):
    """200 events a second and a fault a minute."""

    NAME: ClassVar[str] = "soak"
    WHAT: ClassVar[str] = f"{RATE} events a second, a fault a minute; memory and descriptors flat"
    SHORT: ClassVar[Size] = minutes(2)
    LONG: ClassVar[Size] = minutes(60)

    rate: float | None = RATE
    between_s: tuple[float, float] = (55.0, 60.0)
    seen: dict[tuple[str, int], list[Sample]] = field(default_factory=lambda: defaultdict(list))

    async def begin(self, house: House) -> None:
        """Look at memory and descriptors from now on."""
        self._looking = asyncio.create_task(self._look(house))

    async def strike(self, house: House) -> str:
        """The next kind in turn; nothing lasts for more than a few seconds."""
        assert house.nats is not None
        assert house.postgres is not None
        way = _WAYS[self.struck.total() % len(_WAYS)]
        if way in ("freeze", "kill"):
            await self._one_service(house, way)
        elif way.startswith("NATS"):
            await asyncio.to_thread(house.nats.kill if "kill" in way else house.nats.stop)
            await asyncio.sleep(2)
            await asyncio.to_thread(house.nats.start)
        else:
            await asyncio.to_thread(house.postgres.kill if "immediate" in way else house.postgres.stop)
            await asyncio.sleep(2)
            await asyncio.to_thread(house.postgres.start)
        return way

    async def _one_service(self, house: House, way: str) -> None:
        alive = house.services()
        name = self.rng.choice(sorted(alive))
        with contextlib.suppress(psutil.NoSuchProcess):
            if way == "kill":
                alive[name].kill()
                return
            alive[name].suspend()
            try:
                await asyncio.sleep(8)
            finally:
                alive[name].resume()

    async def settle(self, house: House) -> None:
        """Say how memory and descriptors went."""
        self._looking.cancel()
        lives = 0
        for (name, _), samples in self.seen.items():
            late = [sample for sample in samples if sample.age_s > _WARM_S]
            if not late or late[-1].age_s - late[0].age_s < _LONG_ENOUGH_S:
                continue
            lives += 1
            quarter = max(1, len(late) // 4)
            first, last = late[:quarter], late[-quarter:]
            before, after = (statistics.median(s.memory_mb for s in part) for part in (first, last))
            said = f"{name}: {before:.0f} MB, {after:.0f} MB after {(last[-1].age_s - first[0].age_s) / 60:.0f} minutes"
            fewer, more = (statistics.median(s.descriptors for s in part) for part in (first, last))
            self.notes.append(f"{said}; {fewer:.0f} and {more:.0f} descriptors")
            if after > before * (1 + _GROWTH) + _GROWTH_MB or more > fewer + _MORE_DESCRIPTORS:
                self.wrong.append(f"not flat: {self.notes[-1]}")
        self.notes.append(f"{lives} lives of processes long enough to tell a trend")

    async def _look(self, house: House) -> None:
        while True:
            for name, process in house.processes().items():
                with contextlib.suppress(psutil.NoSuchProcess):
                    memory = process.memory_info().rss / 1e6
                    sample = Sample(time.time() - process.create_time(), memory, process.num_fds())
                    self.seen[name, process.pid].append(sample)
                    house.record.add("sample", name=name, process=process.pid, **sample._asdict())
            await asyncio.sleep(_LOOK_EVERY_S)
