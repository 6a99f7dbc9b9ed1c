"""Who is measured: this pipeline and its peers, each ready at the line in front of a full SCHOOL stream."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from types import MappingProxyType
from uuid import UUID

import psycopg

from benchmarks import race
from benchmarks.engines import Engines
from benchmarks.feed import fill
from benchmarks.peers.faststream_tables import TABLES
from benchmarks.process import Contender, run_module
from benchmarks.race import Result, Rows
from benchmarks.workload import Absence, Workload
from chassis.provision import provision_database
from cli.provision import schemas
from contracts.catalogue import SCHOOL
from tests.oracle import standing_alerts

READ_MODEL = "projections.alerts"


def expected_of(absences: Sequence[Absence] | Workload) -> Rows:
    """What the oracle says of these absences."""
    standing = standing_alerts(absence.to_fact() for absence in absences)
    return {(UUID(str(key.student)), key.month, key.level): half_days for key, half_days in standing.items()}


def fill_school(engines: Engines, absences: Sequence[Absence] | Workload) -> int:
    """Put them in the SCHOOL stream."""
    return asyncio.run(fill(engines.nats_url, SCHOOL.name, ((a.subject, a.to_json()) for a in absences)))


def provision(engines: Engines, name: str, *, synced: bool = False) -> str:
    """Empty streams, and a new database with the services' schemas; return its url."""
    database_url = engines.fresh(name, synced=synced)
    provision_database(database_url, schemas())
    return database_url


def environment(engines: Engines, database_url: str) -> dict[str, str]:
    """Where a service finds its servers; any free port for its probes."""
    return {
        "NATS_URL": engines.nats_url,
        "DATABASE_URL": database_url,
        "PERSEVERANCE_PORT": "0",
        "PERSEVERANCE_LOG_LEVEL": "WARNING",
        "PERSEVERANCE_TOKEN_SECRET": token_urlsafe(32),
    }


@contextmanager
def at_the_line(
    engines: Engines,
    database_url: str,
    modules: Mapping[str, tuple[str, ...]],
    more: dict[str, str] | None = None,
    replicas: Mapping[str, int] = MappingProxyType({}),
) -> Iterator[list[Contender]]:
    """These modules (with what to import beforehand), one process each or `replicas`; stopped at the end."""
    contenders: list[Contender] = []
    log: Path = engines.directory / "contenders.log"
    try:
        for module, preload in modules.items():
            for number in range(replicas.get(module, 1)):
                member = {"PERSEVERANCE_MEMBER": f"{module}-{number}"}
                variables = environment(engines, database_url) | member | (more or {})
                contenders.append(Contender(module, variables, log, preload))
        yield contenders
    finally:
        for contender in contenders:
            contender.stop()


SERVICE_MODULES = {
    "services.projections": ("services.projections.app",),
    "services.alerts": ("services.alerts.app",),
}
EVENTSOURCING_MODULES = {
    "benchmarks.peers.es_projection": ("benchmarks.peers.es_domain", "eventsourcing.projection"),
    "benchmarks.peers.es_process": ("benchmarks.peers.es_domain", "nats"),
}
FASTSTREAM_MODULES = {
    "benchmarks.peers.faststream_app": ("faststream.nats", "psycopg_pool", "contracts.school"),
}


def pipeline(engines: Engines, workload: Workload, replicas: int = 1) -> tuple[Result, str]:
    """This pipeline: alerts in `replicas` processes, and projections; also returns the database it filled."""
    database_url = provision(engines, "pipeline")
    fill_school(engines, workload)
    several = {"services.alerts": replicas}
    with at_the_line(engines, database_url, SERVICE_MODULES, replicas=several) as contenders:
        return race.run(
            engines, contenders, database_url, READ_MODEL, expected_of(workload), workload.events
        ), database_url


def eventsourcing(engines: Engines, workload: Workload) -> Result:
    """The `eventsourcing` library as its documentation shows."""
    database_url = engines.fresh("peer_eventsourcing")
    run_module("benchmarks.peers.es_tables", environment(engines, database_url))
    fill_school(engines, workload)
    with at_the_line(engines, database_url, EVENTSOURCING_MODULES) as contenders:
        return race.run(engines, contenders, database_url, "alerts", expected_of(workload), workload.events)


def faststream(engines: Engines, workload: Workload) -> Result:
    """FastStream, one transaction a message, in order."""
    return _faststream(engines, workload, at_once=1)


def faststream_unordered(engines: Engines, workload: Workload) -> Result:
    """The same with ten messages in hand at once: faster, and without the order of the others."""
    return _faststream(engines, workload, at_once=10)


def _faststream(engines: Engines, workload: Workload, at_once: int) -> Result:
    database_url = engines.fresh(f"peer_faststream_{at_once}")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(TABLES)
    fill_school(engines, workload)
    with at_the_line(engines, database_url, FASTSTREAM_MODULES, {"AT_ONCE": str(at_once)}) as contenders:
        return race.run(engines, contenders, database_url, "alerts", expected_of(workload), workload.events)


PEERS = {peer.__name__: peer for peer in (eventsourcing, faststream, faststream_unordered)}
