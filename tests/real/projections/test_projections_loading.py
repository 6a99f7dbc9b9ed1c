"""The tables of a rebuild filled by several processes, whatever becomes of those that help."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import uvloop

from chassis.database import Database
from chassis.login import Login
from chassis.nats import Nats
from contracts.examples import threshold_reached
from services.projections.catalogue import READ_MODELS
from services.projections.loading import helping, stretches
from services.projections.loading.hands import OwnHand, Unreadable
from services.projections.loading.helping import Helper, HelperFailed
from services.projections.rebuilding import Busy, Rebuild
from services.projections.stores import generations
from tests.real.projections.house import ReadModels
from tests.real.projections.test_projections_rebuild import everything
from tests.unit.projections.given import message
from tests.web.conftest import House

ALERTS = READ_MODELS[0]
(FEED,) = ALERTS.feeds


@pytest.fixture
def writes_of_helpers(monkeypatch: pytest.MonkeyPatch) -> list[Helper]:
    """Short stretches, of which each helper is given some."""
    monkeypatch.setattr(stretches, "LENGTH", 25)
    seen: list[Helper] = []
    write = Helper.write

    async def counted(helper: Helper) -> None:
        await write(helper)
        seen.append(helper)

    monkeypatch.setattr(Helper, "write", counted)
    return seen


async def test_what_several_processes_made_is_what_was_there(
    house: House, models: ReadModels, nats: Nats, writes_of_helpers: list[Helper]
) -> None:
    await house.tell(*everything())
    before = models.content()
    for model in READ_MODELS:
        await Rebuild(model, nats, models.database.url, processes=3).run()
        assert models.content() == before, model.name
    assert len(set(writes_of_helpers)) == 2 * sum(feed.source.whole for model in READ_MODELS for feed in model.feeds)


async def test_a_stream_of_one_stretch_is_nobody_else_s_work(
    house: House, models: ReadModels, nats: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helping, "_job", lambda *_: pytest.fail("a process was started"))
    await house.tell(*everything(5))
    await Rebuild(ALERTS, nats, models.database.url).run()


async def test_a_helper_that_dies_changes_nothing(
    house: House, models: ReadModels, nats: Nats, writes_of_helpers: list[Helper], monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.tell(*everything())
    before = models.content()

    async def die(helper: Helper) -> None:
        helper._process.kill()
        await helper._ask({"write": True})

    with monkeypatch.context() as patch:
        patch.setattr(Helper, "write", die)
        with pytest.raises(HelperFailed, match="it ended"):
            await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before
    await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before
    assert writes_of_helpers


async def test_a_helper_leaves_aside_what_is_in_quarantine_and_tells_of_what_cannot_be_read(
    house: House, models: ReadModels, nats: Nats, writes_of_helpers: list[Helper]
) -> None:
    await house.tell(*(threshold_reached() for _ in range(40)))
    bad = await nats.js.publish("alerts.3.alert_closed", b"{}")
    await house.tell(*everything(20))
    before = models.content()
    await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before
    assert writes_of_helpers
    with models.database.transaction() as tx:
        tx.execute("DELETE FROM quarantine")
    with pytest.raises(Unreadable, match=f"message {bad.seq} read by projections-alerts: not a JSON event") as told:
        await Rebuild(ALERTS, nats, models.database.url).run()
    assert told.value.seq == bad.seq
    assert models.content() == before


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_helper_that_died_before_it_is_asked_is_noticed_when_it_is(run: Callable[[Any], None]) -> None:
    async def ask_the_dead() -> None:
        async with helping.helping(FEED, Nats("nats://127.0.0.1:1", "test"), Login("")) as helper:
            helper._process.kill()
            await helper._process.wait()
            await asyncio.sleep(0.1)  # until the loop has closed its pipes
            await helper.fold(0, 10, 10)

    with pytest.raises(HelperFailed, match="it ended"):
        run(ask_the_dead())


async def test_an_error_of_a_helper_is_told_by_its_kind_alone(models: ReadModels, nats: Nats) -> None:
    login = Login("postgresql://nobody-we-know@127.0.0.1:1/nowhere")
    async with helping.helping(FEED, nats, login) as helper:
        with pytest.raises(HelperFailed) as told:
            await helper.fold(0, 10, 10)
    assert str(told.value) == "OperationalError"


async def test_no_rebuild_begins_while_somebody_still_helps_one_that_died(models: ReadModels, nats: Nats) -> None:
    with psycopg.connect(models.database.url, autocommit=True) as left_over:
        generations.help_along(left_over)
        with pytest.raises(Busy):
            await Rebuild(ALERTS, nats, models.database.url).run()
        generations.help_no_more(left_over)
    await Rebuild(ALERTS, nats, models.database.url).run()


async def test_a_helper_ends_with_whom_it_helps() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", helping.__name__, stdin=asyncio.subprocess.DEVNULL
    )
    assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_stretch_ends_where_it_should_whatever_its_stream_has_lost(
    house: House, models: ReadModels, nats: Nats
) -> None:
    for _ in range(12):
        told = message(threshold_reached())
        await nats.js.publish(told.subject, told.data)
    for seq in (5, 6, 10, 12):
        await nats.js.delete_msg(FEED.source.stream, seq)
    database = Database(models.database.url, generations.LIVE, role="")
    hand = OwnHand(FEED, nats, database, fast=True)
    reached = [await hand.fold(after, until, until - after) for after, until in ((0, 6), (4, 6), (6, 9), (9, 12))]
    assert [(each.at.seq, each.facts) for each in reached] == [(4, 4), (4, 0), (9, 3), (11, 1)]
    database.close()
