"""NATS crashes, restarts, goes away, forgets consumers: nothing is lost, nothing twice, and nobody spins meanwhile."""

import asyncio

import pytest

from chassis import pull as pull_module
from chassis.embedded import EmbeddedNats
from chassis.nats import Nats
from chassis.pull import Interrupted, Pull
from tests.real.chassis.proxies import nats_wire
from tests.real.chassis.trial import SOURCE, TRIAL, Numbers, Trial, assert_once_in_order, assert_the_log
from tests.real.eventually import eventually


async def test_a_server_killed_and_restarted_under_load_loses_and_repeats_nothing(
    trial: Trial, trial_nats: EmbeddedNats
) -> None:
    log = Numbers(10_000)
    async with trial.relaying(log), trial.reading(batch=200):
        for wanted in (1, 12_000):
            await trial.until_effects(wanted)
            trial_nats.kill()
            log.last += 5_000
            await asyncio.to_thread(trial_nats.start)
        assert_once_in_order(await trial.until_effects(log.last), log.last)
        assert_the_log(await trial.stored(), log.last)


async def test_connecting_waits_for_a_server_that_is_not_there_yet(trial: Trial, trial_nats: EmbeddedNats) -> None:
    trial_nats.kill()
    connecting = asyncio.ensure_future(trial.connect())
    await asyncio.sleep(0.5)
    assert not connecting.done()
    await asyncio.to_thread(trial_nats.start)
    nats = await connecting
    assert nats.connected
    await nats.close()


async def test_while_nats_is_away_the_reader_waits_and_then_goes_on(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap: no hot loop. What is counted is how often it began again while there was nothing it could do."""
    monkeypatch.setattr(pull_module, "_SILENCE_S", 1)
    await trial.fill(100)
    async with nats_wire(trial.nats_url) as wire, trial.reading(nats_url=wire.url):
        await trial.until_effects(100)
        wire.close()
        await asyncio.sleep(4)
        tried = _restarts(trial)
        assert tried <= 5
        await trial.fill(200, first=101)
        wire.open = True
        assert_once_in_order(await trial.until_effects(200), 200)
        assert _restarts(trial) <= tried + 5


def _restarts(trial: Trial) -> float:
    return sum(trial.restarts(cause) for cause in ("Interrupted", "TimeoutError", "NoRespondersError", "Error"))


async def test_a_consumer_deleted_on_the_server_is_noticed_and_made_again(trial: Trial) -> None:
    """Trap: a library's subscription goes on in silence, or in a hot loop, and calls itself connected."""
    await trial.fill(100)
    nats = await trial.connect()
    async with trial.reading():
        for round_ in (1, 2, 3):
            await trial.until_effects(100 * round_)
            (consumer,) = await nats.js.consumers_info(TRIAL.name)
            await nats.js.delete_consumer(TRIAL.name, consumer.name)
            await eventually(lambda wanted=round_: _began_again(trial, wanted))  # type: ignore[misc]
            await trial.fill(100 * round_ + 100, first=100 * round_ + 1)
        assert_once_in_order(await trial.until_effects(400), 400)
        assert trial.restarts("Interrupted") == 3
    await nats.close()


async def _began_again(trial: Trial, wanted: int) -> bool:
    return trial.restarts("Interrupted") >= wanted


async def test_a_request_to_a_consumer_that_is_gone_is_refused_at_once(trial: Trial) -> None:
    nats = await trial.connect()
    async with Pull(nats, SOURCE.stream, SOURCE.filters(frozenset(range(16))), 0, 10) as pull:
        await eventually(lambda: _waiting(nats, pull))
        await nats.js.delete_consumer(TRIAL.name, pull._consumer)
        with pytest.raises(Interrupted, match="409"):
            await pull.next(wait_s=30)
        pull._broken = None
        await pull._ask()
        with pytest.raises(Interrupted, match="503"):
            await pull.next(wait_s=30)
    await nats.close()


async def _waiting(nats: Nats, pull: Pull) -> bool:
    return bool((await nats.js.consumer_info(TRIAL.name, pull._consumer)).num_waiting)


async def test_a_reader_leaves_no_consumer_behind(trial: Trial) -> None:
    await trial.fill(10)
    async with trial.reading():
        await trial.until_effects(10)
    nats = await trial.connect()
    assert await nats.js.consumers_info(TRIAL.name) == []
    await nats.close()


async def test_a_request_that_expires_is_made_again(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_module, "_EXPIRES_S", 1)
    async with trial.reading():
        await asyncio.sleep(2.5)
        await trial.fill(10)
        await trial.until_effects(10)
    assert trial.restarts("Interrupted") == 0
