"""SIGTERM for one replica after the other, as an update does it, while senders send and people work."""

import asyncio
import signal
import time
from dataclasses import dataclass, field
from typing import ClassVar

import httpx

from tests.chaos.house import SERVICES, House
from tests.chaos.kinds.base import Kind, Size
from tests.real.eventually import eventually

_BACK_WITHIN_S = 60.0


@dataclass
class Rolling(Kind):
    """Two replicas of each service. Nobody may be told to try again, and nothing may wait for the one that left."""

    NAME: ClassVar[str] = "rolling"
    WHAT: ClassVar[str] = "SIGTERM of one replica after the other under HTTP load; no answer but the right one"
    SHORT: ClassVar[Size] = Size(5, 3_000)
    LONG: ClassVar[Size] = Size(50, 30_000)

    replicas: int = 2
    by_nats: float = 0.0
    allowed: frozenset[int] = field(default=frozenset())
    between_s: tuple[float, float] = (0.2, 0.5)
    oldest_s: float | None = 5.0

    async def strike(self, house: House) -> str:
        """The next replica stops, and comes back."""
        number, turn = self.struck.total() % len(SERVICES), self.struck.total() // len(SERVICES)
        name = SERVICES[number] if turn % 2 == 0 else f"{SERVICES[number]}-2"
        before = house.processes()[name]
        before.send_signal(signal.SIGTERM)
        started = time.monotonic()
        port = house.suite.runtime["services"][name]["port"]
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

            async def back() -> bool:
                now = house.processes().get(name)
                if now is None or now.pid == before.pid:
                    return False
                try:
                    return (await client.get(f"http://127.0.0.1:{port}/ready")).status_code == httpx.codes.OK
                except httpx.TransportError:
                    return False

            try:
                await eventually(back, _BACK_WITHIN_S)
            except AssertionError:
                self.wrong.append(f"{name} did not come back within {_BACK_WITHIN_S:.0f} s")
        self.recoveries.append(time.monotonic() - started)
        await asyncio.sleep(1.0)  # as an update does, until the others know that it is back
        return name.split("-")[0]
