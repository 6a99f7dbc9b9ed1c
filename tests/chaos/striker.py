"""Strikes again and again, in step with the load."""

import asyncio
import time

from tests.chaos.house import House
from tests.chaos.kinds.base import Kind
from tests.chaos.pace import Pace


class Striker:
    """Has `kind` strike as often as its size says."""

    def __init__(self, house: House, kind: Kind, pace: Pace) -> None:
        self._house = house
        self._kind = kind
        self._pace = pace

    async def run(self) -> None:
        """Strike until enough was struck."""
        kind = self._kind
        try:
            while kind.struck.total() < kind.size.strikes:
                await asyncio.sleep(kind.rng.uniform(*kind.between_s))
                started = time.monotonic()
                what = await kind.strike(self._house)
                if what:
                    kind.struck[what] += 1
                    self._house.record.add("fault", kind=kind.NAME, struck=what, seconds=time.monotonic() - started)
                await self._pace.advance("kills", kind.struck.total() / kind.size.strikes)
        finally:
            self._pace.finish("kills")
