"""Which version of each read model is live, and what that means for a process built for one of them.

Live is ours: its readers work. Live is older: provisioning is about to build ours; until then we are not ready, and
write nothing. Live is newer: the readers of that version write it, and our pages go on showing what they know of it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.database import TRANSIENT, Database
from chassis.logs import Log
from chassis.reader import Reader
from chassis.service import Service
from services.projections.catalogue import ReadModel

log = Log("projections")

_LOOK_EVERY_S = 4.0


class Withdrawn(Exception):
    """Another version put an older form in the place of ours: this process has to begin again."""


class Forms:
    """The versions of the live read models, looked at every few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._live: dict[str, int] = {}
        self._looked = asyncio.Condition()

    async def run(self) -> None:
        """Look, for ever; what was seen last holds while the database is away."""
        while True:
            with contextlib.suppress(*TRANSIENT):
                self._live = await asyncio.to_thread(self._look)
                async with self._looked:
                    self._looked.notify_all()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _look(self) -> dict[str, int]:
        return dict(self._database.rows("SELECT name, version FROM read_models"))

    def newer(self, model: ReadModel) -> bool:
        """Whether the live tables were made for a later version than ours."""
        return self._live.get(model.name, 0) > model.version

    def older(self, model: ReadModel) -> bool:
        """Whether ours has still to be built, or was not looked at yet."""
        return self._live.get(model.name, 0) < model.version

    def decide(self, service: Service, model: ReadModel, reader: Reader[Any]) -> None:
        """Let `reader` work only while the live tables are of our form."""
        service.tasks[f"reader {reader.name}"] = partial(self._read, model, reader)
        service.add_check(f"reader {reader.name} moves", lambda: self.newer(model) or reader.moving)
        service.add_check(
            f"read model {model.name} is of this version: run `perseverance provision`", lambda: not self.older(model)
        )

    async def _read(self, model: ReadModel, reader: Reader[Any]) -> None:
        await self._until(lambda: not self.older(model))
        if not self.newer(model):
            await self._read_on(model, reader)
        log.warning("read_model.newer", read_model=model.name, consumer=reader.name)
        await asyncio.Event().wait()  # the pages go on; the process ends with its rollout

    async def _read_on(self, model: ReadModel, reader: Reader[Any]) -> None:
        reading = asyncio.create_task(reader.run())
        other = asyncio.create_task(self._until(lambda: self.older(model) or self.newer(model)))
        try:
            await asyncio.wait({reading, other}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                await reading
            if self.older(model):
                raise Withdrawn(model.name)
        finally:
            for task in (reading, other):
                task.cancel()
            await asyncio.gather(reading, other, return_exceptions=True)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with self._looked:
            await self._looked.wait_for(holds)
