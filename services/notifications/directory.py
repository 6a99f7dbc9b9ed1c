"""The directory as this service sees it: read from the bucket, turned into `People` at each change."""

import asyncio

from chassis.logs import Log
from chassis.nats import Nats
from chassis.reference import Reference
from contracts.catalogue import DIRECTORY
from contracts.directory import EMPTY, Actor, School
from services.notifications.people import People, decode_entry

log = Log("notifications")


class Directory:
    """Follows the bucket. `people` may be read by any thread; `changed` is set at each reload."""

    def __init__(self) -> None:
        self._bucket: Reference[School | Actor] = Reference(DIRECTORY.name, decode_entry, on_change=self._reload)
        self.people = People(())
        self.changed = asyncio.Event()

    @property
    def loaded(self) -> bool:
        """Whether it has been read."""
        return self._bucket.loaded

    async def wait_loaded(self) -> None:
        """Return once it has been read."""
        await self._bucket.wait_loaded()

    async def run(self, nats: Nats) -> None:
        """Keep up until cancelled."""
        await self._bucket.run(nats)

    async def _reload(self) -> None:
        self.people = People(self._bucket.values())
        if not self._bucket.values():
            log.error("directory.empty", what=EMPTY)
        self.changed.set()
