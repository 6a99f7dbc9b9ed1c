"""The two servers and what is declared on them."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import nats.errors
import psycopg
from nats.aio.client import Client
from nats.js.errors import APIError, ServiceUnavailableError

from chassis.conditions import told
from chassis.nats import connect_once, refusal
from chassis.provision import drift
from cli.checkup.backups import archive
from cli.checkup.certificates import certificates
from cli.checkup.findings import Finding, fail, ok
from cli.checkup.logins import logins
from cli.provision import schemas
from cli.runtime import Suite
from contracts.catalogue import BUCKETS, SERVICES, STREAMS
from contracts.permissions import OPERATIONS

_FULL = 0.85
_SKEW_S = 2.0


async def nats_server(suite: Suite) -> AsyncIterator[Finding]:
    """Whether NATS answers, has JetStream, room, and the streams as declared."""
    remedy = f"perseverance up --data {suite.data}, or check NATS_URL"
    credentials = suite.credentials(OPERATIONS)
    try:
        client = await connect_once(suite.nats_url, "doctor", credentials=credentials)
    except (OSError, nats.errors.Error, TimeoutError) as error:
        refused = refusal(error, credentials)
        yield fail("nats", "refuses us" if refused else "does not answer", refused or remedy)
        return
    try:
        async for finding in certificates(suite.nats_url, credentials):
            yield finding
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
            yield await _skew(client)
    except (ServiceUnavailableError, APIError, nats.errors.Error, TimeoutError) as error:
        what, _, remedy = told(error).partition(": ")
        yield fail("nats", what, remedy)
    finally:
        await client.close()


async def _skew(client: Client) -> Finding:
    """Whether NATS and this machine agree on the time: duplicates are told by its clock."""
    answer = json.loads((await client.request(f"$JS.API.STREAM.INFO.{STREAMS[0].name}", timeout=5)).data)
    away = abs((datetime.fromisoformat(answer["ts"]) - datetime.now(UTC)).total_seconds())
    if away > _SKEW_S:
        return fail("clock of nats", f"{away:.0f} s away from this machine's", "set both by NTP")
    return ok("clock of nats", "as this machine's")


def postgres(suite: Suite) -> Iterator[Finding | datetime]:
    """Whether PostgreSQL answers and holds the tables; yields its time too."""
    try:
        with suite.login.connect(connect_timeout=3, autocommit=True) as connection:
            row = connection.execute("SELECT now(), current_setting('server_version')").fetchone()
            assert row is not None
            yield row[0]
            yield ok("postgresql", row[1])
            yield from archive(connection)
            problems = [problem for schema in schemas() for problem in schema.problems(connection)]
            if not problems:
                yield from logins(connection, schemas())
    except psycopg.Error as error:
        what, _, remedy = told(error).partition(": ")
        yield fail("postgresql", what, f"{remedy} (on one machine: perseverance up --data {suite.data})")
        return
    for problem in problems:
        what, _, remedy = problem.rpartition(": ")
        yield fail("tables", what, remedy)
    if not problems:
        yield ok("tables", f"{len(SERVICES)} schemas at the revisions of this version")
