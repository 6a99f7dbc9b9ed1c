"""The one place where roles, schemas, tables, streams and buckets are made. Services declare nothing."""

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import nats
import psycopg
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError
from psycopg import sql

from chassis.database import Database
from chassis.recorder import Datastore, Recorder
from contracts.streams import BucketSpec, StreamSpec

_CHASSIS_SCHEMA = Path(__file__).with_name("schema.sql")
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


def provision_database(url: str, services: Mapping[str, Path]) -> None:
    """Make each service's role, schema and tables; `services` maps a schema to its own DDL file.

    Idempotent, and harmless when two run at once: the second waits for the first.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(_SIMULATION)
        for schema, ddl in services.items():
            _make_role_and_schema(connection, schema)
            _make_tables(connection, url, schema, ddl)
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _make_role_and_schema(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> None:
    role = f"perseverance_{schema}"
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if not known:
        # Roles belong to the whole server: another database's provisioning may make it meanwhile.
        with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    for statement in (
        "GRANT {role} TO CURRENT_USER",
        "CREATE SCHEMA IF NOT EXISTS {schema}",
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT USAGE ON SCHEMA simulation TO {role}",
        "GRANT SELECT ON simulation.clock TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _make_tables(connection: psycopg.Connection[tuple[object, ...]], url: str, schema: str, ddl: Path) -> None:
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(f"perseverance_{schema}")}
    connection.execute(sql.SQL("SET search_path TO {schema}").format(**names))
    for script in (_CHASSIS_SCHEMA, ddl):
        if script.exists():
            connection.execute(script.read_text())
    connection.execute("RESET search_path")
    owner = Datastore(Database(url, schema, role=""))
    try:
        Recorder(owner).create_table()
    finally:
        owner.close()
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        connection.execute(sql.SQL("GRANT ALL ON ALL " + kind + " IN SCHEMA {schema} TO {role}").format(**names))


async def provision_streams(nats_url: str, streams: Iterable[StreamSpec], buckets: Iterable[BucketSpec]) -> None:
    """Make each stream and bucket, or bring its settings back to what is declared. Messages are kept."""
    client = await nats.connect(nats_url, name="provisioning", max_reconnect_attempts=5)
    try:
        js = client.jetstream(timeout=10)
        for spec in streams:
            await _make_stream(js, spec)
        for bucket in buckets:
            try:
                await js.key_value(bucket.name)
            except NotFoundError:
                await js.create_key_value(bucket=bucket.name, history=bucket.history)
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
    return StreamConfig(
        name=spec.name,
        description=spec.purpose,
        subjects=list(spec.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_age=spec.max_age_days * 86_400,
        max_msgs_per_subject=spec.per_subject,
        duplicate_window=spec.duplicate_window_s,
        num_replicas=spec.replicas,
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
