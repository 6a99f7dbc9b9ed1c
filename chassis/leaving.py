"""Being told to stop: first leave, so that nobody is sent here any more, then stop.

A connection that is closed while a request is on its way to it is an error for whoever sent it. So a service that is
told to stop says at once that it is not ready, gives its partitions back, hears no further command, and goes on
answering for as long as load balancers need to notice.
"""

import asyncio
import contextlib
from collections.abc import Callable
from types import FrameType

import uvicorn

KEEP_ALIVE_S = 75
"""An idle connection is kept for so long: longer than those before us keep theirs (ingresses 60 s, clients 5).

With the library's 5 s both sides would let go in the same moment, and a request sent in it has no answer.
"""

_TICK_S = 5.0
"""The library renews the date of its answers as often: nobody who asks us minds a few seconds of it."""


class LeavingServer(uvicorn.Server):
    """Calls `leave` at the first signal and stops `leave_s` seconds after; at the second it stops at once."""

    def __init__(self, config: uvicorn.Config, leave: Callable[[], None], leave_s: float) -> None:
        super().__init__(config)
        self._leave = leave
        self._leave_s = leave_s
        self._told = False
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, *arguments: object, **options: object) -> None:
        """Remember the loop: signals come from outside of it."""
        self._loop = asyncio.get_running_loop()
        await super().startup(*arguments, **options)  # type: ignore[arg-type]

    async def main_loop(self) -> None:
        """Return when it is time to stop. The library looks ten times a second, felt where nothing happens."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._over.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop."""
        if self._told or self._loop is None or not self.started:
            self._stop(sig, frame)
            return
        self._told = True
        self._loop.call_soon_threadsafe(self._begin_to_leave, sig, frame)

    def _begin_to_leave(self, sig: int, frame: FrameType | None) -> None:
        assert self._loop is not None
        self._leave()
        self._loop.call_later(self._leave_s, self._stop, sig, frame)

    def _stop(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)
