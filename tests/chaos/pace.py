"""Keeps the load and the kills in step, so that kills fall all along the load however slow either is."""

import asyncio

SLACK = 0.03


class Pace:
    """Two shares, from 0 to 1, of which neither may run ahead of the other by more than a little."""

    def __init__(self, slack: float = SLACK) -> None:
        self._slack = slack
        self._done = {"load": 0.0, "kills": 0.0}
        self._moved = asyncio.Condition()

    @classmethod
    def alone(cls) -> "Pace":
        """For a load that waits for nobody."""
        return cls(slack=1.0)

    async def advance(self, who: str, share: float) -> None:
        """`who` (load or kills) has done this share of its work; wait for the other to keep up."""
        other = "kills" if who == "load" else "load"
        async with self._moved:
            self._done[who] = share
            self._moved.notify_all()
            await self._moved.wait_for(lambda: share >= 1 or self._done[other] + self._slack >= share)

    def finish(self, who: str) -> None:
        """`who` has nothing more to do, or gave up: do not wait for it."""
        self._done[who] = 1.0
