"""Deadlines that fall due: taken in batches by any replica, oldest first, decided by each parcours."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter, Gauge

from chassis import deadlines, tracing
from chassis.clock import Clock
from chassis.database import TRANSIENT, Database
from chassis.deadlines import Deadline
from chassis.logs import Log
from chassis.recorder import VersionConflict
from services.parcours.acting import brought_by_the_clock
from services.parcours.application import ParcoursService

log = Log("parcours.alarm")

FIRED = Counter("perseverance_deadlines_fired", "Deadlines that fell due and were decided upon")
ASIDE = Gauge("perseverance_deadlines_aside", "Parcours and delays whose deadlines this process could not decide upon")

BATCH = 500
LOOK_EVERY_S = 4.0
LEAPING_S = 0.1
"""Between two looks where days go by in seconds: whoever moves a simulated clock waits for what it brings."""

_PAUSE_S = 1.0
_TRY_AGAIN: tuple[type[Exception], ...] = (*TRANSIENT, VersionConflict)


class Alarm:
    """Looks again and again for what is due. `clock` must be one that no replica's machine can put forward."""

    def __init__(
        self,
        application: ParcoursService,
        database: Database,
        clock: Clock,
        on_commit: Callable[[], None],
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._application = application
        self._database = database
        self._clock = clock
        self._on_commit = on_commit
        self._look_every_s = look_every_s
        self._aside: set[UUID] = set()

    async def run(self) -> None:
        """Look for ever. Cancel to stop."""
        while True:
            try:
                taken = await asyncio.to_thread(self.ring)
            except _TRY_AGAIN as error:
                log.warning("alarm.begins_again", kind=type(error).__name__)
                await asyncio.sleep(_PAUSE_S)
                continue
            if taken:
                self._on_commit()  # and look again at once: a batch has at most one deadline of each parcours
            else:
                await asyncio.sleep(self._look_every_s)

    def ring(self) -> int:
        """Decide upon one batch of what is due; how many deadlines that were. Raises TRANSIENT, VersionConflict."""
        if not deadlines.any_due(self._database, clock=self._clock):
            return 0
        now = self._clock.now()
        try:
            taken = self._batch(now)
        except _TRY_AGAIN:
            raise
        except Exception as error:  # noqa: BLE001  (whatever one parcours provokes must not stop the others)
            log.error("alarm.batch_failed", exc=error)
            taken = self._one_by_one(now)
        FIRED.inc(taken)
        return taken

    def _batch(self, now: datetime) -> int:
        started = time.time_ns()
        with self._database.transaction() as tx:
            taken = deadlines.take_due(tx, now, BATCH, but=self._aside)
            self._application.fire(tx, taken, now)
        if tracing.active():
            for each in taken:
                told = brought_by_the_clock(each.aggregate_id, each.kind, each.due_at, now)
                tracing.did("parcours.alarm", told["correlation"], told["cause"], started, {}, first=True)
        return len(taken)

    def _one_by_one(self, now: datetime) -> int:
        """Find the guilty of a batch and put it aside: it stays due, and with it what comes later for its parcours."""
        decided = 0
        while decided < BATCH:
            taken: list[Deadline] = []
            try:
                with self._database.transaction() as tx:
                    taken = deadlines.take_due(tx, now, 1, but=self._aside)
                    self._application.fire(tx, taken, now)
            except _TRY_AGAIN:
                raise
            except Exception as error:
                if not taken:
                    raise
                self._put_aside(taken[0], error)
                continue
            if not taken:
                break
            decided += 1
        return decided

    def _put_aside(self, deadline: Deadline, error: Exception) -> None:
        # In memory only: it is tried again when the service starts again, as it does with the version that mends it.
        log.error("alarm.put_aside", exc=error, aggregate=str(deadline.aggregate_id), deadline=deadline.kind)
        self._aside.add(deadline.aggregate_id)
        ASIDE.set(len(self._aside))
