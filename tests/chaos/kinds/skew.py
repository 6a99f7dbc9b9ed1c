"""Replicas whose machines are five minutes apart, while replicas are killed and their work changes hands."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psutil

from tests.chaos.house import House
from tests.chaos.kinds.base import Kind, Size

SKEW_S = 300
_SKEWING = Path(__file__).parent.parent / "skewing"


@dataclass
class Skew(Kind):
    """Leases, attempts and deadlines go by the database's clock: nobody takes what another has in hand."""

    NAME: ClassVar[str] = "skew"
    WHAT: ClassVar[str] = f"every second replica's clock {SKEW_S} s ahead or behind, and kill -9 of replicas"
    SHORT: ClassVar[Size] = Size(5, 2_000)
    LONG: ClassVar[Size] = Size(100, 20_000)

    replicas: int = 2
    environment: dict[str, str] = field(
        default_factory=lambda: {"PYTHONPATH": str(_SKEWING), "CHAOS_SKEW_S": str(SKEW_S)}
    )

    async def strike(self, house: House) -> str:
        """Kill one replica: another one, whose clock says something else, takes over."""
        while not (alive := house.services()):  # noqa: ASYNC110  (all are on their way back)
            await asyncio.sleep(0.1)
        name = self.rng.choice(sorted(alive))
        with contextlib.suppress(psutil.NoSuchProcess):
            alive[name].kill()
        return name
