"""A stream written behind (ADR 24) may lose what it acknowledged last: its relay says it again, in the same places."""

import asyncio
import shutil

import pytest
from nats.js.api import PersistMode
from nats.js.errors import APIError

from chassis.embedded import EmbeddedNats
from chassis.nats import Nats
from chassis.provision import MadeForOneServer, OfAnotherForm, drift, make_streams, remake_streams
from chassis.window import append
from tests.real.chassis.trial import SYNCED, TRIAL, Numbers, Trial, assert_once_in_order, assert_the_log, message


async def test_what_a_server_acknowledged_and_lost_is_there_again_and_read_once(
    trial: Trial, trial_nats: EmbeddedNats
) -> None:
    log = Numbers(500)
    async with trial.relaying(log):
        await trial.until_stored(500)
    trial_nats.stop()
    kept = trial_nats.directory / "kept"
    shutil.copytree(trial_nats.directory / "store", kept)
    await asyncio.to_thread(trial_nats.start)
    async with trial.relaying(log) as relay, trial.reading(batch=100):
        log.last = 1_000
        relay.wake()
        await trial.until_effects(1_000)
        trial_nats.kill()
        shutil.rmtree(trial_nats.directory / "store")
        kept.rename(trial_nats.directory / "store")
        await asyncio.to_thread(trial_nats.start)
        log.last = 1_200
        assert_once_in_order(await trial.until_effects(1_200), 1_200)
        assert_the_log(await trial.stored(), 1_200)


async def _mode(nats: Nats) -> tuple[str | None, bool]:
    config = (await nats.js.stream_info(TRIAL.name)).config
    return config.persist_mode, bool(config.allow_atomic)


async def test_only_a_stream_that_is_in_a_log_and_has_no_copies_is_written_behind(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    nats = await trial.connect()
    assert await _mode(nats) == (PersistMode.ASYNC, False)
    with pytest.raises(APIError):  # the server takes no atomic batch there: the relay must know
        await append(nats, [message(number) for number in range(1, 100)], 0, batches=True)
    await nats.js.delete_stream(TRIAL.name)
    await make_streams(nats.js, [SYNCED], [])
    assert await _mode(nats) == (None, True)
    await nats.close()


async def test_how_a_stream_is_written_is_settled_when_it_is_made(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap: the server refuses to change it, so provisioning leaves it, and says so where that will not do."""
    nats = await trial.connect()
    with pytest.raises(APIError, match="can not change persist mode"):
        await nats.js.update_stream((await nats.js.stream_info(TRIAL.name)).config.evolve(persist_mode=None))
    monkeypatch.setenv("PERSEVERANCE_STREAM_REPLICAS", "3")
    assert await drift(nats.js, [TRIAL], []) == ["stream TRIAL: num_replicas is not as declared"]
    with pytest.raises(MadeForOneServer):
        await make_streams(nats.js, [TRIAL], [])
    await nats.close()


async def test_a_stream_whose_messages_an_earlier_version_named_is_refused_until_it_is_made_anew(trial: Trial) -> None:
    """Under its present subjects nobody would be sent them, and they would never be missed."""
    nats = await trial.connect()
    await nats.js.update_stream((await nats.js.stream_info(TRIAL.name)).config.evolve(subjects=["trial.*.*"]))
    for number in range(1, 4):
        await nats.js.publish("trial.5.noted", b"{}", headers={"Nats-Msg-Id": str(number)})
    with pytest.raises(OfAnotherForm, match="TRIAL"):
        await make_streams(nats.js, [TRIAL], [])
    assert (await nats.js.stream_info(TRIAL.name)).config.subjects == ["trial.*.*"], "before anything is touched"
    assert await remake_streams(nats.js, [TRIAL]) == [TRIAL.name]
    assert await remake_streams(nats.js, [TRIAL]) == []
    await make_streams(nats.js, [TRIAL], [])
    async with trial.relaying(Numbers(100)), trial.reading(batch=100):
        assert_once_in_order(await trial.until_effects(100), 100)
    await nats.close()


async def test_a_stream_made_anew_is_filled_by_its_relay_and_read_on(trial: Trial) -> None:
    nats = await trial.connect()
    await nats.js.delete_stream(TRIAL.name)
    await make_streams(nats.js, [SYNCED], [])  # as an earlier version, or a cluster, would have made it
    log = Numbers(2_000)
    async with trial.relaying(log), trial.reading(batch=100):
        await trial.until_effects(2_000)
        await make_streams(nats.js, [TRIAL], [])
        assert await drift(nats.js, [TRIAL], []) == []
        assert await _mode(nats) == (None, True)
        assert await remake_streams(nats.js, [TRIAL]) == [TRIAL.name]
        assert await remake_streams(nats.js, [TRIAL]) == []
        assert await _mode(nats) == (PersistMode.ASYNC, False)
        log.last = 2_500
        assert_once_in_order(await trial.until_effects(2_500), 2_500)
    assert_the_log(await trial.stored(), 2_500)
    await nats.close()
