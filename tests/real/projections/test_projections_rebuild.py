"""A read model built beside the live one and switched: the same content, no gap, nothing lost on the way."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from chassis.nats import Nats
from chassis.provision import provision_database
from contracts.envelope import Envelope
from contracts.examples import (
    mail_requested,
    mail_sent,
    pupil_identified,
    student_enrolled,
    student_erased,
    threshold_reached,
)
from contracts.examples.common import NOW
from services.projections import rebuilding
from services.projections.catalogue import READ_MODELS
from services.projections.loading import stretches
from services.projections.loading.hands import Unreadable
from services.projections.rebuilding import Busy, Rebuild
from services.projections.stores import generations
from services.projections.tables import SCHEMA
from tests.real.eventually import eventually
from tests.real.projections.house import HERE, ReadModels, scope
from tests.real.projections.test_projections_batches import alerts_of
from tests.unit.projections.given import message
from tests.unit.projections.parcours_lives import lives
from tests.web.conftest import House

ALERTS = READ_MODELS[0]


@pytest.fixture
def vacuums_at_once(postgres_url: str) -> Iterator[None]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum_naptime TO '1s'")
        connection.execute("SELECT pg_reload_conf()")
        yield
        connection.execute("ALTER SYSTEM RESET autovacuum_naptime")
        connection.execute("SELECT pg_reload_conf()")


def everything(pupils: int = 60) -> list[Envelope]:  # type: ignore[type-arg]
    told = alerts_of(random.Random(3), pupils)
    for _ in range(pupils):
        student, mail = uuid4(), uuid4()
        told += [
            pupil_identified(student_id=student, uai=HERE),
            student_enrolled(student_id=student, uai=HERE),
            mail_requested(student_id=student, mail_id=mail),
            mail_sent(student_id=student, mail_id=mail),
        ]
    return told + list(lives(random.Random(3), HERE, pupils // 2))


def shape(models: ReadModels) -> dict[str, list[tuple[object, ...]]]:
    """How the tables are made: indexes, policies, rights."""
    asked = {
        "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = 'projections' ORDER BY 1, 2",
        "policies": "SELECT tablename, policyname, roles, qual FROM pg_policies ORDER BY 1, 2",
        "security": "SELECT relname, relrowsecurity, relforcerowsecurity, reloptions FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'projections'::regnamespace ORDER BY 1",
        "rights": "SELECT table_name, column_name, grantee, privilege_type FROM information_schema.column_privileges"
        " WHERE table_schema LIKE 'projections%' AND grantee LIKE 'perseverance%' ORDER BY 1, 2, 3, 4",
        "schemas": "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'projections%'",
    }
    with psycopg.connect(models.database.url) as connection:
        return {name: connection.execute(query.encode()).fetchall() for name, query in asked.items()}


async def test_what_was_rebuilt_is_what_was_there(house: House, models: ReadModels, nats: Nats) -> None:
    await house.tell(*everything())
    before, made = models.content(), shape(models)
    for model in READ_MODELS:
        done = await Rebuild(model, nats, models.database.url).run()
        assert done.facts > 0, model.name
        assert models.content() == before, model.name
        assert shape(models) == made, model.name


async def test_damage_is_mended_and_the_readers_go_on_from_there(house: House, models: ReadModels, nats: Nats) -> None:
    await house.tell(*everything(20))
    before = models.content()
    with models.database.transaction() as tx:
        tx.execute("DELETE FROM alerts")
        tx.execute("UPDATE timeline SET kind = 'closed'")
        tx.execute("UPDATE positions SET position = 1 WHERE consumer = 'projections-alerts'")
    await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before
    await house.tell(threshold_reached(alert_id=uuid4(), student_id=uuid4(), time=NOW))
    assert len(models.content("alerts")["alerts"]) == len(before["alerts"]) + 1


async def test_pages_see_no_gap_while_facts_keep_coming(
    house: House, models: ReadModels, nats: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "LENGTH", 50)
    await house.tell(*everything())
    over = asyncio.Event()
    seen, sent = [0], [0]

    async def look() -> None:
        while not over.is_set():
            seen.append(await asyncio.to_thread(count))
            await asyncio.sleep(0)

    def count() -> int:
        with models.readings.of_pupils(scope(HERE)) as reading:
            return int(reading.cursor.execute("SELECT count(*) AS n FROM alerts").fetchall()[0]["n"])

    async def keep_telling() -> None:
        while not over.is_set():
            one = message(threshold_reached(alert_id=uuid4(), student_id=uuid4(), uai=HERE))
            await nats.js.publish(one.subject, one.data)
            sent[0] += 1

    watching = [asyncio.create_task(look()), asyncio.create_task(keep_telling())]
    for _ in range(3):
        await Rebuild(ALERTS, nats, models.database.url).run()
    over.set()
    await asyncio.gather(*watching)
    await house.settled()
    assert seen == sorted(seen), "a page saw fewer alerts than one before it"
    assert count() == 60 + sent[0]


async def test_one_that_was_interrupted_changes_nothing_and_leaves_nothing(
    house: House, models: ReadModels, nats: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.tell(*everything(20))
    before = models.content()

    def cut(*_: object) -> None:
        raise ConnectionError

    for broken in ("index", "switch"):
        with monkeypatch.context() as patch, suppress(ConnectionError):
            patch.setattr(generations, broken, cut)
            await Rebuild(ALERTS, nats, models.database.url).run()
        assert models.content() == before
        assert ("projections_next",) in shape(models)["schemas"]
    await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before
    assert shape(models)["schemas"] == [("projections",)]


async def test_an_erased_pupil_does_not_come_back(house: House, models: ReadModels, nats: Nats) -> None:
    told = everything(10)
    await house.tell(*told)
    for envelope in told:
        if envelope.type.endswith(
            ("threshold_reached.v1", "mail_sent.v1", "parcours_proposed.v1", "parcours_opened.v1", "delay_started.v1")
        ):
            await house.tell(student_erased(student_id=envelope.data.student_id))
    before = models.content()
    assert not any(rows for table, rows in before.items() if table not in ("approaching", "enrolments", "mails"))
    for model in READ_MODELS:
        await Rebuild(model, nats, models.database.url).run()
    assert models.content() == before


async def test_only_one_runs_at_a_time(house: House, models: ReadModels, nats: Nats) -> None:
    with psycopg.connect(models.database.url, autocommit=True) as connection:
        assert generations.alone(connection)
        with pytest.raises(Busy):
            await Rebuild(ALERTS, nats, models.database.url).run()


async def test_another_may_begin_although_the_server_has_not_noticed_that_the_first_has_gone(
    models: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(models.database.url, autocommit=True) as first:
        assert generations.alone(first)
        with monkeypatch.context() as lingering:
            lingering.setattr(psycopg.Connection, "close", lambda _: None)
            generations.no_more_alone(first)
        with psycopg.connect(models.database.url, autocommit=True) as second:
            assert generations.alone(second)


def vacuum_slowly(connection: psycopg.Connection[Any], schema: str) -> None:
    """A page each tenth of a second, and nothing to wait for before it begins."""
    for table in ("alerts", "timeline"):
        for setting in ("threshold = 0", "insert_threshold = 0", "cost_delay = 100", "cost_limit = 1"):
            connection.execute(f"ALTER TABLE {schema}.{table} SET (autovacuum_vacuum_{setting})".encode())


@pytest.mark.long
@pytest.mark.parametrize("schema", [generations.LIVE, generations.NEXT])
async def test_the_switch_does_not_wait_until_the_server_has_vacuumed(
    house: House, models: ReadModels, nats: Nats, monkeypatch: pytest.MonkeyPatch, vacuums_at_once: None, schema: str
) -> None:
    monkeypatch.setattr(rebuilding, "_TRY_SWITCH_FOR_S", 1.0)
    await house.tell(*everything(400))
    before = models.content()
    rebuild = Rebuild(ALERTS, nats, models.database.url)
    index_all = rebuild._index_all
    at_work = "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = ANY(%s::regclass[])"
    with psycopg.connect(models.database.url, autocommit=True) as connection:

        async def vacuumed() -> bool:
            tables = [f"{schema}.alerts", f"{schema}.timeline"]
            return connection.execute(at_work, [tables]).fetchone() != (0,)

        async def index_and_wait_for_a_vacuum() -> None:
            await index_all()
            vacuum_slowly(connection, schema)
            await eventually(vacuumed)

        monkeypatch.setattr(rebuild, "_index_all", index_and_wait_for_a_vacuum)
        if schema == generations.LIVE:
            connection.execute("UPDATE projections.alerts SET changed_at = changed_at")
        await rebuild.run()
    assert models.content() == before


async def test_a_message_in_quarantine_is_left_there_and_an_unreadable_one_stops_the_rebuild(
    house: House, models: ReadModels, nats: Nats
) -> None:
    await house.tell(*everything(5))
    await nats.js.publish("alerts.0.0.1.1.alert_closed", b'{"subject": "somebody"}')
    await nats.js.publish("alerts.0.0.1.1.alert_closed", b"{}")
    await house.settled()
    before = models.content()
    await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before
    with models.database.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM quarantine").fetchone() == (2,)
    for key in ("", "somebody"):
        with models.database.transaction() as tx:
            tx.execute("DELETE FROM quarantine WHERE key = %s", (key,))
        with pytest.raises(Unreadable):
            await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before


async def test_provisioning_after_a_switch_finds_everything_as_declared(
    house: House, models: ReadModels, nats: Nats
) -> None:
    await house.tell(*everything(5))
    for model in READ_MODELS:
        await Rebuild(model, nats, models.database.url).run()
    made = shape(models)
    provision_database(models.database.url, [SCHEMA])
    assert shape(models) == made


async def test_an_empty_stream_makes_an_empty_read_model(models: ReadModels, nats: Nats) -> None:
    for model in READ_MODELS:
        assert (await Rebuild(model, nats, models.database.url).run()).facts == 0
    assert not any(models.content().values())
