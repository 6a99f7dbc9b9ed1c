"""How far behind a reader is said to be: exactly, wherever the partition goes, and never better than is known."""

import asyncio
import time

import pytest
from prometheus_client import generate_latest

from chassis import backlog as backlog_module
from chassis import membership
from chassis import reader as reader_module
from chassis.backlog import LAG, OLDEST, Backlog
from chassis.gauges import BOARD, Since
from contracts.streams import partition_of
from tests.real.chassis.proxies import nats_wire
from tests.real.chassis.trial import Keep, Trial, key_of, message
from tests.real.eventually import eventually


class Slow(Keep):
    """A handler that waits in the middle of its work until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = False

    def handle(self, tx, items):
        while not self.go_on:
            time.sleep(0.02)
        super().handle(tx, items)


async def test_a_reader_that_has_handled_all_there_is_has_no_lag(trial: Trial) -> None:
    await trial.fill(100)
    async with trial.reading() as reader:
        await trial.until_effects(100)
        seen = await _seen_at_rest(trial, reader)
    assert seen[LAG] == {(trial.reader_name, str(partition)): 0 for partition in range(16)}
    assert set(seen[OLDEST].values()) == {0.0}


async def test_what_waits_is_counted_for_each_partition_and_aged_by_its_oldest(trial: Trial) -> None:
    before = time.time()
    await trial.fill(1000)
    slow = Slow()
    async with trial.reading(slow, batch=100) as reader:
        nats = await trial.connect()
        backlog = Backlog([reader], nats)

        async def begun() -> bool:
            return bool(reader.standing)

        await eventually(begun)
        seen = await backlog.look()
        slow.go_on = True
        await trial.until_effects(1000)
        await nats.close()
    wanted = dict.fromkeys(range(16), 0)
    for number in range(1, 1001):
        wanted[partition_of(key_of(number))] += 1
    assert seen[LAG] == {(trial.reader_name, str(partition)): count for partition, count in wanted.items()}
    for (_, partition), since in seen[OLDEST].items():
        assert isinstance(since, Since) == bool(wanted[int(partition)])
        assert not since or before - 1 < since < time.time() + 1


async def test_what_a_reader_has_in_hand_waits_only_once_it_takes_longer_than_a_moment(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader under a steady flow always has something in hand; asking the server each time would cost the flow."""
    monkeypatch.setattr(reader_module, "_A_MOMENT_S", 3600)
    slow = Slow()
    async with trial.reading(slow) as reader:
        await _seen_at_rest(trial, reader)
        await trial.fill(5)

        async def in_hand() -> bool:
            return not reader.caught_up

        await eventually(in_hand)
        seen = await _look(trial, reader)
        assert set(seen[LAG].values()) == {0}
        monkeypatch.setattr(reader_module, "_A_MOMENT_S", 0)
        seen = await _look(trial, reader)
        assert sum(seen[LAG].values()) == 5
        slow.go_on = True
        await trial.until_effects(5)


async def test_messages_a_reader_does_not_want_do_not_count(trial: Trial) -> None:
    await trial.publish([message(1), message(2)])
    other = message(3)
    await trial.publish([type(other)(3, other.subject.replace("noted", "other"), other.data)])
    async with trial.reading() as reader:
        await _seen_at_rest(trial, reader)
        reader._behind, reader._pending = True, 1  # as if it did not know
        seen = await _look(trial, reader)
    assert set(seen[LAG].values()) == {0}


async def test_a_partition_that_moves_to_another_replica_is_shown_by_that_one_only(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 0.2)
    await trial.fill(50)
    async with trial.reading(member="a") as first:
        await trial.until_effects(50)
        assert len((await _seen_at_rest(trial, first))[LAG]) == 16
        async with trial.reading(member="b") as second:

            async def shared() -> bool:
                return len(first.standing) == len(second.standing) == 8

            await eventually(shared)
            shown = [set((await _look(trial, each))[LAG]) for each in (first, second)]
        assert shown[0].isdisjoint(shown[1])
        assert len(shown[0] | shown[1]) == 16


async def test_while_nats_is_away_nothing_looks_well_for_long(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may have come since is not known: the age counts from the last time it was."""
    monkeypatch.setattr(backlog_module, "_ANSWER_S", 0.3)
    await trial.fill(30)
    async with nats_wire(trial.nats_url) as wire, trial.reading(nats_url=wire.url) as reader:
        await trial.until_effects(30)
        backlog = Backlog([reader], reader._nats)

        async def at_rest() -> bool:
            return reader.caught_up

        await eventually(at_rest)
        known = time.time()
        assert set((await backlog.look())[OLDEST].values()) == {0.0}
        wire.close()

        async def lost() -> bool:
            return not reader.caught_up

        await eventually(lost)
        seen = await backlog.look()
        assert len(seen[OLDEST]) == 16
        assert all(isinstance(since, Since) and known <= since <= time.time() for since in seen[OLDEST].values())
        again = await backlog.look()
        assert again == seen, "it grows from that moment on, not from each look"
        wire.open = True
        await eventually(at_rest)
        assert set((await backlog.look())[OLDEST].values()) == {0.0}


async def test_while_the_database_is_away_what_waits_is_still_counted(trial: Trial) -> None:
    """PostgreSQL is away: nothing is handled, and NATS still knows how much that is."""
    await trial.fill(40)
    async with trial.reading() as reader:
        await trial.until_effects(40)
        await _seen_at_rest(trial, reader)
        trial.do("ALTER ROLE perseverance_trial RENAME TO away")
        try:
            await asyncio.to_thread(reader._database.close)
            await trial.fill(100, first=41)

            async def behind() -> bool:
                return sum((await _look(trial, reader))[LAG].values()) == 60

            await eventually(behind)
        finally:
            trial.do("ALTER ROLE away RENAME TO perseverance_trial")


async def test_a_look_that_ends_takes_its_series_with_it() -> None:
    BOARD.put("trial", "one", {LAG: {("gone-reader", "0"): 7}})
    assert 'perseverance_reader_lag{consumer="gone-reader",partition="0"} 7.0' in generate_latest().decode()
    BOARD.take_down("trial", "one")
    assert "gone-reader" not in generate_latest().decode()


async def _look(trial: Trial, reader):
    nats = await trial.connect()
    try:
        return await Backlog([reader], nats).look()
    finally:
        await nats.close()


async def _seen_at_rest(trial: Trial, reader):
    async def at_rest() -> bool:
        return reader.caught_up

    await eventually(at_rest)
    return await _look(trial, reader)
