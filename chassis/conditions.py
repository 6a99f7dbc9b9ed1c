"""What keeps a service from working and what mends it: one line each, that quotes no value of a setting."""

from collections.abc import Sequence

import nats.errors
import psycopg
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError
from nats.js.errors import Error as JetStreamError
from psycopg import errors
from psycopg_pool import PoolTimeout

from chassis.database import TRANSIENT, Database
from chassis.login import refusal
from chassis.nats import Nats
from chassis.provision import drift
from chassis.revisions import Schema
from contracts.streams import BucketSpec, StreamSpec

NATS_AWAY = "NATS is away: is it running, and is NATS_URL right?"
DATABASE_AWAY = "PostgreSQL is away: is it running, and is DATABASE_URL right?"
PROVISION = "run `perseverance provision`"
REFUSED = "JetStream refuses what comes next"
IS_IT_FULL = "is its disk full? Once there is room, restart NATS"

_UNUSABLE: tuple[type[Exception], ...] = (*TRANSIENT, psycopg.Error)
_NO_ROOM = frozenset({10002, 10023, 10028, 10047, 10077, 10120})
_BY_KIND: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.DiskFull, "PostgreSQL has no room left: free or enlarge its volume"),
    (errors.ReadOnlySqlTransaction, "PostgreSQL is read-only: DATABASE_URL must lead to the primary"),
    (errors.TooManyConnections, "PostgreSQL has no connection left: raise max_connections"),
    (errors.InvalidParameterValue, f"the role of this service is missing in PostgreSQL: {PROVISION}"),
    (errors.InsufficientPrivilege, f"PostgreSQL forbids what we need: {PROVISION} as the owner of the database"),
    (errors.UndefinedTable, f"tables of this service are missing: {PROVISION}"),
)


def told(error: BaseException) -> str:
    """What an error of one of the two servers means, and what to do."""
    if isinstance(error, psycopg.Error | PoolTimeout):
        return _of_postgres(error)
    if isinstance(error, APIError) and error.err_code in _NO_ROOM:
        return "JetStream has no room left: enlarge its volume and max_file_store, then restart NATS"
    if isinstance(error, ServiceUnavailableError | nats.errors.NoRespondersError):
        return "NATS answers, JetStream does not: start nats-server with `-js`, or wait for its cluster"
    if isinstance(error, NotFoundError):
        return f"a stream is missing: {PROVISION}"
    if isinstance(error, APIError):
        # A server whose volume is full gives other reasons: a wrong last sequence, a batch that is not complete.
        return f"{REFUSED} (code {error.err_code}): {IS_IT_FULL}"
    if isinstance(error, TimeoutError):
        return f"NATS does not answer in time: is it overloaded, or {IS_IT_FULL}"
    if isinstance(error, nats.errors.Error | JetStreamError | TimeoutError | OSError):
        return NATS_AWAY
    return f"{type(error).__name__}: read the log"


def _of_postgres(error: Exception) -> str:
    for kind, words in _BY_KIND:
        if isinstance(error, kind):
            return words
    return refusal(error) or DATABASE_AWAY


async def of_nats(nats_: Nats, streams: Sequence[StreamSpec], buckets: Sequence[BucketSpec]) -> list[str]:
    """What is wrong with NATS and what is declared on it; empty when all is well."""
    if not nats_.connected:
        return [NATS_AWAY]
    try:
        return [f"{problem}: {PROVISION}" for problem in await drift(nats_.js, streams, buckets)]
    except (nats.errors.Error, TimeoutError) as error:
        return [told(error)]


def of_database(database: Database, schema: Schema) -> list[str]:
    """What is wrong with PostgreSQL and our schema; empty when all is well. Synchronous: a few seconds at most."""
    try:
        return database.probe(schema.problems)
    except _UNUSABLE as error:
        return [told(error)]
