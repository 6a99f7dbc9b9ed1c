"""`perseverance rebuild`: read the streams from their beginning into new tables, catch up, switch.

The live read model answers and goes on being filled all the while. If this process dies, nothing has
changed, and the next rebuild drops what it left.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg
from nats.js.errors import NotFoundError

from chassis.database import Database
from chassis.login import Login
from chassis.logs import Log
from chassis.messages import Message, Unprocessable
from chassis.nats import Nats
from chassis.positions import Position
from chassis.pull import Interrupted, Pull
from services.projections.catalogue import Feed, ReadModel
from services.projections.handlers import Fold, item_of
from services.projections.stores import generations

log = Log("rebuild")

FLUSH_EVERY, _MOST = 20_000, 60_000
"""Facts written at once: as soon as so many are folded and nothing is being written; hardly ever more than so many."""

_PULL = 4_000
_EVERY_PARTITION = frozenset(range(16))
_TRY_SWITCH_FOR_S = 60.0
_ROUNDS = 10  # of catching up, while the live read model goes on
_NEAR = 5_000  # facts: little enough to read while writers wait

Progress = Callable[[str, int, int], None]
"""Told the reader, the sequence reached and the one to reach."""


class Busy(Exception):
    """Another rebuild is running."""


class Unreadable(Exception):
    """A message this version cannot read, and which is not in quarantine: nothing was switched."""

    def __init__(self, reader: str, seq: int, reason: str) -> None:
        super().__init__(f"message {seq} read by {reader}: {reason}")


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
    """One rebuild of one read model. The login is the owner's: tables are made."""

    def __init__(self, model: ReadModel, nats: Nats, login: Login | str, progress: Progress = lambda *_: None) -> None:
        self._model = model
        self._nats = nats
        # Its tables are indexed side by side.
        self._database = Database(login, generations.LIVE, role="", pool_size=max(4, 1 + len(model.tables)))
        self._progress = progress
        self._readings = [_Reading(feed) for feed in model.feeds]

    async def run(self) -> Rebuilt:
        """Do it. Raises Busy, Unreadable."""
        started = time.perf_counter()
        guard = await asyncio.to_thread(lambda: self._database.login.connect(autocommit=True))
        try:
            if not await asyncio.to_thread(generations.alone, guard):
                raise Busy
            await asyncio.to_thread(self._prepare)
            loading = time.perf_counter()
            for reading in self._readings:
                await self._read(reading, reading.feed.load or reading.feed.write)
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

    async def _read(self, reading: _Reading, write: Callable[..., object]) -> None:
        """Bring the new tables to the end of this stream, as it is now."""
        end = await self._end(reading.feed)
        while reading.at.seq < end:
            try:
                await self._read_on(reading, end, write)
            except Interrupted as error:
                log.warning("rebuild.begins_again", consumer=reading.feed.reader, cause=str(error))

    async def _read_on(self, reading: _Reading, end: int, write: Callable[..., object]) -> None:
        source, at = reading.feed.source, reading.at
        fold, folded = reading.feed.fold(), 0
        flushing: asyncio.Future[None] | None = None
        try:
            async with Pull(self._nats, source.stream, source.filters(_EVERY_PARTITION), at.seq, _PULL) as pull:
                while at.seq < end:
                    messages = await pull.next(1.0)
                    if not messages:
                        end = min(end, await self._end(reading.feed))
                        continue
                    self._fold(reading, fold, messages)
                    folded += len(messages)
                    at = Position(messages[-1].seq, messages[-1].msg_id)
                    idle = flushing is None or flushing.done()
                    if folded >= (FLUSH_EVERY if idle else _MOST) or at.seq >= end:
                        if flushing:
                            await flushing
                        # The next messages are decoded while these rows are written.
                        flush = asyncio.to_thread(self._flush, reading, fold, write, at, folded)
                        flushing = asyncio.ensure_future(flush)
                        fold, folded = reading.feed.fold(), 0
                        self._progress(reading.feed.reader, at.seq, end)
        finally:
            if flushing:
                await flushing

    def _fold(self, reading: _Reading, fold: Fold, messages: list[Message]) -> None:
        wants, add = reading.feed.source.wants, fold.add
        for message in messages:
            if not wants(message):
                continue
            if reading.aside and message.seq >= reading.aside.get(generations.key_of(message), message.seq + 1):
                continue
            try:
                add(item_of(message))
            except Unprocessable as error:
                self._look_aside(reading, message, error)

    def _look_aside(self, reading: _Reading, message: Message, error: Unprocessable) -> None:
        with self._database.transaction() as tx:
            reading.aside = generations.put_aside(tx, reading.feed.reader)
        if generations.key_of(message) not in reading.aside:
            raise Unreadable(reading.feed.reader, message.seq, error.reason) from None

    def _flush(self, reading: _Reading, fold: Fold, write: Callable[..., object], at: Position, facts: int) -> None:
        with self._database.transaction() as tx:
            generations.enter(tx)
            write(tx, fold)
        reading.at = at
        reading.facts += facts

    async def _end(self, feed: Feed) -> int:
        """The sequence of the last message there is for this feed."""
        last = 0
        for subject in feed.source.filters(_EVERY_PARTITION):
            try:
                last = max(last, (await self._nats.js.get_last_msg(feed.source.stream, subject)).seq or 0)
            except NotFoundError:
                continue
        return last

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
                    reached = {reading.feed.reader: reading.at for reading in self._readings}
                    await asyncio.to_thread(generations.switch, tx, self._model, reached)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                if time.monotonic() > limit:
                    raise
                await asyncio.sleep(0.1)
            else:
                return

    async def _catch_up(self) -> int:
        before = sum(reading.facts for reading in self._readings)
        for reading in self._readings:
            await self._read(reading, reading.feed.write)
        return sum(reading.facts for reading in self._readings) - before
