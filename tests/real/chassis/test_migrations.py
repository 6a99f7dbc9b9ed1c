"""Tables change by revisions: each once, whoever provisions, and a service refuses a schema it was not built for."""

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.database import Database
from chassis.embedded import EmbeddedPostgres
from chassis.provision import NewerDatabase, alone, provision_database
from chassis.recorder import Datastore, Recorder
from chassis.revisions import RevisionFailed, Schema
from cli.provision import of_revision
from tests.real.chassis.trial import TABLES

_FIRST = Path(__file__).with_name("migrations") / "0001_expand_effects.py"
_REVISION = '''
from chassis.migrate import run
revision, down_revision = "trial_{number}", "trial_{before}"
def upgrade():
    run("""{statements}""")
'''


@pytest.fixture
def empty_database(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    name = sql.Identifier(f"empty_{uuid4().hex}")
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    yield make_conninfo(postgres_server.url, dbname=name.as_string().strip('"'))
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def version(directory: Path, **revisions: str) -> Schema:
    """The trial's tables as a version has them: the first revision, and these after it (`expand_x="SQL"`)."""
    directory.mkdir()
    (directory / _FIRST.name).write_text(_FIRST.read_text())
    for number, (name, statements) in enumerate(revisions.items(), 2):
        text = _REVISION.format(number=f"{number:04}", before=f"{number - 1:04}", statements=statements)
        (directory / f"{number:04}_{name}.py").write_text(text)
    return Schema(TABLES.name, directory)


def problems(url: str, schema: Schema) -> list[str]:
    with psycopg.connect(url) as connection:
        return schema.problems(connection)


def columns(url: str, table: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
            (table,),
        )
        return [name for (name,) in rows]


def test_what_was_applied_is_not_applied_again(empty_database: str) -> None:
    assert provision_database(empty_database, [TABLES]) == ["chassis_0001", "trial_0001"]
    assert provision_database(empty_database, [TABLES]) == []


def test_the_next_version_adds_to_tables_that_hold_data(trial_database: str, tmp_path: Path) -> None:
    with psycopg.connect(trial_database) as connection:
        connection.execute("INSERT INTO trial.effects (key, number, partition) VALUES ('100 %', 1, 2)")
    later = version(
        tmp_path / "later", expand_label="ALTER TABLE effects ADD COLUMN label text NOT NULL DEFAULT ':a %s {}'"
    )
    assert provision_database(trial_database, [later]) == ["trial_0002"]
    with psycopg.connect(trial_database) as connection:
        rows = connection.execute("SELECT key, number, partition, label FROM trial.effects").fetchall()
    assert rows == [("100 %", 1, 2, ":a %s {}")]


def test_a_revision_that_fails_changes_nothing_and_is_tried_again(trial_database: str, tmp_path: Path) -> None:
    broken = version(tmp_path / "broken", expand_label="ALTER TABLE effects ADD COLUMN label text; SELECT 1/0;")
    with pytest.raises(RevisionFailed) as failed:
        provision_database(trial_database, [broken])
    assert (failed.value.schema, failed.value.revision) == (TABLES.name, "trial_0002")
    assert isinstance(failed.value.__cause__, psycopg.errors.DivisionByZero)
    assert "label" not in columns(trial_database, "effects")
    mended = version(tmp_path / "mended", expand_label="ALTER TABLE effects ADD COLUMN label text")
    assert provision_database(trial_database, [mended]) == ["trial_0002"]


def test_a_table_that_is_there_already_is_told_from_other_failures(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA trial; CREATE TABLE trial.effects (key text)")
    with pytest.raises(RevisionFailed) as failed:
        provision_database(empty_database, [TABLES])
    assert isinstance(failed.value.__cause__, psycopg.errors.DuplicateTable)
    assert "before the first release" in of_revision(failed.value).message


def test_a_service_refuses_a_schema_it_was_not_built_for(
    empty_database: str, trial_database: str, tmp_path: Path
) -> None:
    present = TABLES
    expanded = version(tmp_path / "expanded", expand_label="ALTER TABLE effects ADD COLUMN label text")
    contracted = version(
        tmp_path / "contracted",
        expand_label="ALTER TABLE effects ADD COLUMN label text",
        contract_partition="ALTER TABLE effects DROP COLUMN partition",
    )
    (said,) = problems(empty_database, present)
    assert "perseverance provision" in said
    assert "trial_0002" in problems(trial_database, expanded)[0]

    provision_database(trial_database, [expanded])
    assert problems(trial_database, present) == problems(trial_database, expanded) == []
    assert provision_database(trial_database, [present]) == [], "the older job finds nothing to do"

    provision_database(trial_database, [contracted])
    assert "trial_0003" in problems(trial_database, expanded)[0]
    assert problems(trial_database, contracted) == []
    with pytest.raises(NewerDatabase):
        provision_database(trial_database, [expanded])


def test_a_second_provisioning_waits_for_the_first(trial_database: str) -> None:
    done = threading.Event()

    def second() -> None:
        provision_database(trial_database, [TABLES])
        done.set()

    with alone(trial_database):
        waiting = threading.Thread(target=second)
        waiting.start()
        with psycopg.connect(trial_database, autocommit=True) as looking:
            blocked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while looking.execute(blocked).fetchone() == (0,):
                assert not done.is_set()
    waiting.join()
    assert done.is_set()


def test_the_event_store_is_as_the_library_makes_it(trial_database: str) -> None:
    with psycopg.connect(trial_database) as connection:
        connection.execute("CREATE SCHEMA library")
    datastore = Datastore(Database(trial_database, "library", role=""))
    try:
        Recorder(datastore).create_table()
    finally:
        datastore.close()
    with psycopg.connect(trial_database) as connection:
        made = {
            schema: (
                connection.execute(
                    "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
                    " WHERE table_schema = %s AND table_name = 'stored_events' ORDER BY ordinal_position",
                    (schema,),
                ).fetchall(),
                connection.execute(
                    "SELECT replace(indexdef, schemaname, '') FROM pg_indexes"
                    " WHERE schemaname = %s AND tablename = 'stored_events' ORDER BY 1",
                    (schema,),
                ).fetchall(),
                connection.execute(
                    "SELECT reloptions FROM pg_class WHERE oid = (%s || '.stored_events')::regclass", (schema,)
                ).fetchall(),
            )
            for schema in ("trial", "library")
        }
    assert made["trial"] == made["library"]
