"""Three nats-servers and R3 streams: the leader killed, the leader cut off from the two others."""

import asyncio
import signal
from dataclasses import dataclass, field
from typing import ClassVar

from chassis.embedded import EmbeddedPostgres
from contracts.catalogue import STREAMS
from tests.chaos.house import House
from tests.chaos.kinds.base import Kind, Size
from tests.chaos.servers import Cluster


@dataclass
class ClusterOfThree(Kind):
    """What was acknowledged is held by two; who leads changes under the readers and the relays."""

    NAME: ClassVar[str] = "cluster"
    WHAT: ClassVar[str] = "three nats-servers, R3: kill -9 of a stream's leader, and partitions between servers"
    SHORT: ClassVar[Size] = Size(4, 2_000, away_s=6)
    LONG: ClassVar[Size] = Size(60, 20_000, away_s=15)

    environment: dict[str, str] = field(default_factory=lambda: {"PERSEVERANCE_STREAM_REPLICAS": "3"})
    between_s: tuple[float, float] = (3.0, 5.0)
    quiet_s: float = 90.0

    async def open(self, house: House) -> None:
        """Three servers that reach each other over wires alone."""
        house.postgres = EmbeddedPostgres(house.data / "postgres")
        house.environment["DATABASE_URL"] = house.postgres.start()
        house.cluster = Cluster(house.data / "nats")
        await house.cluster.start()
        house.environment["NATS_URL"] = house.cluster.url

    async def strike(self, house: House) -> str:
        """In turn: kill whoever leads a stream, or cut it off."""
        cluster = house.cluster
        assert cluster is not None
        stream = self.rng.choice(STREAMS).name
        leader = await asyncio.to_thread(cluster.leader_of, stream)
        number = leader if leader >= 0 else self.rng.randrange(3)
        lasts = self.rng.uniform(0.3, 1.0) * self.size.away_s
        how = ("leader killed", "leader cut off")[self.struck.total() % 2]
        if how == "leader killed":
            await asyncio.to_thread(cluster.nodes[number].stop, signal.SIGKILL)
            await asyncio.sleep(lasts)
            cluster.start_one(number)
        else:
            cluster.isolate(number)
            await asyncio.sleep(lasts)
            cluster.heal()
        for node in cluster.nodes:
            await node.healthy()
        return how
