"""What the doctor says of PostgreSQL's archive: nothing without one, and when it does not work, since when."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from chassis.embedded import EmbeddedPostgres
from cli.checkup.backups import archive
from cli.checkup.findings import Verdict

LIMIT_S = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    yield server
    server.stop()


def comes_to(connection: psycopg.Connection[Any], verdict: Verdict) -> str:
    """Wait for this verdict; what is said."""
    end = time.monotonic() + LIMIT_S
    while True:
        # Of what was archived before, what follows says nothing.
        connection.execute("SELECT pg_logical_emit_message(false, 'doctor', ''), pg_switch_wal()")
        connection.execute("SELECT pg_stat_clear_snapshot()")
        (finding,) = archive(connection)
        if finding.verdict is verdict:
            return finding.detail
        assert time.monotonic() < end, finding
        time.sleep(0.1)


def set_to(connection: psycopg.Connection[Any], setting: LiteralString) -> None:
    connection.execute(f"ALTER SYSTEM SET {setting}")
    connection.execute("SELECT pg_reload_conf()")


def test_an_archive_that_does_not_work_is_found(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        assert list(archive(connection)) == [], "nothing was set up"
        set_to(connection, "archive_command = 'false'")
        set_to(connection, "archive_mode = on")
    server.stop()
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        assert comes_to(connection, Verdict.fail) == "transactions are not archived, none ever was"
        set_to(connection, "archive_command = 'true'")
        assert "the last was 0 minutes ago" in comes_to(connection, Verdict.ok)
