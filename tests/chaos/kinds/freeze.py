"""SIGSTOP of a replica for longer than its leases and the dedup window: it wakes, and believes nothing happened."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import ClassVar

import psutil

from tests.chaos.house import House
from tests.chaos.kinds.base import Kind, Size

WINDOW_S = 2
_FROZEN_S = (5.0, 13.0)  # a lease lasts 9 s: some of the frozen are succeeded, some are not


@dataclass
class Freeze(Kind):
    """Two replicas each: while one stands still the other goes on; then both believe the work to be theirs."""

    NAME: ClassVar[str] = "freeze"
    WHAT: ClassVar[str] = (
        f"SIGSTOP of a replica for {_FROZEN_S[0]:.0f} to {_FROZEN_S[1]:.0f} s, with a dedup window of {WINDOW_S} s"
    )
    SHORT: ClassVar[Size] = Size(5, 2_000)
    LONG: ClassVar[Size] = Size(100, 20_000)

    replicas: int = 2
    environment: dict[str, str] = field(default_factory=lambda: {"PERSEVERANCE_DUPLICATE_WINDOW_S": str(WINDOW_S)})

    async def strike(self, house: House) -> str:
        """Stop one process, wait, let it go on."""
        alive = house.services()
        name = self.rng.choice(sorted(alive))
        with contextlib.suppress(psutil.NoSuchProcess):
            alive[name].suspend()
            try:
                await asyncio.sleep(self.rng.uniform(*_FROZEN_S))
            finally:
                alive[name].resume()
        return name.split("-")[0]
