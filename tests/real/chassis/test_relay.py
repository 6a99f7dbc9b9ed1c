"""The relay makes the log a stream: in order, nothing twice, nothing missing, whoever else tries."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import nats.errors
import psutil
import pytest
from nats.js.errors import APIError

from chassis import leases, membership, window
from chassis import relay as relay_module
from chassis.membership import Membership
from chassis.provision import provision_streams
from chassis.relay import Page, Relay
from chassis.window import ChainBroken, Outgoing
from tests.real.chassis.programs import Shared, launch
from tests.real.chassis.proxies import Frame, nats_wire
from tests.real.chassis.trial import SYNCED, TRIAL, Numbers, Trial, assert_once_in_order, assert_the_log, message
from tests.real.eventually import eventually

pytestmark = pytest.mark.parametrize("trial_nats", [TRIAL, SYNCED], indirect=True, ids=["behind", "synced"])
"""A stream written behind takes chains only; one that is written before its answer takes atomic batches too."""


async def test_every_entry_is_published_once_in_order_with_its_position_as_id(trial: Trial) -> None:
    async with trial.relaying(Numbers(12_345)):
        assert_the_log(await trial.until_stored(12_345), 12_345)


async def test_what_the_log_says_nothing_about_leaves_no_gap_in_the_stream(trial: Trial) -> None:
    """Positions may jump; the stream holds the entries that say something, and the relay ends at the last."""

    class EverySeventh(Numbers):
        def read(self, after: int, limit: int) -> Page:
            page = super().read(after, limit)
            return replace(page, messages=[each for each in page.messages if each.position % 7 == 0])

    log = EverySeventh(7_003)
    async with trial.relaying(log):
        await trial.until_stored(1_000)
        log.last = 14_000
        stored = await trial.until_stored(2_000)
    assert [int(position) for _, position, _ in stored] == list(range(7, 14_001, 7))


async def test_an_entry_added_later_is_published_when_the_relay_is_woken(trial: Trial) -> None:
    log = Numbers(10)
    async with trial.relaying(log) as relay:
        await trial.until_stored(10)
        log.last = 20
        relay.wake()
        assert_the_log(await trial.until_stored(20), 20)


async def test_what_another_replica_wrote_is_published_when_it_says_so_and_not_seconds_later(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_POLL_S", (3600, 3600))
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 3600)
    monkeypatch.setattr(leases, "SOON_S", 3600)
    log = Numbers(10)
    async with trial.relaying(log, member="a") as first, trial.relaying(log, member="b") as second:
        await trial.until_stored(10)
        for last in (20, 30):
            log.last = last
            (other,) = (relay for relay in (first, second) if relay.published is None)
            other.wake()
            await trial.until_stored(last)
    assert_the_log(await trial.stored(), 30)


async def test_a_process_tells_the_one_that_publishes_of_what_it_wrote(trial: Trial, tmp_path: Path) -> None:
    log = Shared(tmp_path / "last")
    (tmp_path / "last").write_text("10")
    child = launch("relay", nats=trial.nats_url, database=trial.database_url, file=str(tmp_path / "last"), member="a")
    try:
        await trial.until_stored(10)
        async with trial.relaying(log, member="b") as ours:
            for last in (20, 30):
                (tmp_path / "last").write_text(str(last))

                async def published(wanted: int = last) -> bool:
                    ours.wake()  # the first may come before it is heard
                    return len(await trial.stored()) == wanted

                await eventually(published)
            assert ours.published is None
    finally:
        child.kill()
        await asyncio.to_thread(child.wait)
    assert_the_log(await trial.stored(), 30)


async def test_a_relay_that_stops_and_starts_anywhere_goes_on_from_where_the_stream_ends(trial: Trial) -> None:
    for last in (1, 999, 2_500, 6_000):
        async with trial.relaying(Numbers(last)):
            await trial.until_stored(last)
    assert_the_log(await trial.stored(), 6_000)


async def test_a_trimmed_stream_goes_on_after_the_last_message_it_kept_and_its_reader_too(trial: Trial) -> None:
    async with trial.relaying(Numbers(1_000)), trial.reading():
        await trial.until_effects(1_000)
    nats = await trial.connect()
    await nats.js.purge_stream(TRIAL.name, keep=1)
    await nats.close()
    async with trial.relaying(Numbers(1_500)), trial.reading():
        assert_once_in_order(await trial.until_effects(1_500), 1_500)
    stored = await trial.stored()
    assert [(seq, position) for seq, position, _ in stored] == [(n, str(n)) for n in range(1_000, 1_501)]


async def test_a_stream_made_anew_while_nothing_happens_is_filled_again(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody lost a connection, nobody writes: only the relay's own look can tell."""
    monkeypatch.setattr(relay_module, "_LOOK_AFTER_S", 0.3)
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 0.2)
    async with trial.relaying(Numbers(300)), trial.reading():
        await trial.until_effects(300)
        nats = await trial.connect()
        await nats.js.delete_stream(TRIAL.name)
        await provision_streams(trial.nats_url, [TRIAL], [])
        await nats.close()
        assert_the_log(await trial.until_stored(300), 300)
        await trial.publish([message(301)])
        assert_once_in_order(await trial.until_effects(301), 301)
    assert "reader.stream_replaced" not in caplog.text


async def test_two_relays_at_once_publish_nothing_twice_and_nothing_out_of_order(trial: Trial) -> None:
    """Leases only spare work: here both relays hold the same one, and the fence decides."""
    async with trial.relaying(Numbers(9_000)), trial.relaying(Numbers(9_000)), trial.relaying(Numbers(9_000)):
        stored = await trial.until_stored(9_000)
    assert_the_log(stored, 9_000)


async def test_a_relay_paused_past_the_dedup_window_is_refused_when_it_wakes(trial: Trial) -> None:
    """Its process is frozen with a window in hand; another relay publishes that window and more meanwhile."""
    await provision_streams(trial.nats_url, [replace(TRIAL, duplicate_window_s=1)], [])
    child = launch("relay", nats=trial.nats_url, database=trial.database_url, last=4_000, stop_at=2_000)
    frozen = psutil.Process(child.pid)
    await eventually(lambda: _is(frozen, psutil.STATUS_STOPPED))
    assert 1_000 <= len(await trial.stored()) < 4_000
    async with trial.relaying(Numbers(5_000)):
        await trial.until_stored(5_000)
    await _forgotten(trial, message(1_500))
    before = await trial.stored()
    frozen.resume()
    assert await asyncio.to_thread(child.wait, 60) == 3, "refused"
    assert await trial.stored() == before
    assert_the_log(before[:5_000], 5_000)


async def _is(process: psutil.Process, status: str) -> bool:
    return bool(process.status() == status)


async def _forgotten(trial: Trial, entry: Outgoing) -> None:
    """Trap: once the dedup window is over, the id of a stored message is taken again, unless something fences."""
    connection = await trial.connect()

    async def taken() -> bool:
        headers = {"Nats-Msg-Id": str(entry.position)}
        return not (await connection.js.publish(entry.subject, entry.data, headers=headers)).duplicate

    await eventually(taken)
    await connection.close()


async def test_a_relay_killed_inside_a_window_leaves_the_beginning_of_it_at_most(trial: Trial) -> None:
    for die_after in (1, 999):
        child = launch("relay", nats=trial.nats_url, database=trial.database_url, last=2_500, die_after=die_after)
        assert await asyncio.to_thread(child.wait, 60) == -9
        stored = await trial.stored()
        assert len(stored) < 2_500
        assert_the_log(stored, len(stored))
    async with trial.relaying(Numbers(2_500)):
        assert_the_log(await trial.until_stored(2_500), 2_500)


async def test_an_answer_lost_after_the_window_was_stored_leads_to_no_second_copy(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap: an expected sequence is checked before deduplication, so a plain resend would fail for ever."""
    monkeypatch.setattr(window, "_ACK_LIMIT_S", 1)
    lost = 0

    def lose_two_answers(frame: Frame) -> bool:
        nonlocal lost
        if frame.publish_ack and lost < 2:
            lost += 1
            wire.cut()
            return False
        return True

    async with nats_wire(trial.nats_url) as wire:
        wire.passes = lose_two_answers
        async with trial.relaying(Numbers(3_000), nats_url=wire.url):
            stored = await trial.until_stored(3_000)
    assert lost == 2
    assert_the_log(stored, 3_000)


async def _relay(trial: Trial, url: str = "") -> Relay:
    connection = await trial.connect(url)
    return Relay(TRIAL.name, Numbers(0), nats=connection, member=Membership(trial.database()))


async def _done(*relays: Relay) -> None:
    for relay in relays:
        await relay._nats.close()


def _window(first: int, last: int) -> Sequence[Outgoing]:
    return [message(number) for number in range(first, last + 1)]


@pytest.mark.parametrize("last", [11, 20, 80])  # one message, a chain of a few, an atomic batch
async def test_a_window_for_another_place_than_the_end_of_the_stream_is_refused_whole(trial: Trial, last: int) -> None:
    relay = await _relay(trial)
    assert await relay.publish(_window(1, 10), 0) == 10
    for seq in (0, 8, 9, 11):
        with pytest.raises(APIError):
            await relay.publish(_window(11, last), seq)
    assert_the_log(await trial.stored(), 10)
    await _done(relay)


async def test_while_disconnected_nothing_is_published_at_all(trial: Trial) -> None:
    """Trap: the client would buffer it, raise, and send it all the same once it is back."""
    async with nats_wire(trial.nats_url) as wire:
        relay = await _relay(trial, wire.url)
        wire.close()
        await eventually(lambda: _connected(relay, False))
        with pytest.raises(ChainBroken):
            await relay.publish(_window(1, 10), 0)
        wire.open = True
        await eventually(lambda: _connected(relay, True))
        await relay._nats.client.flush()
        assert await trial.stored() == []
        await _done(relay)


async def test_a_window_buffered_when_the_connection_broke_is_refused_if_another_relay_went_on(trial: Trial) -> None:
    """Trap: a publish that raised while disconnected arrives later. The fence makes that harmless."""
    async with nats_wire(trial.nats_url) as wire:
        cut_off, other = await _relay(trial, wire.url), await _relay(trial)
        wire.close()
        await eventually(lambda: _connected(cut_off, False))
        cut_off._nats.__class__ = type("Blind", (type(cut_off._nats),), {"connected": True})
        with pytest.raises((nats.errors.Error, TimeoutError)):
            await asyncio.wait_for(cut_off.publish(_window(1, 500), 0), 1)
        assert await other.publish(_window(1, 1_000), 0) == 1_000
        wire.open = True
        await eventually(lambda: _really_connected(cut_off))
        await cut_off._nats.client.flush()
        assert_the_log(await trial.stored(), 1_000)
        await _done(cut_off, other)


async def _connected(relay: Relay, wanted: bool) -> bool:
    return relay._nats.connected is wanted


async def _really_connected(relay: Relay) -> bool:
    return bool(relay._nats.client.is_connected)
