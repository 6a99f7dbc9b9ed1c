"""What must not linger: raw events already read, refusals already published. How far behind we are; who spoke last."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from anyio import to_thread

from chassis import positions
from chassis.clock import Clock
from chassis.database import Database
from chassis.relay import Log
from services.intake import metrics, refusals, silence
from services.intake.raw_reader import READER

Purge = Callable[[str, int], Awaitable[None]]
"""Remove from a stream what comes before a sequence."""


class Published(Protocol):
    """A relay: the log it publishes, and up to which position, where it is this process that does."""

    log: Log
    published: int | None

    async def tail(self) -> tuple[int, int]:
        """The stream's last sequence and the log position of its last message."""
        ...


class Housekeeping:
    """Each step may be repeated, or cut in the middle, without harm; any replica may do it."""

    def __init__(self, database: Database, clock: Clock, purge: Purge) -> None:
        self._database = database
        self._clock = clock
        self._purge = purge
        self._purged_to = 0
        self.backlog = 0

    async def purge_raw(self) -> None:
        """Remove the raw events that were read: they hold identities."""
        position = await to_thread.run_sync(positions.reached, self._database, READER)
        if position != self._purged_to:
            await self._purge("INTAKE", position + 1)
            self._purged_to = position

    async def measure_backlog(self, relay: Published) -> None:
        """How many accepted facts wait to be published."""
        published = relay.published
        if published is None:
            _, published = await relay.tail()
        end = await to_thread.run_sync(relay.log.end)
        self.backlog = max(0, (end or 0) - published)
        metrics.BACKLOG.set(self.backlog)

    async def forget_refusals(self, relay: Published) -> None:
        """Drop refusals the stream no longer keeps either."""
        _, published = await relay.tail()
        await to_thread.run_sync(self._forget_refusals, published)

    async def follow_schools(self) -> None:
        """Note when schools were last heard."""
        await to_thread.run_sync(self._follow_schools)

    def _follow_schools(self) -> None:
        with self._database.transaction() as tx:
            silence.follow(tx)

    def _forget_refusals(self, published: int) -> None:
        with self._database.transaction() as tx:
            refusals.forget_old(tx, published, self._clock.now())
