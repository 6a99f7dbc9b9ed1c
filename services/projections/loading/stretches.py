"""All of a stream into empty tables: each hand takes the next stretch, and writes it when all before it are written."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from chassis.positions import Position
from services.projections.loading.hands import Hand, Reached

LENGTH = 60_000
"""Messages of a stretch. Longer ones change fewer rows twice; each hand holds what one made in memory."""

Written = Callable[[Reached], None]
"""Told where the tables stand after each stretch, in order."""


class Stretches:
    """The messages behind sequence `after`, up to `end`, for several hands."""

    def __init__(self, after: int, end: int, written: Written) -> None:
        self._starts = iter(range(after, end, LENGTH))
        self._end = end
        self._written = written
        self._at = after
        self._moved = asyncio.Condition()

    async def load(self, hands: Sequence[Hand]) -> None:
        """Read and write them all. Raises what the first hand that fails raises, when all have stopped."""
        tasks = [asyncio.create_task(self._work(hand)) for hand in hands]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, hand: Hand) -> None:
        for start in self._starts:
            until = min(start + LENGTH, self._end)
            reached = await hand.fold(start, until, until - start)
            async with self._moved:
                await self._moved.wait_for(partial(self._stands_at, start))
            await hand.write()
            self._written(reached if reached.facts else Reached(Position(until, ""), 0))
            async with self._moved:
                self._at = until
                self._moved.notify_all()

    def _stands_at(self, start: int) -> bool:
        return self._at == start
