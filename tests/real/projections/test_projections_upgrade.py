"""A version with another form of a read model comes beside the one that runs: pages answer all the while."""

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.nats import Nats
from cli.rebuild import rebuild
from cli.runtime import Suite
from contracts.envelope import Envelope
from contracts.examples import threshold_reached
from services.projections import app
from services.projections.catalogue import READ_MODELS, ReadModel
from services.projections.stores import generations
from tests.real.projections.house import HERE, ReadModels
from tests.unit.projections.given import message
from tests.web.conftest import House, opened

ALERTS = READ_MODELS[0]
NEXT = replace(ALERTS, version=ALERTS.version + 1)


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[ReadModel, ...]:
    """The code of the next version: its alerts have one more column, which it fills by a rebuild."""
    present = generations._SCHEMA.read_text()
    (tmp_path / "read_models.sql").write_text(
        present.replace("    counted_at ", "    added text GENERATED ALWAYS AS ('x') STORED,\n    counted_at ", 1)
    )
    monkeypatch.setattr(generations, "_SCHEMA", tmp_path / "read_models.sql")
    models = (NEXT, *READ_MODELS[1:])
    monkeypatch.setattr(app, "READ_MODELS", models)
    monkeypatch.setattr(generations, "READ_MODELS", models)
    monkeypatch.setenv("PERSEVERANCE_MEMBER", "next")
    return models


def alert() -> Envelope:  # type: ignore[type-arg]
    return threshold_reached(alert_id=uuid4(), student_id=uuid4(), uai=HERE)


async def publish(nats: Nats, count: int) -> None:
    for _ in range(count):
        told = message(alert())
        await nats.js.publish(told.subject, told.data)


async def shown(models: ReadModels) -> int:
    return len((await asyncio.to_thread(models.content, "alerts"))["alerts"])


async def test_another_form_is_built_beside_the_live_one_and_each_version_writes_only_its_own(
    house: House,
    models: ReadModels,
    next_version: tuple[ReadModel, ...],
    nats_url: str,
    postgres_url: str,
    tmp_path: Path,
) -> None:
    await house.tell(*(alert() for _ in range(30)))
    over, answers = asyncio.Event(), set()

    async def look() -> None:
        async with house.program("mlds-31") as someone:
            while not over.is_set():
                answers.add((await someone.get("/alerts")).status_code)

    looking = asyncio.create_task(look())
    async with contextlib.AsyncExitStack() as stack:
        coming = asyncio.create_task(stack.enter_async_context(opened(nats_url, postgres_url)))
        # The next version waits, and the present one goes on writing what it knows.
        await publish(house.service.nats, 5)
        await house.settled()
        assert not coming.done()
        assert await shown(models) == 35

        with models.database.transaction() as tx:
            assert generations.outdated(tx) == [NEXT]
        await asyncio.to_thread(rebuild, Suite(tmp_path, nats_url, postgres_url), [NEXT])
        with models.database.transaction() as tx:
            assert generations.outdated(tx) == []
            assert tx.execute("SELECT count(*) FROM alerts WHERE added = 'x'").fetchone() == (35,)

        beside = await coming
        await publish(house.service.nats, 5)
        await beside.settled()
        assert await shown(models) == 40
        assert not await house.service.not_ready(), "the present version still shows pages"
        assert not await beside.service.not_ready()
        over.set()
        await looking
    assert answers == {200}


async def test_a_fact_that_only_a_later_version_knows_is_put_aside_with_what_follows_about_that_pupil(
    house: House, models: ReadModels
) -> None:
    concerned, other = alert(), alert()
    unknown = message(concerned)
    said = unknown.data.replace(b"absence_threshold_reached.v1", b"alert_reconsidered.v1")
    await house.service.nats.js.publish(
        unknown.subject.replace("absence_threshold_reached", "alert_reconsidered"), said
    )
    await house.tell(concerned, other)
    assert await shown(models) == 1
    with models.database.transaction() as tx:
        held = tx.execute("SELECT reason, subject FROM quarantine ORDER BY id").fetchall()
    assert [subject.rpartition(".")[2] for _, subject in held] == ["alert_reconsidered", "absence_threshold_reached"]
    assert "does not know" in held[0][0]
