"""`perseverance rebuild`: read the streams from their beginning into new tables, catch up, switch.

The live read model answers and goes on being filled all the while. If this process dies, nothing has
changed, and the next rebuild drops what it left.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import ceil

import psycopg

from chassis.database import Database, Transaction
from chassis.login import Login
from chassis.nats import Nats
from chassis.positions import Position
from services.projections.catalogue import Feed, ReadModel
from services.projections.loading import stretches
from services.projections.loading.hands import OwnHand, Reached, end
from services.projections.loading.helping import helping
from services.projections.stores import generations

PROCESSES = 2
"""Enough for a machine of two processors, and where the servers have others."""

WRITE_EVERY = 20_000
"""Facts written at once where stretches do not serve: in catching up, and of a stream that holds much else."""

_TRY_SWITCH_FOR_S = 60.0
_ROUNDS = 10  # of catching up, while the live read model goes on
_NEAR = 5_000  # facts: little enough to read while writers wait

Progress = Callable[[str, int, int], None]
"""Told the reader, the sequence reached and the one to reach."""


class Busy(Exception):
    """Another rebuild is running."""


class Replayed(Exception):
    """Something was replayed or dropped from quarantine meanwhile: nothing was switched."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: facts read, seconds in all and while reading for the first time."""

    model: str
    facts: int
    seconds: float
    loading_seconds: float


@dataclass
class _Reading:
    """How far one stream was read into the new tables."""

    feed: Feed
    aside: Mapping[str, int] = field(default_factory=dict)
    at: Position = field(default_factory=lambda: Position(0, ""))
    facts: int = 0


class Rebuild:
    """One rebuild of one read model, by `processes`, this one among them. The login is the owner's: tables are made."""

    def __init__(
        self,
        model: ReadModel,
        nats: Nats,
        login: Login | str,
        progress: Progress = lambda *_: None,
        processes: int = PROCESSES,
    ) -> None:
        self._model = model
        self._nats = nats
        # Its tables are indexed side by side.
        self._database = Database(login, generations.LIVE, role="", pool_size=max(4, 1 + len(model.tables)))
        self._progress = progress
        self._processes = processes
        self._readings = [_Reading(feed) for feed in model.feeds]

    async def run(self) -> Rebuilt:
        """Do it. Raises Busy, Unreadable, StreamShorter, Replayed, HelperFailed."""
        started = time.perf_counter()
        guard = await asyncio.to_thread(lambda: self._database.login.connect(autocommit=True))
        try:
            if not await asyncio.to_thread(generations.alone, guard):
                raise Busy
            await asyncio.to_thread(self._prepare)
            loading = time.perf_counter()
            for reading in self._readings:
                await self._load(reading)
            loaded = time.perf_counter() - loading
            await self._index_all()
            await self._switch()
            await asyncio.to_thread(self._discard)
        finally:
            await asyncio.to_thread(generations.no_more_alone, guard)
            await asyncio.to_thread(self._database.close)
        facts = sum(reading.facts for reading in self._readings)
        return Rebuilt(self._model.name, facts, time.perf_counter() - started, loaded)

    def _prepare(self) -> None:
        with self._database.transaction() as tx:
            generations.discard(tx)
            generations.make(tx, self._model.name)
            for reading in self._readings:
                reading.aside = generations.put_aside(tx, reading.feed.reader)

    async def _index_all(self) -> None:
        indexing = (asyncio.to_thread(self._index, table) for table in self._model.tables)
        # All have ended before one that failed is heard of: the next rebuild would find them at work.
        for failed in filter(None, await asyncio.gather(*indexing, return_exceptions=True)):
            raise failed

    def _index(self, table: str) -> None:
        with self._database.transaction() as tx:
            generations.index(tx, self._model.name, table)

    def _discard(self) -> None:
        with self._database.transaction() as tx:
            generations.discard(tx)

    # -- reading

    async def _load(self, reading: _Reading) -> None:
        """Read all of this stream, as it is now, into the empty tables."""
        last = await end(self._nats, reading.feed)
        if not reading.feed.source.whole:
            await self._read(reading, last)
            return
        stream = await self._nats.js.stream_info(reading.feed.source.stream)
        first = min(max(0, stream.state.first_seq - 1), last)
        others = min(self._processes, ceil((last - first) / stretches.LENGTH)) - 1

        def written(reached: Reached) -> None:
            self._reached(reading, reached, last)

        async with AsyncExitStack() as stack:
            helpers = [
                await stack.enter_async_context(helping(reading.feed, self._nats, self._database.login))
                for _ in range(others)
            ]
            own = OwnHand(reading.feed, self._nats, self._database, fast=True)
            await stretches.Stretches(first, last, written).load([own, *helpers])

    async def _read(self, reading: _Reading, last: int) -> None:
        """Read what is new in this stream up to `last`."""
        hand = OwnHand(reading.feed, self._nats, self._database, fast=False)
        while reading.at.seq < last:
            reached = await hand.fold(reading.at.seq, last, WRITE_EVERY)
            if not reached.facts:
                break
            await hand.write()
            self._reached(reading, reached, last)

    def _reached(self, reading: _Reading, reached: Reached, last: int) -> None:
        reading.at = reached.at
        reading.facts += reached.facts
        self._progress(reading.feed.reader, reached.at.seq, last)

    # -- switching

    async def _switch(self) -> None:
        for _ in range(_ROUNDS):
            if await self._catch_up() < _NEAR:
                break
        limit = time.monotonic() + _TRY_SWITCH_FOR_S
        while True:
            try:
                with self._database.transaction() as tx:
                    await asyncio.to_thread(generations.hold_back_vacuum, tx, self._model)
                    await self._catch_up()  # that may have taken a while
                    await asyncio.to_thread(generations.hold_back_writers, tx)
                    # Nothing moves the live read model now: at the end of the streams, ours is not behind.
                    await self._catch_up()
                    await asyncio.to_thread(self._check_aside, tx)
                    reached = {reading.feed.reader: reading.at for reading in self._readings}
                    await asyncio.to_thread(generations.switch, tx, self._model, reached)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                if time.monotonic() > limit:
                    raise
                await asyncio.sleep(0.1)
            else:
                return

    def _check_aside(self, tx: Transaction) -> None:
        # What was replayed meanwhile is in the live tables, and was passed over here.
        for reading in self._readings:
            if not reading.aside.items() <= generations.put_aside(tx, reading.feed.reader).items():
                raise Replayed

    async def _catch_up(self) -> int:
        before = sum(reading.facts for reading in self._readings)
        for reading in self._readings:
            await self._read(reading, await end(self._nats, reading.feed))
        return sum(reading.facts for reading in self._readings) - before
