"""Alembic brings a schema to the revisions of this version: one version table a schema, each revision plain SQL.

Imported by provisioning alone: a running service needs none of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from chassis.login import Login
from chassis.revisions import RevisionFailed, Schema

_PATIENCE = "10s"  # behind a long query a table change waits, and everybody else waits behind it
_HISTORY = """
CREATE TABLE IF NOT EXISTS revisions (
    revision    text        PRIMARY KEY,
    kind        text        NOT NULL,   -- expand or contract: tells an older version whether it can go on
    applied_at  timestamptz NOT NULL DEFAULT now()
)
"""


def run(statements: str) -> None:
    """Run SQL as it is written, several statements at once. For revisions."""
    # Alembic's own op.execute would take ":name" for a parameter and pass "%" through the driver.
    _run(op.get_bind(), statements)


def migrate(login: Login, schema: Schema) -> None:
    """Apply to `schema` the revisions it lacks, each in a transaction. Raises RevisionFailed, with psycopg's error."""
    config = Config()
    config.set_main_option("script_location", str(next(iter(schema.directories.values()))))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, schema.directories.values())))
    scripts = ScriptDirectory.from_config(config)
    at_work = ""

    def steps(heads: Any, _: Any) -> Iterator[Any]:
        nonlocal at_work
        for step in scripts._upgrade_revs("heads", heads):  # noqa: SLF001  (as alembic.command does)
            at_work = step.revision.revision
            yield step

    with _connected(login, schema) as connection, EnvironmentContext(config, scripts) as environment:
        environment.configure(
            connection=connection,
            version_table_schema=schema.name,
            transaction_per_migration=True,
            fn=steps,
            on_version_apply=_remember,
        )
        try:
            with environment.begin_transaction():
                environment.run_migrations()
        except Exception as error:
            raise RevisionFailed(schema.name, at_work) from error


@contextmanager
def _connected(login: Login, schema: Schema) -> Iterator[Connection]:
    def connect() -> psycopg.Connection[Any]:
        connection = login.connect()
        for name, value in (("search_path", schema.name), ("lock_timeout", _PATIENCE)):
            connection.execute(sql.SQL("SET {} TO {}").format(sql.Identifier(name), sql.Literal(value)))
        connection.commit()
        return connection

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    with engine.connect() as connection:
        _run(connection, _HISTORY)
        connection.commit()
        yield connection


def _run(connection: Connection, statements: str) -> None:
    try:
        connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
    except DBAPIError as error:
        raise (error.orig or error) from None


def _remember(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    """Keep the revision with its kind, in the revision's own transaction: Alembic's table holds the last ones only."""
    revision = step.up_revision
    kind = Path(revision.path).name.split("_")[1]
    ctx.connection.exec_driver_sql("INSERT INTO revisions (revision, kind) VALUES (%s, %s)", (revision.revision, kind))
