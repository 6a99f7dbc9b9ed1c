"""People who look at pages and act, all along: what they are answered counts like what senders are."""

import asyncio
import random
from collections.abc import Collection
from uuid import uuid4

import httpx

from tests.chaos.coordination import Coordination
from tests.chaos.desk import Desk
from tests.chaos.house import House
from tests.chaos.suite import WATCHER

PATHS = (
    "/api/v1/alerts?page_size=20",
    "/api/v1/counts",
    "/api/v1/me",
    "/api/v1/mails?page_size=20",
    "/api/v1/parcours?page_size=20",
)
_PAUSE_S = 0.15
_ACTS = 0.2  # of the turns


class People:
    """One reads the API and takes alerts in charge, coordinators follow parcours. `allowed`: statuses no fault."""

    def __init__(self, house: House, allowed: Collection[int], rng: random.Random) -> None:
        self._house = house
        self._rng = rng
        self.desk = Desk(house, allowed)
        self.coordination = Coordination(house, self.desk, random.Random(rng.random()))

    async def arrive(self) -> None:
        """Have everybody's token, as long as nothing is broken."""
        everybody = (WATCHER, *self.coordination.actors)
        tokens = [asyncio.to_thread(self._house.command, "token", "--actor", each) for each in everybody]
        self._tokens = dict(zip(everybody, await asyncio.gather(*tokens), strict=True))

    async def run(self) -> None:
        """Read and act until told to `leave`, and what was begun is over."""
        async with self.desk.open() as client, asyncio.TaskGroup() as group:
            group.create_task(self._read(client, self._tokens[WATCHER]))
            group.create_task(self.coordination.run(client, self._tokens))

    def leave(self) -> None:
        """The last strike is over."""
        self.coordination.leaving = True

    async def _read(self, client: httpx.AsyncClient, token: str) -> None:
        while not self.coordination.leaving:
            if self._rng.random() < _ACTS:
                await self._acknowledge(client, token)
            else:
                await self.desk.ask(client, token, self._rng.choice(PATHS))
            await asyncio.sleep(_PAUSE_S)

    async def _acknowledge(self, client: httpx.AsyncClient, token: str) -> None:
        listed = await self.desk.ask(client, token, PATHS[0])
        items = listed.json()["items"] if listed is not None and listed.is_success else []
        if items:
            alert = self._rng.choice(items)["alert_id"]
            await self.desk.ask(client, token, f"/api/v1/alerts/{alert}/acknowledge", key=str(uuid4()))
