"""A database set back to an earlier moment leaves its stream ahead: nothing is published over what is there."""

import asyncio
from pathlib import Path

import pytest

from chassis.agreement import Ahead
from chassis.membership import Membership
from chassis.window import Outgoing
from cli.rewinding import look, take_out
from contracts.streams import PLACES, partition_of
from tests.real.chassis.trial import TRIAL, Numbers, Trial, assert_the_log, message
from tests.real.eventually import eventually


class Retold(Numbers):
    """A log that says something else from `since` on: another life after the same beginning."""

    def __init__(self, last: int, since: int) -> None:
        super().__init__(last)
        self._since = since

    def entry(self, position: int) -> Outgoing | None:
        entry = super().entry(position)
        if entry is None or position < self._since:
            return entry
        return Outgoing(position, f"trial.{PLACES[partition_of('other')]}.noted", b'{"id": "other"}')


async def _stopped(relay: object) -> bool:
    return bool(relay.ahead)  # type: ignore[attr-defined]


async def test_a_relay_whose_stream_is_ahead_publishes_nothing_and_says_so(trial: Trial) -> None:
    async with trial.relaying(Numbers(100)):
        before = await trial.until_stored(100)
    set_back = Numbers(60)
    async with trial.relaying(set_back) as relay:
        await eventually(lambda: _stopped(relay))
        set_back.last = 80  # what is decided now takes positions that the stream already holds
        relay.wake()
        await asyncio.sleep(1)
    assert await trial.stored() == before


async def test_a_log_that_went_on_past_the_stream_is_found_out_by_what_it_says(trial: Trial) -> None:
    async with trial.relaying(Numbers(100)):
        before = await trial.until_stored(100)
    async with trial.relaying(Retold(150, since=61)) as relay:
        await eventually(lambda: _stopped(relay))
        await asyncio.sleep(1)
    assert await trial.stored() == before


async def test_after_rewinding_the_stream_is_its_log_again_and_what_went_is_kept(trial: Trial, tmp_path: Path) -> None:
    async with trial.relaying(Numbers(100)):
        await trial.until_stored(100)
    log = Numbers(60)
    nats = await trial.connect()
    async with trial.relaying(log) as relay:
        await eventually(lambda: _stopped(relay))
        assert (await look(relay)).ahead
        tail = await take_out(nats.js, relay, tmp_path)
        assert tail.taken_out == 40
        assert tail.kept_in is not None
        assert len(tail.kept_in.read_text().splitlines()) == 40
        assert not (await look(relay)).ahead
        await relay.check()
    await nats.close()
    stored = await trial.stored()
    assert_the_log(stored, 60)


async def test_the_same_stream_and_log_agree(trial: Trial) -> None:
    async with trial.relaying(Numbers(100)) as relay:
        await trial.until_stored(100)
        await relay.check()
        with pytest.raises(Ahead):
            await type(relay)(TRIAL.name, Numbers(99), nats=relay._nats, member=Membership(trial.database())).check()


def test_an_entry_is_its_message() -> None:
    assert Numbers(10).entry(10) == message(10)
    assert Numbers(10).entry(11) is None
