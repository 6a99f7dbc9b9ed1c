"""Looking again for somebody to tell, when the directory changes and every few minutes."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from chassis.database import TRANSIENT, Database
from chassis.logs import Log
from chassis.recorder import VersionConflict
from services.notifications.application import BATCH, LOOK_AGAIN, Notifications, real_now

log = Log("addressing")

_PAUSE_S = 1.0
_TRY_AGAIN: tuple[type[Exception], ...] = (*TRANSIENT, VersionConflict)


class Addressing:
    """Gives e-mails that had nobody to the people who are there now."""

    def __init__(
        self, application: Notifications, database: Database, changed: asyncio.Event, on_commit: Callable[[], None]
    ) -> None:
        self._application = application
        self._database = database
        self._changed = changed
        self._on_commit = on_commit

    async def run(self) -> None:
        """Look again for ever. Cancel to stop."""
        while True:
            everything = self._changed.is_set()
            self._changed.clear()
            try:
                looked_at = await asyncio.to_thread(self.look, everything=everything)
            except _TRY_AGAIN as error:
                log.warning("addressing.begins_again", kind=type(error).__name__)
                self._application.forget()
                if everything:
                    self._changed.set()
                await asyncio.sleep(_PAUSE_S)
                continue
            if looked_at:
                log.info("addressing.looked_again", mails=looked_at)
                self._on_commit()
            await self._wait()

    def look(self, *, everything: bool) -> int:
        """Look again at what is due, or at everything that waits; how many e-mails that were."""
        # What is put back now is due LOOK_AGAIN after now: with this bound nothing is looked at twice.
        with self._database.transaction() as tx:
            bound = real_now(tx) + (LOOK_AGAIN if everything else timedelta())
        total = 0
        while True:
            with self._database.transaction() as tx:
                taken = self._application.find_addressees(tx, bound)
            total += taken
            if taken < BATCH:
                return total

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN.total_seconds() / 10):
                await self._changed.wait()
        except TimeoutError:
            return
