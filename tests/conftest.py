"""Real servers for the tests: one PostgreSQL for the session, a fresh database and a fresh nats-server a test."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from chassis.provision import provision_database, provision_streams
from cli.provision import schemas
from contracts.catalogue import BUCKETS, STREAMS

# How fast an example is made or run says how busy the machine is, nothing about what is tested.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

# pytest takes from other users the right to enter the folder that all its sessions share, each time one begins. A
# PostgreSQL of a session that still runs belongs to such a user (it refuses to be root) and would not find its files.
_ROOT = "PYTEST_DEBUG_TEMPROOT"
_OURS = None if _ROOT in os.environ else os.environ.setdefault(_ROOT, tempfile.mkdtemp(prefix="perseverance-tests-"))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave the servers' files and logs to look at after a failure only."""
    if _OURS and exitstatus == 0:
        shutil.rmtree(_OURS, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("pg") / "data")
    with psycopg.connect(server.start(), autocommit=True) as connection:
        # A database a test would wait for the disk most of the time. Nobody pulls the plug: what a killed server had
        # written is still there, and the tests that kill one start their own.
        for setting in ("fsync = off", "full_page_writes = off"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {}").format(sql.SQL(setting)))
        connection.execute("SELECT pg_reload_conf()")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template_database(postgres_server: EmbeddedPostgres) -> str:
    """A provisioned database that every test's own is copied from."""
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_provisioned")
    provision_database(make_conninfo(postgres_server.url, dbname="template_provisioned"), schemas())
    return "template_provisioned"


@contextmanager
def provisioned_database(server: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A database of one's own for as long as this lasts, copied from `template`."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield make_conninfo(server.url, dbname=name)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def postgres_url(postgres_server: EmbeddedPostgres, template_database: str) -> Iterator[str]:
    with provisioned_database(postgres_server, template_database) as url:
        yield url


@pytest.fixture
def bare_nats_server(tmp_path: Path) -> Iterator[EmbeddedNats]:
    """A nats-server with nothing provisioned."""
    server = EmbeddedNats(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nats_server(bare_nats_server: EmbeddedNats) -> EmbeddedNats:
    """A nats-server with every stream and bucket."""
    asyncio.run(provision_streams(bare_nats_server.url, STREAMS, BUCKETS))
    return bare_nats_server


@pytest.fixture
def nats_url(nats_server: EmbeddedNats) -> str:
    return nats_server.url
