"""Every service in turn from 1 replica to 16 and back, while absences come in at the door and alerts go out to pages.

What is in the end in the read model is compared, row by row, with the oracle: nothing lost, doubled or out of order,
for a fact that is out of order, lost or doubled changes a count.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

import psycopg

from benchmarks import memory
from benchmarks.contenders import READ_MODEL, provision
from benchmarks.engines import Engines
from benchmarks.race import Rows, WrongResult, compare, rows_of
from benchmarks.scaling.replicas import Replicas
from benchmarks.scaling.steady import Steady
from benchmarks.workload import Absence, Workload
from contracts.catalogue import INTAKE, SERVICES
from tests.oracle import standing_alerts

STEPS = (1, 2, 5, 16, 5, 1)
FEED_PER_S = 50
_AFTER_LAST_DAY = "2026-07-04T12:00:00Z"
_SIMULATED = {"PERSEVERANCE_CLOCK": "simulated"}
_REST_LIMIT_S = 120
_ABSENCES = 30_000  # few pupils whose months are soon over: many alerts
_RENEWED_S = 4.0  # a relay goes to who joins when its owner next renews


@dataclass
class Step:
    """So many replicas: seconds until their shares were even, and what a replica has, at most and at least."""

    replicas: int
    even_after_s: float
    most: int
    least: int


@dataclass
class Walk:
    """One service from 1 to 16 and back; connections are those of one replica, at most."""

    service: str
    steps: list[Step] = field(default_factory=list)
    postgres: int = 0
    nats: int = 0
    busiest: int = 0  # readers and relays of one partition that fell to the same replica, of `single`
    single: int = 0


@dataclass
class Outcome:
    """What went in, and the alerts that stand, equal to the oracle's."""

    walks: list[Walk]
    events: int
    alerts: int


def measure(engines: Engines, services: Sequence[str], seed: int) -> Outcome:
    """Walk `services` in turn beside one replica of each other. Raises WrongResult."""
    workload = Workload(_ABSENCES, seed)
    with suite_of_ones(engines, "walk", workload) as suite:
        feed = ((memory.RAW_SUBJECT, memory.raw(absence)) for absence in workload)
        with Steady(engines.nats_url, INTAKE.name, feed, FEED_PER_S) as steady:
            walks = [_walk(suite[name]) for name in services]
        alerts = _until_right(suite["projections"], workload, steady.sent)
    return Outcome(walks, steady.sent, alerts)


@contextmanager
def suite_of_ones(engines: Engines, name: str, workload: Workload) -> Iterator[dict[str, Replicas]]:
    """One replica of every service, ready for the absences of `workload`, all of them past by its clock."""
    database_url = provision(engines, name)
    memory.open_door(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO simulation.clock VALUES (true, %s)", (_AFTER_LAST_DAY,))
    asyncio.run(memory.open_schools(engines.nats_url, workload.pupils))
    with ExitStack() as running:
        suite = {
            each: running.enter_context(Replicas(engines, database_url, each, more=_SIMULATED)) for each in SERVICES
        }
        for replicas in suite.values():
            replicas.to(1)
        yield suite


def _walk(replicas: Replicas) -> Walk:
    walk = Walk(replicas.service)
    for wanted in STEPS:
        seconds = replicas.to(wanted)
        shares = replicas.shares().values()
        sizes = [each[name] for each in shares for name in replicas.running if each.total() > 1]
        walk.steps.append(Step(wanted, round(seconds, 2), max(sizes, default=1), min(sizes, default=1)))
        if wanted == max(STEPS):
            time.sleep(_RENEWED_S)
            shares = replicas.shares().values()
            walk.postgres, walk.nats = replicas.postgres_connections(), replicas.nats_connections()
            owners = [owner for each in shares if each.total() == 1 for owner in each]
            walk.single = len(owners)
            walk.busiest = max((owners.count(owner) for owner in owners), default=0)
    return walk


def _until_right(projections: Replicas, workload: Workload, sent: int) -> int:
    """How many alerts stand once the read model is what the oracle says of the absences that were sent."""
    expected = _expected(islice(workload, sent), _students(projections))
    limit = time.monotonic() + _REST_LIMIT_S
    while rows_of(projections.connection, READ_MODEL) != expected and time.monotonic() < limit:
        time.sleep(0.5)
        expected = _expected(islice(workload, sent), _students(projections))
    compare(rows_of(projections.connection, READ_MODEL), expected)
    if not expected:
        raise WrongResult("no alert stands: too little was sent to prove anything")
    return len(expected)


def _students(projections: Replicas) -> dict[str, UUID]:
    return dict(projections.connection.execute("SELECT ine, student_id FROM intake.register").fetchall())


def _expected(absences: Iterator[Absence], students: dict[str, UUID]) -> Rows:
    facts = [absence.to_fact()._replace(student=memory.ine_of(absence)) for absence in absences]
    return {
        (students.get(str(key.student), UUID(int=0)), key.month, key.level): n
        for key, n in standing_alerts(facts).items()
    }
