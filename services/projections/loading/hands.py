"""Who reads a stretch of a stream and writes what it made: this process, or another one that stands in for it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from nats.js.errors import NotFoundError

from chassis.database import Database
from chassis.logs import Log
from chassis.messages import Message, Unprocessable
from chassis.nats import Nats
from chassis.positions import Position
from chassis.pull import Interrupted, Pull
from services.projections.catalogue import Feed
from services.projections.handlers import Fold, item_of
from services.projections.stores import generations

log = Log("rebuild")

_PULL = 4_000
_WAIT_FOR_REGROWTH_S = 60.0
EVERY_PARTITION = frozenset(range(16))


class Unreadable(Exception):
    """A message this version cannot read, and which is not in quarantine: nothing was switched."""

    def __init__(self, reader: str, seq: int, reason: str) -> None:
        super().__init__(f"message {seq} read by {reader}: {reason}")
        self.seq = seq
        self.reason = reason


class StreamShorter(Exception):
    """A stream ends before what there was to read when we began, and was not filled again: nothing was switched."""

    def __init__(self, stream: str) -> None:
        super().__init__(f"the stream {stream} has become shorter")


@dataclass(frozen=True)
class Reached:
    """Where a stretch ended, and how many facts were read on the way."""

    at: Position
    facts: int


class Hand(Protocol):
    """One stretch at a time: read and folded, then written."""

    async def fold(self, after: int, until: int, at_most: int) -> Reached:
        """Read and fold what lies behind sequence `after`, up to `until`, no more than `at_most` messages.

        Raises Unreadable, StreamShorter.
        """
        ...

    async def write(self) -> None:
        """Write what was folded."""
        ...


class OwnHand:
    """This process. `fast`: the tables are empty but for what was written in this way."""

    def __init__(self, feed: Feed, nats: Nats, database: Database, *, fast: bool) -> None:
        self._feed = feed
        self._nats = nats
        self._database = database
        self._write = feed.load or feed.write if fast else feed.write
        self._fold = feed.fold()
        self._aside: Mapping[str, int] = {}
        self._heard = 0.0

    async def fold(self, after: int, until: int, at_most: int) -> Reached:
        """See Hand."""
        self._aside = await asyncio.to_thread(self._put_aside)
        self._heard = time.monotonic()
        while True:
            try:
                return await self._read(after, until, at_most)
            except Interrupted as error:
                log.warning("rebuild.begins_again", consumer=self._feed.reader, cause=str(error))

    async def _read(self, after: int, until: int, at_most: int) -> Reached:
        source = self._feed.source
        self._fold, facts, at = self._feed.fold(), 0, Position(after, "")
        async with Pull(self._nats, source.stream, source.filters(EVERY_PARTITION), after, _PULL, at_most) as pull:
            while facts < at_most:
                messages = await pull.next(1.0)
                if not messages:
                    if await self._is_over(at.seq, until):
                        break
                    continue
                self._heard = time.monotonic()
                over = messages[-1].seq >= until
                if messages[-1].seq > until:
                    messages = [message for message in messages if message.seq <= until]
                if messages:
                    self._take(messages, self._fold)
                    facts += len(messages)
                    at = Position(messages[-1].seq, messages[-1].msg_id)
                if over:
                    break
        return Reached(at, facts)

    async def _is_over(self, at: int, until: int) -> bool:
        """Whether what is missing was taken out of the stream. Raises StreamShorter when it was not filled again.

        A stream that was made anew is filled again by its relay, at the same sequences: that is waited for.
        """
        last = (await self._nats.js.stream_info(self._feed.source.stream)).state.last_seq
        if last >= until:
            return at >= min(until, await end(self._nats, self._feed))
        if time.monotonic() - self._heard > _WAIT_FOR_REGROWTH_S:
            raise StreamShorter(self._feed.source.stream)
        return False

    def _take(self, messages: Sequence[Message], fold: Fold) -> None:
        wants, add, aside = self._feed.source.wants, fold.add, self._aside
        for message in messages:
            if not wants(message.subject, EVERY_PARTITION):
                continue
            if aside and message.seq >= aside.get(generations.key_of(message), message.seq + 1):
                continue
            try:
                add(item_of(message))
            except Unprocessable as error:
                aside = self._look_aside(message, error)

    def _look_aside(self, message: Message, error: Unprocessable) -> Mapping[str, int]:
        self._aside = self._put_aside()
        if generations.key_of(message) not in self._aside:
            raise Unreadable(self._feed.reader, message.seq, error.reason) from None
        return self._aside

    def _put_aside(self) -> Mapping[str, int]:
        with self._database.transaction() as tx:
            return generations.put_aside(tx, self._feed.reader)

    async def write(self) -> None:
        """See Hand. One that was begun is waited for, also by whoever is told to stop."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._write_folded))
        try:
            await asyncio.shield(writing)
        finally:
            while not writing.done():
                with suppress(asyncio.CancelledError):  # told again: we do stop, once nobody writes any more
                    await asyncio.wait((writing,))

    def _write_folded(self) -> None:
        with self._database.transaction() as tx:
            generations.enter(tx)
            self._write(tx, self._fold)
        self._fold = self._feed.fold()


async def end(nats: Nats, feed: Feed) -> int:
    """The sequence of the last message there is for this feed."""
    last = 0
    for subject in feed.source.filters(EVERY_PARTITION):
        try:
            last = max(last, (await nats.js.get_last_msg(feed.source.stream, subject)).seq or 0)
        except NotFoundError:
            continue
    return last
