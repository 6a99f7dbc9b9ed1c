"""The tables of a rebuild filled by several processes, whatever becomes of those that help."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import uvloop

from chassis.database import Database
from chassis.login import Login
from chassis.nats import Nats
from contracts.examples import threshold_reached
from services.projections.catalogue import READ_MODELS
from services.projections.loading import hands, helping, stretches
from services.projections.loading.hands import OwnHand, StreamShorter, Unreadable
from services.projections.loading.helping import Helper, HelperFailed
from services.projections.rebuilding import Busy, Rebuild, Replayed
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
    bad = await nats.js.publish("alerts.0.0.1.1.alert_closed", b"{}")
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
        with pytest.raises(psycopg.OperationalError) as told:
            await helper.fold(0, 10, 10)
    assert str(told.value) == "OperationalError"


async def test_no_rebuild_begins_while_somebody_still_helps_one_that_died(models: ReadModels, nats: Nats) -> None:
    with psycopg.connect(models.database.url, autocommit=True) as left_over:
        generations.help_along(left_over)
        with pytest.raises(Busy):
            await Rebuild(ALERTS, nats, models.database.url).run()
        generations.help_no_more(left_over)
    await Rebuild(ALERTS, nats, models.database.url).run()


async def test_a_helper_ends_with_whom_it_helps(models: ReadModels, nats: Nats) -> None:
    async with helping.helping(FEED, nats, models.database.login) as helper:
        assert (await helper.fold(0, 0, 0)).facts == 0
        with psycopg.connect(models.database.url, autocommit=True) as other:
            assert not generations.alone(other)
        stdin = helper._process.stdin
        assert stdin
        stdin.close()  # as when whoever it helps is killed
        assert await asyncio.wait_for(helper._process.wait(), 20) == 0
        with psycopg.connect(models.database.url, autocommit=True) as other:
            assert generations.alone(other)


async def test_who_is_told_to_stop_writes_to_the_end_first(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_end, written = asyncio.Event(), threading.Event(), []
    loop = asyncio.get_running_loop()

    def slowly(_: OwnHand) -> None:
        loop.call_soon_threadsafe(begun.set)
        may_end.wait(10)
        written.append(True)

    monkeypatch.setattr(OwnHand, "_write_folded", slowly)
    writing = asyncio.create_task(OwnHand(FEED, None, None, fast=True).write())  # type: ignore[arg-type]
    await begun.wait()
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0.01)
        assert not writing.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert written


@pytest.fixture
def hand(models: ReadModels, nats: Nats) -> Iterator[OwnHand]:
    database = Database(models.database.url, generations.LIVE, role="")
    yield OwnHand(FEED, nats, database, fast=True)
    database.close()


async def publish(nats: Nats, count: int) -> None:
    for _ in range(count):
        told = message(threshold_reached())
        await nats.js.publish(told.subject, told.data)


async def test_a_stream_that_is_shorter_for_a_while_is_waited_for(hand: OwnHand, nats: Nats) -> None:
    await publish(nats, 8)
    reading = asyncio.create_task(hand.fold(0, 12, 12))
    await asyncio.sleep(1.5)  # longer than it waits for one message
    assert not reading.done()
    await publish(nats, 4)
    assert (await reading).facts == 12


async def test_a_stream_that_stays_shorter_is_not_taken_for_read(
    hand: OwnHand, nats: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "_WAIT_FOR_REGROWTH_S", 0.5)
    await publish(nats, 8)
    with pytest.raises(StreamShorter, match="ALERTS has become shorter"):
        await hand.fold(0, 12, 12)


async def test_what_is_replayed_from_quarantine_meanwhile_stops_the_switch(
    house: House, models: ReadModels, nats: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    await nats.js.publish("alerts.0.0.1.1.alert_closed", b"{}")
    await house.tell(*everything(5))
    before, index = models.content(), generations.index

    def replayed_first(*of: Any) -> None:
        with models.database.transaction() as tx:
            tx.execute("DELETE FROM quarantine")
        index(*of)

    monkeypatch.setattr(generations, "index", replayed_first)
    with pytest.raises(Replayed):
        await Rebuild(ALERTS, nats, models.database.url).run()
    assert models.content() == before


async def test_a_stretch_ends_where_it_should_whatever_its_stream_has_lost(hand: OwnHand, nats: Nats) -> None:
    await publish(nats, 12)
    for seq in (5, 6, 10, 12):
        await nats.js.delete_msg(FEED.source.stream, seq)
    reached = [await hand.fold(after, until, until - after) for after, until in ((0, 6), (4, 6), (6, 9), (9, 12))]
    assert [(each.at.seq, each.facts) for each in reached] == [(4, 4), (4, 0), (9, 3), (11, 1)]
