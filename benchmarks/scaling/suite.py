"""One replica of every service, beside which one of them is given more."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date

import psycopg

from benchmarks.engines import Engines
from benchmarks.scaling.replicas import Replicas
from contracts.catalogue import SERVICES

TODAY = date(2026, 11, 16)
"""By the clock of the suite: whatever schools say of the year before is past."""
SIMULATED = {"PERSEVERANCE_CLOCK": "simulated"}


@contextmanager
def suite_of_ones(engines: Engines, database_url: str, environment: Mapping[str, str]) -> Iterator[dict[str, Replicas]]:
    """One replica of every service, each told `environment`, ready, until the block ends."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO simulation.clock VALUES (true, %s)", (f"{TODAY}T12:00:00Z",))
    more = SIMULATED | dict(environment)
    with ExitStack() as running:
        suite = {each: running.enter_context(Replicas(engines, database_url, each, more=more)) for each in SERVICES}
        for replicas in suite.values():
            replicas.to(1)
            replicas.until(replicas.ready)
        yield suite
