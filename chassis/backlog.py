"""How far behind the readers of this process are, partition by partition, and since when.

A reader that is caught up, or keeps up, knows it by itself. For one that does not, the server is asked for the first
message after its position, which also tells how many follow. While the server cannot be asked, something may be waiting
since we last knew better: the age grows from that moment on, so that nothing that is out of sight looks well.
"""

import asyncio
import json
import time
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from chassis.gauges import Found, Gauge, Since
from chassis.nats import Nats
from chassis.reader import Reader
from chassis.source import Source

LAG = Gauge("perseverance_reader_lag", "Messages of a partition not yet handled", ("consumer", "partition"))
OLDEST = Gauge(
    "perseverance_reader_oldest_seconds",
    "Age of the oldest message not yet handled, 0 when there is none",
    ("consumer", "partition"),
)
_ANSWER_S = 3.0
_NONE = "404"


class Waiting(NamedTuple):
    """Messages of a partition that wait, and when the first of them came (or may have come)."""

    messages: int
    since: float | None


class Backlog:
    """What waits for each of these readers, as last looked at."""

    def __init__(self, readers: Iterable[Reader[Any]], nats: Nats) -> None:
        self._readers = readers
        self._nats = nats
        self.waiting: dict[str, dict[int, Waiting]] = {}
        self._looked: dict[str, float] = {}

    async def look(self) -> Found:
        """Look at each reader. Never raises for what a server can do."""
        await asyncio.gather(*(self._look_at(reader) for reader in self._readers))
        lag: dict[tuple[str, ...], float] = {}
        oldest: dict[tuple[str, ...], float] = {}
        for consumer, partitions in self.waiting.items():
            for partition, waiting in partitions.items():
                labels = (consumer, str(partition))
                lag[labels] = waiting.messages
                oldest[labels] = shown(waiting.since)
        return {LAG: lag, OLDEST: oldest}

    def oldest_of(self, consumers: Collection[str]) -> float | None:
        """What to show as the age of the oldest message waiting for any of these; None when they read nothing here."""
        waiting = [each for name in consumers for each in self.waiting.get(name, {}).values()]
        return shown(min((each.since for each in waiting if each.since is not None), default=None)) if waiting else None

    async def _look_at(self, reader: Reader[Any]) -> None:
        now = time.time()
        standing = dict(reader.standing)
        if reader.caught_up or reader.keeps_up:
            found = dict.fromkeys(standing, Waiting(0, None))
        else:
            try:
                counts = (self._count(reader.source, each, at.seq) for each, at in standing.items())
                counted = await asyncio.gather(*counts)
            except Exception:  # noqa: BLE001  (whatever it is, it is not known)
                self.waiting[reader.name] = self._unknown(reader.name, standing)
                return
            found = dict(zip(standing, counted, strict=True))
        self.waiting[reader.name] = found
        self._looked[reader.name] = now

    def _unknown(self, consumer: str, standing: Collection[int]) -> dict[int, Waiting]:
        known, looked = self.waiting.get(consumer, {}), self._looked.setdefault(consumer, time.time())
        return {
            partition: Waiting(before.messages, before.since or looked)
            for partition in standing
            for before in [known.get(partition, Waiting(0, None))]
        }

    async def _count(self, source: Source, partition: int, seq: int) -> Waiting:
        each = [await self._after(source.stream, subject, seq) for subject in source.filters(frozenset((partition,)))]
        since = min((one.since for one in each if one.since is not None), default=None)
        return Waiting(sum(one.messages for one in each), since)

    async def _after(self, stream: str, subject: str, seq: int) -> Waiting:
        """What `stream` holds on `subject` after `seq`: a direct get of one message says how many more there are."""
        if not self._nats.connected:
            raise ConnectionError  # the client would keep the question and ask it later
        asked: dict[str, Any] = {"seq": seq + 1, "next_by_subj": subject, "batch": 1}
        answer = await self._nats.client.request(
            f"$JS.API.DIRECT.GET.{stream}", json.dumps(asked).encode(), timeout=_ANSWER_S
        )
        headers = answer.headers or {}
        if headers.get("Status") == _NONE:
            return Waiting(0, None)
        since = datetime.fromisoformat(headers["Nats-Time-Stamp"]).timestamp()
        return Waiting(1 + int(headers["Nats-Num-Pending"]), since)


def shown(since: float | None) -> float:
    """The value of a series that shows an age."""
    return 0.0 if since is None else Since(since)
