"""`python -m benchmarks.choices`: what six choices of the chassis are worth, each beside what it was chosen over.

Subjects without the pupil, over subjects with it (ADR 4); a share of the partitions by one filter, over a filter for
each of them (ADR 27); atomic batches, over single publishes (ADR 3); windows sent
in one piece, over the client library's publishes (ADR 12); streams that are written behind their answer, over streams
on the disk before it (ADR 24); a lock between those who append, over a lock of the table they append to (ADR 8).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from statistics import quantiles
from threading import Event, Thread
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from benchmarks import latency
from benchmarks.contenders import provision
from benchmarks.engines import Engines, running_engines
from benchmarks.feed import connect, fill
from chassis import window
from chassis.database import Database
from chassis.events import Recorded
from chassis.nats import Nats
from chassis.provision import provision_streams
from chassis.pull import Pull
from chassis.recorder import TABLE
from chassis.source import Source
from chassis.store import EventStore
from chassis.window import LARGEST, Outgoing
from contracts.catalogue import SCHOOL
from contracts.streams import EVERY_PLACE, PLACES, subject_of
from services.alerts.events import PupilForgotten

MESSAGES = 20_000
SINGLES = 2_000
SHARED = 200_000
LOG = 300_000
APPENDS = 800
PAUSE_S = 0.005  # else those who append would not let the vacuum begin
WINDOWS = 300
PIECES = 50
LATENCY_S = 15
PUPILS = 1_000
FACTS = ("absence_reported", "absence_justified", "absence_cancelled", "student_erased")
BODY = b"x" * 350


def without_pupil(number: int) -> str:
    return subject_of("school", UUID(int=number % PUPILS), FACTS[0])


def with_pupil(number: int) -> str:
    place, _, fact = without_pupil(number).rpartition(".")
    return f"{place}.{UUID(int=number % PUPILS)}.{fact}"


async def read_rate(nats: Nats, filters: Sequence[str]) -> float:
    """Messages a second through the chassis's own pull."""
    seen, started = 0, time.perf_counter()
    async with Pull(nats, SCHOOL.name, filters, 0, 1000) as pull:
        while seen < MESSAGES:
            seen += len(await pull.next(wait_s=5))
    return seen / (time.perf_counter() - started)


async def reading(engines: Engines, table: Table) -> None:
    """Four filters over a stream whose subjects hold the pupil, and over one whose subjects do not."""
    rates = []
    for name, subject, wildcards in (("with", with_pupil, f"{EVERY_PLACE}.*"), ("without", without_pupil, EVERY_PLACE)):
        await engines.fresh_streams()
        await provision_streams(engines.nats_url, [replace(SCHOOL, subjects=("school.>",))], [])
        await fill(engines.nats_url, SCHOOL.name, ((subject(n), BODY) for n in range(MESSAGES)))
        nats = Nats(engines.nats_url, name)
        await nats.connect()
        rates.append(await read_rate(nats, [f"school.{wildcards}.{fact}" for fact in FACTS]))
        await nats.close()
    table.add_row("read with four filters", "pupil in the subject", "few subjects", f"x {rates[1] / rates[0]:.1f}")


async def sharing(engines: Engines, table: Table) -> None:
    """Two readers of eight partitions each, that ask for them by one filter, and by eight: what it costs the server."""
    await engines.fresh_streams()
    facts = (subject_of("school", UUID(int=n % PUPILS), FACTS[n % len(FACTS)]) for n in range(SHARED))
    await fill(engines.nats_url, SCHOOL.name, ((subject, BODY) for subject in facts))
    halves = [range(8), range(8, 16)]
    by_eight = [[f"school.{PLACES[partition]}.*" for partition in half] for half in halves]
    by_one = [Source(SCHOOL.name, "school").filters(frozenset(half)) for half in halves]
    costs = []
    for asked in (by_eight, by_one):
        before = engines.cpu_s()["nats"]
        await asyncio.gather(*(read_out(engines, filters) for filters in asked))
        costs.append(engines.cpu_s()["nats"] - before)
    table.add_row("read by two, the server's processor", "eight filters each", "one", f"x {costs[0] / costs[1]:.1f}")


async def read_out(engines: Engines, filters: Sequence[str]) -> None:
    """All that the stream holds for these filters."""
    nats = Nats(engines.nats_url, filters[0])
    await nats.connect()
    async with Pull(nats, SCHOOL.name, filters, 0, 1000) as pull:
        while await pull.next(wait_s=1) and pull.pending:
            pass
    await nats.close()


async def publishing(engines: Engines, table: Table) -> None:
    """Single publishes that each expect the sequence before them, and atomic batches of a thousand."""
    await engines.fresh_streams(synced=True)
    client = await connect(engines.nats_url)
    js = client.jetstream(timeout=60)
    started = time.perf_counter()
    for seq in range(SINGLES - 1):
        await client.publish(without_pupil(seq), BODY, headers={"Nats-Expected-Last-Sequence": str(seq)})
    last = {"Nats-Expected-Last-Sequence": str(SINGLES - 1)}
    await js.publish(without_pupil(SINGLES), BODY, headers=last, timeout=60)
    singles = SINGLES / (time.perf_counter() - started)
    await client.close()
    started = time.perf_counter()
    await fill(engines.nats_url, SCHOOL.name, ((without_pupil(n), BODY) for n in range(MESSAGES)))
    batches = MESSAGES / (time.perf_counter() - started)
    table.add_row("publish, every ack on the disk", "one by one", "atomic batches", f"x {batches / singles:.1f}")


async def windows(engines: Engines, table: Table) -> None:
    """Small windows as atomic batches, and as chains; chains on streams of both kinds."""
    await engines.fresh_streams(synced=True)
    nats = Nats(engines.nats_url, "windows")
    await nats.connect()
    worth = window._WORTH_A_BATCH
    chains = {}
    for size in (5, worth - 1, 2 * worth):
        rates = []
        for window._WORTH_A_BATCH in (1, LARGEST + 1):
            rates.append(await window_rate(nats, size))
        chains[size] = rates[1]
        over, chosen = (0, 1) if size < worth else (1, 0)
        ways = ("atomic batches", "chains")
        table.add_row(f"publish windows of {size}", ways[over], ways[chosen], f"x {rates[chosen] / rates[over]:.1f}")
    window._WORTH_A_BATCH = worth
    await engines.fresh_streams()
    for size, rate in chains.items():
        behind = await window_rate(nats, size, batches=False)
        table.add_row(f"publish windows of {size}", "on the disk first", "written behind", f"x {behind / rate:.1f}")
    await nats.close()


async def pieces(engines: Engines, table: Table) -> None:
    """Large windows by the library's publish, a message at a time, and in one piece."""
    await engines.fresh_streams()
    nats = Nats(engines.nats_url, "pieces")
    await nats.connect()
    spent = {by_the_library: 0.0, window.append: 0.0}
    for turn in range(1 + PIECES):
        for way in spent:
            seconds = await processor_s(nats, way)
            spent[way] += seconds if turn else 0  # the first of each warms up
    gain = spent[by_the_library] / spent[window.append]
    table.add_row(f"sender's processor, windows of {LARGEST}", "library's publish", "one piece", f"x {gain:.1f}")
    await nats.close()


def beside_a_vacuum(engines: Engines, table: Table) -> None:
    """Few events at a time, while the server vacuums and analyzes the log: behind the library's lock, and ours."""
    url = provision(engines, "vacuumed")
    database = Database(url, "alerts")
    store = EventStore(database)
    lock_by_name = store.recorder._lock
    lock_of_the_table = sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(sql.Identifier("alerts", TABLE))
    event = PupilForgotten(at=datetime.now(UTC))
    for _ in range(LOG // LARGEST):
        with database.transaction() as tx:
            store.append(tx, [Recorded(uuid4(), 1, event) for _ in range(LARGEST)])
    waits = []
    with vacuuming(url):
        for store.recorder._lock in (lock_of_the_table, lock_by_name):
            took = []
            for _ in range(APPENDS):
                began = time.perf_counter()
                with database.pipelined() as tx:
                    store.append(tx, [Recorded(uuid4(), 1, event) for _ in range(10)])
                took.append(time.perf_counter() - began)
                time.sleep(PAUSE_S)
            waits.append(quantiles(took, n=100)[-1])
    store.close()
    database.close()
    table.add_row("append beside a vacuum, p99", "lock of the table", "lock by name", f"x {waits[0] / waits[1]:.1f}")


@contextmanager
def vacuuming(url: str) -> Iterator[None]:
    """Meanwhile somebody vacuums and analyzes the log, again and again; the first and longest time is over before."""
    vacuum, over = "VACUUM (ANALYZE) alerts.stored_events", Event()

    def again_and_again() -> None:
        with psycopg.connect(url, autocommit=True) as owner:
            while not over.wait(0.2):
                owner.execute(vacuum)

    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(vacuum)
    thread = Thread(target=again_and_again)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def on_the_way(engines: Engines, table: Table) -> None:
    """From the publish of an event to its row, with streams of both kinds."""
    first = latency.measure(engines, LATENCY_S, name="on_the_disk_first", synced=True)
    behind = latency.measure(engines, LATENCY_S, name="written_behind")
    for name in ("p50", "p99"):
        gain = getattr(first, name) / getattr(behind, name)
        table.add_row(f"publish to row, {name}", "on the disk first", "written behind", f"x {gain:.1f}")


async def window_rate(nats: Nats, size: int, *, batches: bool = True) -> float:
    """Windows of `size` messages a second, one after the other."""
    seq = (await nats.js.stream_info(SCHOOL.name)).state.last_seq
    started = time.perf_counter()
    for _ in range(WINDOWS):
        few = [Outgoing(seq + n, without_pupil(seq + n), BODY) for n in range(1, size + 1)]
        seq = await window.append(nats, few, seq, batches=batches)
    return WINDOWS / (time.perf_counter() - started)


Way = Callable[[Nats, Sequence[Outgoing], int], Awaitable[int]]


async def by_the_library(nats: Nats, messages: Sequence[Outgoing], seq: int) -> int:
    """What `window.append` does, sent message by message."""
    headers = window._chain(messages, seq)
    for message, header in zip(messages[:-1], headers, strict=False):
        await nats.client.publish(message.subject, message.data, headers=header)
    return (await nats.js.publish(messages[-1].subject, messages[-1].data, headers=headers[-1])).seq


async def processor_s(nats: Nats, way: Way) -> float:
    """Processor seconds of this process for one large window."""
    seq = (await nats.js.stream_info(SCHOOL.name)).state.last_seq
    messages = [Outgoing(seq + n, without_pupil(seq + n), BODY) for n in range(1, LARGEST + 1)]
    began = time.process_time()
    await way(nats, messages, seq)
    return time.process_time() - began


def main() -> None:
    table = Table(title="what a choice is worth", title_justify="left")
    for column in ("what", "over", "chosen", "times faster"):
        table.add_column(column)
    with running_engines() as engines:
        asyncio.run(reading(engines, table))
        asyncio.run(sharing(engines, table))
        asyncio.run(publishing(engines, table))
        asyncio.run(windows(engines, table))
        asyncio.run(pieces(engines, table))
        beside_a_vacuum(engines, table)
        on_the_way(engines, table)
    Console().print(table)


if __name__ == "__main__":
    main()
