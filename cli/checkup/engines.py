"""The two servers and what is declared on them."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import nats.errors
import psycopg
from nats.js.errors import APIError, ServiceUnavailableError

from chassis.nats import connect_once
from chassis.provision import drift
from cli.checkup.findings import Finding, fail, ok
from cli.provision import SERVICES
from cli.runtime import Suite
from contracts.catalogue import BUCKETS, STREAMS

_FULL = 0.85
_TABLES = ("stored_events", "positions", "leases", "members", "quarantine", "deadlines")


async def nats_server(suite: Suite) -> AsyncIterator[Finding]:
    """Whether NATS answers, has JetStream, room, and the streams as declared."""
    remedy = f"perseverance up --data {suite.data}, or check NATS_URL"
    try:
        client = await connect_once(suite.nats_url, "doctor")
    except (OSError, nats.errors.Error, TimeoutError):
        yield fail("nats", "does not answer", remedy)
        return
    try:
        js = client.jetstream(timeout=5)
        account = await js.account_info()
        version = client.connected_server_version
        yield ok("nats", f"{version.major}.{version.minor}.{version.patch}, {account.streams} streams")
        if account.limits.max_storage > 0 and account.storage > _FULL * account.limits.max_storage:
            yield fail("nats storage", "nearly full", "raise the account's storage limit")
        problems = await drift(js, STREAMS, BUCKETS)
        for problem in problems:
            yield fail("streams", problem, "perseverance provision")
        if not problems:
            yield ok("streams", f"{len(STREAMS)} streams and {len(BUCKETS)} bucket as declared")
    except (ServiceUnavailableError, APIError, nats.errors.Error, TimeoutError):
        yield fail("nats", "answers, but JetStream does not", "start it with JetStream on; is its disk full?")
    finally:
        await client.close()


def postgres(suite: Suite) -> Iterator[Finding | datetime]:
    """Whether PostgreSQL answers and holds the tables; yields its time too."""
    try:
        with psycopg.connect(suite.database_url, connect_timeout=3, autocommit=True) as connection:
            row = connection.execute("SELECT now(), current_setting('server_version')").fetchone()
            assert row is not None
            yield row[0]
            yield ok("postgresql", row[1])
            tables = connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = ANY(%s)",
                (list(SERVICES),),
            ).fetchall()
    except psycopg.Error:
        remedy = f"perseverance up --data {suite.data}, or check DATABASE_URL"
        yield fail("postgresql", "does not answer, or refuses us", remedy)
        return
    missing = [f"{s}.{t}" for s in SERVICES for t in _TABLES if (s, t) not in set(tables)]
    if missing:
        yield fail("tables", f"{len(missing)} are missing, {missing[0]} first", "perseverance provision")
    else:
        yield ok("tables", f"{len(tables)} in {len(SERVICES)} schemas")
