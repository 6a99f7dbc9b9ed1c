"""kill -9 of whoever is drawn: a service, nats-server or PostgreSQL, which the supervisor starts again."""

import contextlib
from dataclasses import dataclass
from typing import ClassVar

import psutil

from tests.chaos.house import SERVICES, House
from tests.chaos.kinds.base import Kind, Size

VICTIMS = (*SERVICES, "nats", "postgres")


@dataclass
class Kill(Kind):
    """Those killed least are drawn most."""

    NAME: ClassVar[str] = "kill"
    WHAT: ClassVar[str] = "kill -9 of any service, of nats-server, of PostgreSQL"
    SHORT: ClassVar[Size] = Size(10, 2_000)
    LONG: ClassVar[Size] = Size(1_000, 50_000)

    between_s: tuple[float, float] = (0.1, 1.5)

    async def open(self, house: House) -> None:
        """Nothing: the suite runs its own servers, and starts them again by itself."""

    async def strike(self, house: House) -> str:
        """Kill one process; nobody, when nobody is alive just now."""
        alive = {name: each for name, each in house.processes().items() if name in VICTIMS}
        if not alive:
            return ""
        names = sorted(alive)
        (name,) = self.rng.choices(names, [1 / (1 + self.struck[name]) ** 2 for name in names])
        with contextlib.suppress(psutil.NoSuchProcess):
            alive[name].kill()
            return name
        return ""
