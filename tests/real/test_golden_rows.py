"""From each released version, with what it wrote, to the present one, on the real PostgreSQL."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis import quarantine, revisions
from chassis.database import Database
from chassis.embedded import EmbeddedPostgres
from chassis.provision import provision_database
from chassis.revisions import Schema
from chassis.store import EventStore
from cli.provision import schemas
from contracts.examples import INE, STUDENT, UAI
from golden import HERE, releases, rows, stored
from services.intake import ledger, register, senders


@pytest.fixture
def empty_database(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    name = sql.Identifier(f"golden_{uuid4().hex}")
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    yield make_conninfo(postgres_server.url, dbname=name.as_string().strip('"'))
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def as_released(release: str, directory: Path, patch: pytest.MonkeyPatch) -> list[Schema]:
    """The schemas with the revisions that release had, and no others."""
    had = json.loads((HERE / release / "revisions.json").read_text())
    then = []
    for schema in schemas():
        for owner, source in schema.directories.items():
            (directory / owner).mkdir(exist_ok=True)
            for path in source.glob("[0-9]*.py"):
                if f"{owner}_{path.name[:4]}" in had[schema.name]:
                    (directory / owner / path.name).write_text(path.read_text())
        own = directory / schema.name if schema.revisions else None
        then.append(Schema(schema.name, own, schema.readers, schema.finish))
    patch.setattr(revisions, "_CHASSIS_REVISIONS", directory / "chassis")
    return then


@pytest.mark.parametrize("release", releases())
def test_what_a_release_wrote_is_read_after_the_upgrade(
    empty_database: str, release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [json.loads(line) for line in (HERE / release / "rows.jsonl").read_text().splitlines()]
    with monkeypatch.context() as patch:
        provision_database(empty_database, as_released(release, tmp_path, patch))
    rows.load(empty_database, written)
    provision_database(empty_database, schemas())
    with psycopg.connect(empty_database) as connection:
        assert not [line for schema in schemas() for line in schema.problems(connection)]

    for service in stored.SERVICES:
        assert stored.classes(service), "their topics are known once their module is loaded"
        store = EventStore(database := Database(empty_database, service))
        recorded = [row["row"] for row in written if (row["schema"], row["table"]) == (service, "stored_events")]
        with database.transaction() as tx:
            found = store.load(tx, {row["originator_id"] for row in recorded})
            held = quarantine.held(tx)
        assert sum(len(events) for events in found.values()) == len(recorded)
        assert [each.message.data for each in held] in ([], [b'{"subject": "somebody"}'])
        store.close()
        database.close()
    database = Database(empty_database, "intake")
    with database.transaction() as tx:
        known, erased = register.changes(tx, 0, 10)
        assert known.pupil is not None
        assert (known.student_id, known.pupil.ine, known.pupil.first_name) == (STUDENT, INE, "Zoé")
        assert erased.pupil is None
        assert [fact for _, _, fact, _ in ledger.after(tx, 0, 10)] == ["absence_reported"]
        assert senders.by_name(tx, ["vie-scolaire"])["vie-scolaire"].uais == {UAI}
    database.close()
