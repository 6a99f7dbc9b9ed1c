"""A read model built again from its stream, beside the speed of reading that stream and throwing it away."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from statistics import mean, median

import psycopg
import uvloop
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from benchmarks.engines import Engines
from benchmarks.feed import connect, fill
from benchmarks.process import alone
from chassis.messages import Message
from chassis.nats import Nats
from chassis.pull import Interrupted, Pull
from chassis.tuning import tune
from contracts.catalogue import ALERTS
from services.projections.catalogue import READ_MODELS
from services.projections.rebuilding import Rebuild

_PULL = 4_000  # as the rebuild asks for
_UUID = re.compile(rb"\b([0-9a-f]{8})((?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


@dataclass(frozen=True)
class Rebuilding:
    """Speeds in events a second; `ratio` of the whole rebuild, indexes and switch included, to plain reading.

    Read and thrown away by our reader, and by the client library as its documentation shows. Of several rounds, the
    median; `ratios` has that of each rebuild to the readings around it, in order.
    """

    events: int
    events_per_s: float
    read_and_thrown_away_per_s: float
    ratio: float
    ratios: tuple[float, ...]
    library_per_s: float
    ratio_to_library: float


def measure(engines: Engines, database_url: str, events: int, rounds: int) -> Rebuilding:
    """Rebuild the alerts of `database_url` from at least `events` events, `rounds` times, each between two readings."""
    total = asyncio.run(_grow(engines.nats_url, events))
    _tidy_up(database_url)
    by_library = total / alone(_fetch_all, engines.nats_url, total)
    readings, rebuilds = [alone(_read_all, engines.nats_url, total)], []
    for _ in range(rounds):
        _tidy_up(database_url)
        rebuilt, facts = alone(_rebuild, engines.nats_url, database_url)
        if facts != total:
            raise RuntimeError(f"the rebuild read {facts} events of {total}")
        _check(engines, database_url)
        rebuilds.append(rebuilt)
        readings.append(alone(_read_all, engines.nats_url, total))
    ratios = [mean(around) / each for around, each in zip(pairwise(readings), rebuilds, strict=True)]
    reading, speed = total / median(readings), total / median(rebuilds)
    return Rebuilding(
        events=total,
        events_per_s=round(speed, 1),
        read_and_thrown_away_per_s=round(reading, 1),
        ratio=round(median(ratios), 3),
        ratios=tuple(round(each, 3) for each in ratios),
        library_per_s=round(by_library, 1),
        ratio_to_library=round(speed / by_library, 3),
    )


async def _grow(url: str, events: int) -> int:
    """Make the stream as long as wanted, with what it holds already, told of other pupils."""
    held = await _messages(url)
    more = islice(_copies(held), max(0, events - len(held)))
    return await fill(url, ALERTS.name, more, "copy-")


def _copies(held: list[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    copy = 0
    while held:
        copy += 1
        other = partial(_other_id, copy)
        for subject, body in held:
            yield subject, _UUID.sub(other, body)


def _other_id(copy: int, found: re.Match[bytes]) -> bytes:
    return b"%08x" % (int(found[1], 16) ^ copy) + found[2]


async def _messages(url: str) -> list[tuple[str, bytes]]:
    nats = Nats(url, "benchmark")
    await nats.connect()
    found: list[tuple[str, bytes]] = []
    last = (await nats.js.stream_info(ALERTS.name)).state.last_seq
    await _read(nats, last, lambda messages: found.extend((each.subject, each.data) for each in messages))
    await nats.close()
    return found


async def _read(nats: Nats, last: int, take: Callable[[list[Message]], None]) -> None:
    """Hand all of the stream to `take`; a connection that is lost on the way costs time, no message."""
    at = 0
    while at < last:
        with contextlib.suppress(Interrupted):
            async with Pull(nats, ALERTS.name, ALERTS.subjects, at, _PULL) as pull:
                while at < last:
                    messages = await pull.next(1.0)
                    if messages:
                        take(messages)
                        at = messages[-1].seq


def _read_all(url: str, total: int) -> float:
    """Seconds to read all of the stream, as the rebuild reads it, and do nothing with it."""

    async def read() -> float:
        tune()
        nats = Nats(url, "benchmark")
        await nats.connect()
        started = time.perf_counter()
        await _read(nats, total, lambda _: None)
        seconds = time.perf_counter() - started
        await nats.close()
        return seconds

    return uvloop.run(read())


def _fetch_all(url: str, total: int) -> float:
    """Seconds to read all of the stream with the library's own `fetch`, and do nothing with it."""

    async def read() -> float:
        tune()
        client = await connect(url)
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL, mem_storage=True)
        subscription = await client.jetstream().pull_subscribe(ALERTS.subjects[0], stream=ALERTS.name, config=config)
        started, seen = time.perf_counter(), 0
        while seen < total:
            seen += len(await subscription.fetch(min(_PULL, total - seen), timeout=10))
        seconds = time.perf_counter() - started
        await client.close()
        return seconds

    return uvloop.run(read())


def _rebuild(url: str, database_url: str) -> tuple[float, int]:
    """Seconds of a whole rebuild, and how many facts it read."""

    async def rebuild() -> tuple[float, int]:
        tune()
        nats = Nats(url, "benchmark")
        await nats.connect()
        (model,) = (model for model in READ_MODELS if model.name == "alerts")
        done = await Rebuild(model, nats, database_url).run()
        await nats.close()
        return done.seconds, done.facts

    return uvloop.run(rebuild())


def _tidy_up(database_url: str) -> None:
    """Do what the server would do by itself in the next minutes, beside what is measured, about what came before."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _check(engines: Engines, database_url: str) -> None:
    """Raises RuntimeError unless there is a row for every alert ever raised."""
    raised = sum(
        subject.endswith(".absence_threshold_reached") for subject, _ in asyncio.run(_messages(engines.nats_url))
    )
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM projections.alerts").fetchone()
    if row != (raised,):
        raise RuntimeError(f"{row} alerts after the rebuild, {raised} were raised")
