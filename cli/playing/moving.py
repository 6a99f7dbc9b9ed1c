"""The hands of the suite's clock, and the patience not to move them too soon."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from chassis.clock import SimulatedClock
from chassis.database import Database
from chassis.service import Service
from cli.drain import Drain
from cli.errors import CliError
from cli.runtime import Suite
from cli.simulator.events import PARIS
from cli.simulator.traffic import OFFICE_CLOSES
from contracts.catalogue import PARCOURS
from services.parcours.timing import EXPIRING, EXPIRY, OUTCOME

REST_LIMIT_S = 300.0
_LOOK_EVERY_S = (0.05, 0.1)
# A missing outcome is asked for each week: whoever comes a week late has passed by one, and nobody asks for that again.
_NEXT_STOP = """
SELECT min(due_at + CASE kind WHEN %(weekly)s THEN interval '6 days' ELSE interval '0' END) FROM deadlines
WHERE fired_at IS NULL AND split_part(kind, '-', 1) = ANY(%(kinds)s)
"""


class Hands:
    """Moves the simulated clock of a suite forward; a suite that follows the machine's clock is left to it.

    It stops on each day, class or not, that a parcours ends or somebody is reminded of it, until the services have told
    so: after the end, nobody would be reminded any more. What else falls due is decided a little later, within a second
    of true time, and says when it was due; for a missing outcome it waits before the next week is over too.
    """

    def __init__(self, suite: Suite, services: Sequence[Service]) -> None:
        self._database = Database(suite.login, "simulation", role="", pool_size=1)
        self._clock = SimulatedClock(self._database) if suite.clock == "simulated" else None
        self._parcours = next(service for service in services if service.name == "parcours")
        self._told = Drain(services, PARCOURS.name)
        self._stopped: datetime | None = None  # where it stands, if it must wait there

    async def close(self) -> None:
        """Let go."""
        await asyncio.to_thread(self._database.close)

    async def move(self, to: datetime) -> None:
        """It is `to`. Raises CliError when the suite does not come to rest on the way."""
        if self._clock is None:
            return
        at: datetime | None = None
        while at != to:
            if self._stopped:
                await self._wait(self._stopped)
            due = await asyncio.to_thread(self._next_stop)
            at = min(_office_closes(due), to) if due else to
            self._stopped = at if due and due <= at else None
            await asyncio.to_thread(self._clock.set, at)

    async def settle(self) -> None:
        """Wait until everyone was told what there is to tell about parcours. Raises CliError."""
        await rest(self._told, _LOOK_EVERY_S)

    async def _wait(self, at: datetime) -> None:
        """Wait until what fell due by `at` is decided, and told. Raises CliError."""
        limit = time.monotonic() + REST_LIMIT_S
        while (due := await asyncio.to_thread(self._next_stop)) and due <= at:
            if time.monotonic() > limit:
                raise CliError("the parcours service does not decide what is due", "see `perseverance doctor`")
            await asyncio.sleep(_LOOK_EVERY_S[0])
        await self.settle()

    def _next_stop(self) -> datetime | None:
        kinds = {"weekly": OUTCOME, "kinds": [EXPIRING, EXPIRY, OUTCOME]}
        due: datetime | None = self._parcours.database.rows(_NEXT_STOP, kinds)[0][0]
        return due


async def rest(drain: Drain, look_every_s: tuple[float, float] = (0.05, 1.0)) -> None:
    """Wait until everything `drain` looks at is at rest. Raises CliError when that takes too long."""
    behind = await drain.wait(REST_LIMIT_S, look_every_s)
    if behind:
        raise CliError(f"the suite does not come to rest: {behind[0]}", "see `perseverance doctor`")


def _office_closes(instant: datetime) -> datetime:
    return datetime.combine(instant.astimezone(PARIS).date(), OFFICE_CLOSES, PARIS)
