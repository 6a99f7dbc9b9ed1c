"""What a service shows of its database: what is in quarantine, what is not published, what is late."""

import time
from datetime import timedelta
from uuid import UUID

import pytest

from chassis import deadlines, membership
from chassis.clock import FixedClock
from chassis.events import Event, Recorded, stored_as
from chassis.looks import DISTANCE, LATE, LATE_S, QUARANTINE, late_deadlines, quarantined, unpublished
from chassis.store import EventStore, StoreLog
from tests.real.chassis.proxies import nats_wire
from tests.real.chassis.trial import NOON, TRIAL, Keep, Numbers, Trial
from tests.real.eventually import eventually


@stored_as("looks.Said.1")
class Spoken(Event, frozen=True, kw_only=True):
    pass


@stored_as("looks.Thought.1")
class Thought(Event, frozen=True, kw_only=True):
    pass


async def test_what_is_held_is_counted_for_each_reader_and_none_is_zero(trial: Trial) -> None:
    await trial.fill(40)
    async with trial.reading(Keep(broken=(3, 7))) as reader:
        await trial.until_effects(38)
        database = trial.database()
        assert await quarantined(database, [reader])() == {QUARANTINE: {(trial.reader_name,): 2}}
        trial.do("DELETE FROM quarantine")
        assert await quarantined(database, [reader])() == {QUARANTINE: {(trial.reader_name,): 0}}
        database.close()


async def test_only_the_relay_that_publishes_tells_how_much_is_left(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 0.2)
    async with trial.relaying(Numbers(10), member="a") as first:
        await trial.until_stored(10)
        async with trial.relaying(Numbers(10), member="b") as second:
            both = unpublished([first, second])

            async def at_rest() -> bool:
                return first.published == 10

            await eventually(at_rest)
            assert second.published is None
            assert await both() == {DISTANCE: {(TRIAL.name,): 0}}
    first.log.last = 12  # and nobody publishes any more
    assert await both() == {DISTANCE: {(TRIAL.name,): 2}}


async def test_what_cannot_be_published_is_told_of_from_the_start(trial: Trial) -> None:
    """A process started while the stream takes nothing: it has published nothing yet, and must not look well."""
    async with nats_wire(trial.nats_url) as wire:
        wire.passes = lambda frame: not frame.publish_ack
        async with trial.relaying(Numbers(10), nats_url=wire.url) as relay:
            look = unpublished([relay])

            async def told() -> bool:
                return await look() == {DISTANCE: {(TRIAL.name,): 10}}

            await eventually(told)


async def test_only_what_others_may_be_told_of_is_left_to_publish(trial: Trial) -> None:
    database = trial.database()
    store = EventStore(database)
    with database.transaction() as tx:
        store.append(
            tx,
            [Recorded(UUID(int=1), n, kind(at=NOON)) for n, kind in enumerate((Spoken, Thought, Spoken, Thought), 1)],
        )
    log = StoreLog(store, lambda _: None, [Spoken.TOPIC])
    assert [log.count(after) for after in (0, 1, 3, 4)] == [2, 1, 0, 0]
    store.close()
    database.close()


async def test_deadlines_that_are_due_are_late_and_later_all_the_time(trial: Trial) -> None:
    database, clock = trial.database(), FixedClock(NOON)
    look = late_deadlines("trial", database, clock)
    assert await look() == {LATE: {("trial",): 0}, LATE_S: {("trial",): 0.0}}
    with database.transaction() as tx:
        for number, hours in enumerate((-2, -1, 1)):
            deadlines.schedule(tx, UUID(int=number), "review", NOON + timedelta(hours=hours))
    found = await look()
    assert found[LATE] == {("trial",): 2}
    assert 7200 <= time.time() - found[LATE_S]["trial",] < 7260
    database.close()
