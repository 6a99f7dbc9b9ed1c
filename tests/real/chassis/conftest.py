"""A database and a nats-server of its own for each test of the chassis, with one schema and one stream."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.database import Database
from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from chassis.provision import provision_database, provision_streams
from tests.real.chassis.trial import TABLES, TRIAL, Trial

_TEMPLATE = "template_trial"


@pytest.fixture(scope="session")
def trial_template(postgres_server: EmbeddedPostgres) -> str:
    """A database with the trial's schema, that every test's own is copied from."""
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    provision_database(make_conninfo(postgres_server.url, dbname=_TEMPLATE), [TABLES])
    return _TEMPLATE


@pytest.fixture
def trial_database(postgres_server: EmbeddedPostgres, trial_template: str) -> Iterator[str]:
    """The url of a fresh database."""
    name = sql.Identifier(f"trial_{uuid4().hex}")
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(name, sql.Identifier(trial_template))
        )
    yield make_conninfo(postgres_server.url, dbname=name.as_string().strip('"'))
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def trial_nats(bare_nats_server: EmbeddedNats, request: pytest.FixtureRequest) -> EmbeddedNats:
    """A fresh nats-server that holds the stream TRIAL, or the one of that name given as parameter."""
    asyncio.run(provision_streams(bare_nats_server.url, [getattr(request, "param", TRIAL)], []))
    return bare_nats_server


@pytest.fixture
def trial(trial_nats: EmbeddedNats, trial_database: str) -> Trial:
    return Trial(trial_nats.url, trial_database)


@pytest.fixture
def database(trial_database: str) -> Iterator[Database]:
    """The chassis's way into it."""
    database = Database(trial_database, "trial")
    yield database
    database.close()


@pytest.fixture
def asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every statement outside of a transaction."""
    asked: list[object] = []
    rows = database.rows

    def counted(*arguments: object) -> list[tuple[object, ...]]:
        asked.append(arguments)
        return rows(*arguments)

    monkeypatch.setattr(database, "rows", counted)
    return asked
