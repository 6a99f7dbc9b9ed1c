"""What one machine does: each stage of the pipeline alone, or with the one that feeds on it."""

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from uuid import uuid4

import psycopg

from benchmarks import contenders, memory, rebuild
from benchmarks.contenders import at_the_line, provision
from benchmarks.engines import Engines
from benchmarks.scaling.steady import Steady
from benchmarks.scaling.suite import suite_of_ones
from benchmarks.workload import Workload
from chassis.database import Database
from chassis.events import Recorded
from chassis.store import EventStore
from contracts.catalogue import INTAKE
from services.alerts.events import Fact, FactNoted, Slot, Status

_BATCH = 500
_APPEND_S = 5.0
_DOOR_LIMIT_S = 30.0
_FEED_PER_S, _FEED_S = 50, 8.0
WRITERS = (1, 4)


@dataclass
class Rates:
    """Events a second. `append`: into one service's log, by so many writers at once, 500 events a commit."""

    door: float
    pipeline: float
    append: dict[int, float]
    publish: float
    rebuild: float


@dataclass
class Connections:
    """Of one replica of each service that has work to do."""

    postgres: dict[str, int]
    nats: dict[str, int]


def measure(engines: Engines, events: int, seed: int) -> Rates:
    """Each stage in turn. Raises WrongResult when the pipeline's result is not the oracle's."""
    workload = Workload(events, seed)
    door = _door(engines, Workload(events // 4, seed))
    append = {writers: _append(engines, writers) for writers in WRITERS}
    asyncio.run(engines.fresh_streams(synced=True))  # a stream with copies waits for the disk
    began = time.perf_counter()
    contenders.fill_school(engines, workload)
    publish = events / (time.perf_counter() - began)
    result, database_url = contenders.pipeline(engines, workload)
    rebuilt = rebuild.measure(engines, database_url, events, rounds=3)
    return Rates(door, result.events_per_s, append, publish, rebuilt.events_per_s)


def _door(engines: Engines, workload: Workload) -> float:
    """One intake in front of a full INTAKE stream: read, judged, pseudonymised, kept."""
    database_url = memory.before_the_door(engines, workload, "rate_door")
    with (
        at_the_line(engines, database_url, memory.INTAKE_MODULES) as (service,),
        psycopg.connect(database_url, autocommit=True, options="-c search_path=intake") as connection,
    ):
        service.go()
        seen: list[tuple[float, int]] = []
        while not seen or (seen[-1][1] < workload.events and seen[-1][0] - seen[0][0] < _DOOR_LIMIT_S):
            service.check()
            row = connection.execute("SELECT count(*) FROM ledger").fetchone()
            if row and row[0]:
                seen.append((time.perf_counter(), int(row[0])))
            time.sleep(0.2)
    (began, first), (ended, last) = seen[0], seen[-1]
    return (last - first) / (ended - began)


def _append(engines: Engines, writers: int) -> float:
    database_url = provision(engines, f"rate_append_{writers}")
    with ProcessPoolExecutor(writers, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(_write, [database_url] * writers))


def _write(database_url: str) -> float:
    """Events a second that this writer got into the log, beside the others."""
    database, now = Database(database_url, "alerts"), datetime.now(UTC)
    store = EventStore(database)
    slot = Slot(now.date(), afternoon=False)
    fact = Fact(slot, Status.UNJUSTIFIED, "0310000G", now, "absence-1-100000", "school:0310000G", None)
    event = FactNoted(at=now, student_id=uuid4(), fact=fact)
    began, written = time.perf_counter(), 0
    while time.perf_counter() - began < _APPEND_S:
        with database.transaction() as tx:
            store.append(tx, [Recorded(uuid4(), 1, event) for _ in range(_BATCH)])
        written += _BATCH
    rate = written / (time.perf_counter() - began)
    store.close()
    database.close()
    return rate


def connections(engines: Engines, seed: int) -> Connections:
    """Counted while absences come in."""
    workload = Workload(5_000, seed)
    feed = ((memory.RAW_SUBJECT, memory.raw(absence)) for absence in workload)
    database_url = provision(engines, "connections")
    memory.open_door(database_url)
    asyncio.run(memory.open_schools(engines.nats_url, workload.pupils))
    with suite_of_ones(engines, database_url, {}) as suite:
        with Steady(engines.nats_url, INTAKE.name, feed, _FEED_PER_S):
            time.sleep(_FEED_S)
        return Connections(
            {name: replicas.postgres_connections() for name, replicas in suite.items()},
            {name: replicas.nats_connections() for name, replicas in suite.items()},
        )
