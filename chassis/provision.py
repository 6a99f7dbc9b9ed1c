"""The one place where roles, schemas, tables, streams and buckets are made. Services declare nothing."""

import contextlib
from collections.abc import Iterable, Iterator

import nats
import psycopg
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError
from psycopg import sql

from chassis import revisions
from chassis.placement import Placement
from chassis.revisions import Connection, Schema
from contracts.streams import BucketSpec, StreamSpec

_LOCK = 7_112_023  # any number, the same for every provisioning
_COMPARED = (
    "subjects",
    "max_age",
    "max_msgs_per_subject",
    "duplicate_window",
    "storage",
    "num_replicas",
    "allow_atomic",
)
_SIMULATION = """
CREATE SCHEMA IF NOT EXISTS simulation;
CREATE TABLE IF NOT EXISTS simulation.clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    instant   timestamptz NOT NULL
);
"""


class NewerDatabase(Exception):
    """A newer version provisioned this database, and took away what this version needs."""


@contextlib.contextmanager
def alone(url: str) -> Iterator[Connection]:
    """The only provisioning of this database for as long as the block: a second one waits for the first."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield connection


def provision_database(url: str, schemas: Iterable[Schema]) -> list[str]:
    """Make each service's role, schema and tables; return the revisions that were applied.

    Idempotent, and harmless when two run at once: the second waits for the first. Raises NewerDatabase.
    """
    applied = []
    with alone(url) as connection:
        make_roles(connection, wanted := list(schemas))
        connection.execute(_SIMULATION)
        for schema in wanted:
            _make_schema(connection, schema)
            applied += _make_tables(connection, url, schema)
    return applied


def make_roles(connection: Connection, schemas: Iterable[Schema]) -> None:
    """Make the role of each service and those that only read; they belong to the whole server."""
    for schema in schemas:
        for role in (schema.role, *schema.readers):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            if not known:
                # Another database's provisioning may make it meanwhile.
                with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                    connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
        for role in schema.readers:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(schema.role)))


def _make_schema(connection: Connection, schema: Schema) -> None:
    name = sql.Identifier(schema.name)
    roles = sql.SQL(", ").join(map(sql.Identifier, (schema.role, *schema.readers)))
    for statement in (
        "CREATE SCHEMA IF NOT EXISTS {name}",
        "GRANT USAGE ON SCHEMA {name} TO {roles}",
        "GRANT USAGE ON SCHEMA simulation TO {role}",
        "GRANT SELECT ON simulation.clock TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(name=name, roles=roles, role=sql.Identifier(schema.role)))


def _make_tables(connection: Connection, url: str, schema: Schema) -> list[str]:
    known, present = schema.known(), schema.applied(connection)
    lacking = revisions.missing(known, present)
    if present.keys() - known.keys() and (lacking or revisions.foreign_contracts(known, present)):
        raise NewerDatabase(schema.name)
    if lacking:
        from chassis.migrate import migrate

        migrate(url, schema)
    names = {"schema": sql.Identifier(schema.name), "role": sql.Identifier(schema.role)}
    connection.execute(sql.SQL("SET search_path TO {schema}").format(**names))
    schema.finish(connection)
    connection.execute("RESET search_path")
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        connection.execute(sql.SQL("GRANT ALL ON ALL " + kind + " IN SCHEMA {schema} TO {role}").format(**names))
    return lacking


async def provision_streams(nats_url: str, streams: Iterable[StreamSpec], buckets: Iterable[BucketSpec]) -> None:
    """Make each stream and bucket, or bring its settings back to what is declared. Messages are kept."""
    client = await nats.connect(nats_url.split(","), name="provisioning", max_reconnect_attempts=5)
    try:
        js = client.jetstream(timeout=10)
        for spec in streams:
            await _make_stream(js, spec)
        for bucket in buckets:
            try:
                await js.key_value(bucket.name)
            except NotFoundError:
                await js.create_key_value(
                    bucket=bucket.name, history=bucket.history, replicas=Placement().stream_replicas
                )
    finally:
        await client.close()


async def _make_stream(js: JetStreamContext, spec: StreamSpec) -> None:
    try:
        await js.stream_info(spec.name)
    except NotFoundError:
        await js.add_stream(_config(spec))
    else:
        await js.update_stream(_config(spec))


def _config(spec: StreamSpec) -> StreamConfig:
    placement = Placement()
    return StreamConfig(
        name=spec.name,
        description=spec.purpose,
        subjects=list(spec.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_age=spec.max_age_days * 86_400,
        max_msgs_per_subject=spec.per_subject,
        duplicate_window=placement.duplicate_window_s or spec.duplicate_window_s,
        num_replicas=placement.stream_replicas,
        allow_direct=True,
        allow_atomic=spec.fenced,
    )


async def drift(js: JetStreamContext, streams: Iterable[StreamSpec], buckets: Iterable[BucketSpec]) -> list[str]:
    """What is not as declared, a line each; empty when all is well."""
    found = []
    for spec in streams:
        try:
            present = (await js.stream_info(spec.name)).config
        except NotFoundError:
            found.append(f"stream {spec.name} is missing")
            continue
        wanted = _config(spec)
        found += [
            f"stream {spec.name}: {name} is not as declared"
            for name in _COMPARED
            if (getattr(present, name) or None) != (getattr(wanted, name) or None)
        ]
    for bucket in buckets:
        try:
            await js.key_value(bucket.name)
        except NotFoundError:
            found.append(f"bucket {bucket.name} is missing")
    return found
