"""What every service shows of its database: each replica finds the same, so take the largest, never the sum."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from chassis import deadlines, quarantine
from chassis.clock import Clock
from chassis.database import Database, Transaction
from chassis.gauges import Found, Gauge, Look, Since
from chassis.reader import Reader
from chassis.relay import Relay

T = TypeVar("T")

QUARANTINE = Gauge("perseverance_quarantine_messages", "Messages in quarantine now", ("consumer",))
DISTANCE = Gauge("perseverance_relay_distance", "Entries of the log not yet published", ("stream",))
LATE = Gauge("perseverance_deadlines_late", "Deadlines that are due and not decided upon", ("service",))
LATE_S = Gauge(
    "perseverance_deadlines_late_seconds", "How long the oldest deadline that is due has been waiting", ("service",)
)


async def asked(database: Database, question: Callable[[Transaction], T]) -> T:
    """What a question of one query to the database answers, in a thread of its own."""

    def ask() -> T:
        with database.reading() as tx:
            return question(tx)

    return await asyncio.to_thread(ask)


def quarantined(database: Database, readers: Iterable[Reader[Any]]) -> Look:
    """How many messages of each reader are in quarantine."""

    async def look() -> Found:
        none = {reader.name: 0 for reader in readers}
        counts = none | await asked(database, quarantine.counts)
        return {QUARANTINE: {(consumer,): held for consumer, held in counts.items()}}

    return look


def unpublished(relays: Iterable[Relay]) -> Look:
    """How much each relay has still to publish; only where it is this process that publishes."""

    async def look() -> Found:
        distances: dict[tuple[str, ...], float] = {}
        for relay in relays:
            if relay.published is not None:
                distances[relay.stream,] = await asyncio.to_thread(relay.log.count, relay.published)
        return {DISTANCE: distances}

    return look


def late_deadlines(service: str, database: Database, clock: Clock) -> Look:
    """How many deadlines are late by `clock`, and by how much."""

    async def look() -> Found:
        now = await asyncio.to_thread(clock.now)
        late, oldest = await asked(database, lambda tx: deadlines.late(tx, now))
        since = Since(time.time() - (now - oldest).total_seconds()) if oldest else 0.0
        return {LATE: {(service,): late}, LATE_S: {(service,): since}}

    return look
