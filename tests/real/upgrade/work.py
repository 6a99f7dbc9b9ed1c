"""What a service does while its versions change: a load that goes through it, and what must have come of it."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Self

from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from chassis.nats import Nats
from tests.real.eventually import eventually
from tests.real.upgrade.rollout import Rollout
from tests.real.upgrade.trees import PRESENT

_PAUSE_S = 0.1


class Work(ABC):
    """`consumer`: the reader whose partitions the versions share; `written`: the rows that say who wrote them;
    `beside`: services of the present version that hear what this one says, or tell it."""

    service: ClassVar[str]
    consumer: ClassVar[str]
    written: ClassVar[str] = "stored_events"
    beside: ClassVar[Sequence[str]] = ()

    def __init__(self, rollout: Rollout, nats: Nats) -> None:
        self.rollout = rollout
        self.nats = nats
        self.settings: dict[str, str] = {}
        self._rounds = 0

    async def prepare(self) -> None:  # noqa: B027  (most have nothing to do)
        """Put there what the service finds when it starts."""

    async def close(self) -> None:  # noqa: B027
        """Give back what `prepare` took."""

    @abstractmethod
    async def send(self) -> None:
        """One round of the load."""

    @abstractmethod
    async def verify(self) -> None:
        """Wait until all that was asked for is there: once each, in order, told by both versions."""

    async def done(self) -> Counter[str]:
        """How much each replica did so far."""
        rows = await self.rollout.rows(f"SELECT stored_by, count(*) FROM {self.service}.{self.written} GROUP BY 1")
        return Counter({str(by): int(str(count)) for by, count in rows})

    async def writers(self, rows: str) -> set[object]:
        """Who wrote these rows of the service; one that was there before the column counts as provisioning's."""
        return {by for (by,) in await self.rollout.rows(f"SELECT DISTINCT stored_by FROM {self.service}.{rows}")}

    async def goes_through(self, *members: str) -> None:
        """Wait until each of these did some more."""
        before = await self.done()

        async def all_did() -> bool:
            now = await self.done()
            return all(now[member] > before[member] for member in members)

        await eventually(all_did)

    async def _begin(self, member: str) -> None:
        """The present version works, and whoever is beside it."""
        await self.prepare()
        for other in self.beside:
            self.rollout.start(PRESENT, other, other)
        self.rollout.start(PRESENT, self.service, member, self.settings)
        await asyncio.gather(*(self.rollout.said(other, "service.started") for other in self.beside))
        await self.rollout.joins(member)

    async def replace(self, former: str, tree: Path, member: str) -> None:
        """A rollout under load: another version is provisioned, comes beside the former, and stays alone."""
        rounds = self._rounds

        async def former_worked() -> bool:
            return self._rounds >= rounds + 2

        await eventually(former_worked)
        await self.rollout.provision(tree)
        self.rollout.start(tree, self.service, member, self.settings)
        await self.rollout.joins(member)
        await self.rollout.reads(self.service, self.consumer, former, member)
        await self.goes_through(former, member)
        await self.rollout.leaves(former)
        await self.rollout.reads(self.service, self.consumer, member)
        await self.goes_through(member)

    @asynccontextmanager
    async def under_load(self) -> AsyncIterator[Self]:
        """The present version at work for as long as the block; then all that was asked for must be there."""
        try:
            await self._begin("present")
            async with self._load():
                yield self
            await self.verify()
            assert await self.rollout.in_quarantine() == 0
        finally:
            await self.close()

    @asynccontextmanager
    async def _load(self) -> AsyncIterator[None]:
        over = asyncio.Event()

        async def again_and_again() -> None:
            while not over.is_set():
                await self.send()
                self._rounds += 1
                await asyncio.sleep(_PAUSE_S)

        async with asyncio.TaskGroup() as group:  # a load that fails ends the test
            group.create_task(again_and_again())
            yield
            over.set()

    async def told(self, stream: str, root: str, count: int) -> list[Msg]:
        """What `stream` holds, once that is so many; it was told once and in the order of its log."""

        async def all_there() -> bool:
            return (await self.nats.js.stream_info(stream)).state.messages >= count

        await eventually(all_there)
        config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, mem_storage=True)
        consumer = await self.nats.js.pull_subscribe(f"{root}.>", stream=stream, config=config)
        wanted = (await self.nats.js.stream_info(stream)).state.messages
        told: list[Msg] = []
        while len(told) < wanted:
            told += await consumer.fetch(min(500, wanted - len(told)), timeout=10)
        await consumer.unsubscribe()
        places = [int((each.headers or {})["Nats-Msg-Id"]) for each in told]
        assert places == sorted(set(places)), f"{stream} was told twice or out of order"
        return told


def said_by_both(told: Sequence[Msg], fact: str) -> bool:
    """Whether of these facts some are said by the present version, and some by the next."""
    return {b'"said_by"' in each.data for each in told if each.subject.endswith(fact)} == {True, False}
