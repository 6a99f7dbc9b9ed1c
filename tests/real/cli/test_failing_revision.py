"""A revision that PostgreSQL refuses: one sentence that says which and what to do, and nothing left running."""

from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from chassis.embedded import EmbeddedPostgres
from tests.real.cli.running import Up

SECRET = "ZZ-CANARY-ZZ"
_REFUSES: LiteralString = """
CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ZZ-CANARY-ZZ' USING ERRCODE = 'check_violation', TABLE = 'ledger', CONSTRAINT = 'no_more';
END $$;
CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION public.refuse();
"""


@pytest.fixture
def refusing(tmp_path: Path) -> Path:
    """The data of a suite whose PostgreSQL makes no index, stopped."""
    server = EmbeddedPostgres(tmp_path / "var/postgres")
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute(_REFUSES)
    server.stop()
    (tmp_path / "var/postgres.made").touch()
    return tmp_path / "var"


@pytest.mark.long
def test_up_says_so_in_one_sentence_and_stops_its_servers(refusing: Path) -> None:
    suite = Up(refusing)
    try:
        said, told = suite.process.communicate(timeout=90)
        assert suite.process.returncode == 1
        assert said == ""
        *_, last = told.splitlines()
        assert "revision intake_0001 of schema intake was refused (CheckViolation at ledger.no_more)" in last
        assert "provision again" in last
        assert "Traceback" not in told
        assert SECRET not in told + "".join(path.read_text() for path in (refusing / "log").iterdir())
        assert not (refusing / "postgres/postmaster.pid").exists()
        assert not (refusing / "pids.json").exists() or suite.pids() == {}
    finally:
        suite.clean_up()
