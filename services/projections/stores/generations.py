"""A read model built beside the live one: its own tables in a schema of their own, then one switch.

The tables come from `read_models.sql` itself, so a rebuild also brings them to the form of the running code.
Indexes and row-level security come last: loading is faster without the first, and COPY refuses the second.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from chassis.database import Transaction
from chassis.messages import Message
from chassis.positions import Position
from services.projections.catalogue import READ_MODELS, ReadModel
from services.projections.stores import batches, erasures

LIVE, NEXT, OLD = "projections", "projections_next", "projections_old"
_ONE_AT_A_TIME, _HELPERS = 16_180_339, 27_182_818  # any numbers, the same for every rebuild
# Shorter than PostgreSQL's deadlock_timeout: whoever looks at a page never pays for the switch.
_PATIENCE = "300ms"
# Much longer than deadlock_timeout, after which alone the server ends a vacuum of its own that is in somebody's way.
_PATIENCE_WITH_VACUUM = "20s"
_SCHEMA = Path(__file__).parent.parent / "read_models.sql"


def statements(model: str) -> list[str]:
    """The statements of `read_models.sql` that make this read model."""
    section = _SCHEMA.read_text().split(f"-- @model {model}\n", 1)[1].split("\n-- @", 1)[0]
    lines = [line.split("--", 1)[0].rstrip() for line in section.splitlines()]
    return [each.strip() for each in "\n".join(lines).split(";\n") if each.strip(" ;\n")]


def make_missing(connection: psycopg.Connection[Any]) -> None:
    """Make the read models that this database never had, empty: their readers fill them from the beginning."""
    for model in READ_MODELS:
        with connection.transaction(), connection.cursor() as tx:
            tx.execute("INSERT INTO read_models VALUES (%s, %s) ON CONFLICT DO NOTHING", (model.name, model.version))
            for statement in statements(model.name) if tx.rowcount else ():
                tx.execute(statement.encode())


def outdated(tx: Transaction) -> list[ReadModel]:
    """The read models whose live tables were not made for this version."""
    live: dict[str, int] = dict(tx.execute("SELECT name, version FROM read_models").fetchall())
    return [model for model in READ_MODELS if live.get(model.name, model.version) != model.version]


def alone(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether no other rebuild runs, nor any helper of one; it stays so for as long as this connection lives."""
    row = connection.execute(
        "SELECT pg_try_advisory_lock(%(rebuild)s) AND pg_try_advisory_lock(%(helpers)s)"
        " AND pg_advisory_unlock(%(helpers)s)",
        {"rebuild": _ONE_AT_A_TIME, "helpers": _HELPERS},
    ).fetchone()
    return bool(row and row[0])


def no_more_alone(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let another rebuild begin at once: the server notices some time later that a connection was closed."""
    with connection, suppress(psycopg.OperationalError):
        connection.execute("SELECT pg_advisory_unlock(%s)", (_ONE_AT_A_TIME,))


def help_along(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Say that a process helps a rebuild: none begins before it has gone, were the one it helps to die."""
    connection.execute("SELECT pg_advisory_lock_shared(%s)", (_HELPERS,))


def help_no_more(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Say that it has gone."""
    with connection, suppress(psycopg.OperationalError):
        connection.execute("SELECT pg_advisory_unlock_shared(%s)", (_HELPERS,))


def discard(tx: Transaction) -> None:
    """Drop what an interrupted rebuild, or the last switch, left behind."""
    tx.execute(f"DROP SCHEMA IF EXISTS {NEXT} CASCADE")
    tx.execute(f"DROP SCHEMA IF EXISTS {OLD} CASCADE")


def make(tx: Transaction, model: str) -> None:
    """Make the empty tables."""
    tx.execute(f"CREATE SCHEMA {NEXT}")
    tx.execute(f"CREATE SCHEMA {OLD}")
    _run(tx, model, "CREATE TABLE")


def enter(tx: Transaction) -> None:
    """For this transaction, the tables being built are the ones that names mean."""
    tx.execute(f"SELECT set_config('search_path', '{NEXT}, {LIVE}', true), {batches.WRITING}")


def index(tx: Transaction, model: str, table: str) -> None:
    """Make the indexes of one of its tables, and tell the planner what it holds."""
    enter(tx)
    for statement in statements(model):
        if re.match(rf"CREATE (UNIQUE )?INDEX \w+ ON {table} ", statement):
            tx.execute(statement.encode())
    tx.execute("SET LOCAL default_statistics_target TO 20")  # a small sample; the server takes its own look soon after
    tx.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(NEXT, table)))


def put_aside(tx: Transaction, reader: str) -> dict[str, int]:
    """The keys this reader has in quarantine, and from which stream sequence on; see `key_of`."""
    tx.execute(
        "SELECT CASE key WHEN '' THEN '#' || position ELSE key END, min(position)"
        " FROM quarantine WHERE consumer = %s GROUP BY 1",
        (reader,),
    )
    return dict(tx.fetchall())


def key_of(message: Message) -> str:
    """What a message is put aside under: its key, or its place when it shows none."""
    return message.key or f"#{message.seq}"


def hold_back_vacuum(tx: Transaction, model: ReadModel) -> None:
    """Let nobody vacuum or analyze its tables, live or built, until this transaction ends.

    Tables just filled are vacuumed for minutes, and a switch would run out of patience behind that. A vacuum of the
    server's own gives way after `deadlock_timeout`, unless it is against wraparound; one that somebody asked for is
    waited for. Readers and writers pass this lock: it stands before the one they wait for. Raises LockNotAvailable.
    """
    tx.execute(f"SET LOCAL lock_timeout TO '{_PATIENCE_WITH_VACUUM}'")
    tables = [(LIVE, table) for table in _live_of(tx, model)] + [(NEXT, table) for table in model.tables]
    locks = [sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(sql.Identifier(*each)) for each in tables]
    # First those that are free: a vacuum that gives way goes on to the next table, if it may.
    for lock in locks:
        with suppress(psycopg.errors.LockNotAvailable), tx.connection.transaction():
            tx.execute(lock + sql.SQL(" NOWAIT"))
    for lock in locks:
        tx.execute(lock)


def hold_back_writers(tx: Transaction) -> None:
    """Let no batch of any read model through until this transaction ends. Raises LockNotAvailable.

    The same lock an erasure takes, and first in the order of every batch: this lock, tables, positions. That a rebuild
    has locked its tables before is in nobody's way: not in that mode.
    """
    tx.execute(f"SET LOCAL lock_timeout TO '{_PATIENCE}'")
    batches.begin_erasure(tx)


def switch(tx: Transaction, model: ReadModel, reached: Mapping[str, Position]) -> None:
    """Make the built tables the live ones, and the readers go on from where they stand.

    Writers are held back, and the streams were read into the new tables to their end: `reached`, for each
    reader. Raises LockNotAvailable when people's queries are in the way: roll back and try again. A live
    reader that waited is fenced by its position and begins again from the new one.
    """
    live = _live_of(tx, model)
    for table in live:
        tx.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(LIVE, table)))
    enter(tx)
    tx.execute("SET LOCAL synchronous_commit TO on")
    erasures.sweep(tx, erasures.forgotten(tx), model.tables)
    _run(tx, model.name, ("SELECT guard", "GRANT"))
    for table in live:
        _move(tx, table, LIVE, OLD)
    for table in model.tables:
        _move(tx, table, NEXT, LIVE)
    tx.execute("UPDATE read_models SET version = %s, built_at = now() WHERE name = %s", (model.version, model.name))
    for reader, position in reached.items():
        _advance(tx, reader, position)


def _live_of(tx: Transaction, model: ReadModel) -> list[str]:
    """Those of its tables that the live read model has; a new form may bring others."""
    tx.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (LIVE,))
    there = {name for (name,) in tx.fetchall()}
    return [table for table in model.tables if table in there]


def _move(tx: Transaction, table: str, current: str, to: str) -> None:
    tx.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.Identifier(current, table), sql.Identifier(to)))


def _advance(tx: Transaction, reader: str, to: Position) -> None:
    tx.execute(
        "INSERT INTO positions (consumer, partition, position, msg_id)"
        " SELECT %s, partition, %s, %s FROM generate_series(0, 15) AS partition"
        " ON CONFLICT (consumer, partition) DO UPDATE SET position = excluded.position, msg_id = excluded.msg_id"
        " WHERE positions.position < excluded.position",
        (reader, to.seq, to.msg_id),
    )


def _run(tx: Transaction, model: str, kinds: str | tuple[str, ...]) -> None:
    enter(tx)
    for statement in statements(model):
        if statement.startswith(kinds):
            tx.execute(statement.encode())
