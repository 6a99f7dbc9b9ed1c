"""Messages lost on the wire between the server and us are noticed, and read again in their place."""

import pytest

from chassis import pull as pull_module
from chassis import reader as reader_module
from chassis.pull import Interrupted, Pull
from tests.real.chassis.proxies import Frame, NatsWire, nats_wire
from tests.real.chassis.trial import SOURCE, Trial, assert_once_in_order
from tests.real.eventually import eventually

_COUNT = 3_000


class Hide:
    """Lets everything through except the n-th message that a consumer delivers."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def __call__(self, frame: Frame) -> bool:
        if not frame.stream_message:
            return True
        self._left -= 1
        return self._left != 0


class CutAfter:
    """Breaks the wire each time so many more messages have gone through, `times` times."""

    def __init__(self, wire: NatsWire, every: int, times: int) -> None:
        self._wire = wire
        self._every = every
        self._seen = 0
        self.times = times

    def __call__(self, frame: Frame) -> bool:
        self._seen += frame.stream_message
        if self.times and self._seen == self._every:
            self._seen = 0
            self.times -= 1
            self._wire.cut()
            return False
        return True


class Credulous(Pull):
    """A pull that believes whatever comes is the next message."""

    def _all_came(self, sent: int) -> bool:
        return True


async def test_a_message_missing_from_the_flow_is_read_again_in_its_place(trial: Trial) -> None:
    await trial.fill(_COUNT)
    async with nats_wire(trial.nats_url) as wire:
        wire.passes = Hide(1_234)
        async with trial.reading(nats_url=wire.url):
            assert_once_in_order(await trial.until_effects(_COUNT), _COUNT)
    assert trial.restarts("Interrupted") == 1


async def test_without_the_sequence_check_the_same_message_would_be_lost(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shows that the check above is what saves the message: the server never sends it again."""
    monkeypatch.setattr(reader_module, "Pull", Credulous)
    monkeypatch.setattr(pull_module, "_SILENCE_S", 1)
    await trial.fill(_COUNT)
    async with nats_wire(trial.nats_url) as wire:
        wire.passes = Hide(1_234)
        async with trial.reading(nats_url=wire.url):
            effects = await trial.until_effects(_COUNT - 1)
            lost = set(range(1, _COUNT + 1)) - {number for _, number in effects}
            assert lost == {1_234}
            await trial.until_position(_COUNT)


async def test_a_connection_cut_in_the_middle_of_batches_loses_and_repeats_nothing(trial: Trial) -> None:
    await trial.fill(_COUNT)
    async with nats_wire(trial.nats_url) as wire:
        wire.passes = cuts = CutAfter(wire, every=700, times=2)
        async with trial.reading(nats_url=wire.url, batch=400):
            assert_once_in_order(await trial.until_effects(_COUNT), _COUNT)
        assert cuts.times == 0


async def test_after_a_lost_connection_a_pull_brings_later_messages_first_and_is_refused(trial: Trial) -> None:
    """Trap: what was pushed before the cut is gone for that consumer; its next request brings what follows."""
    await trial.fill(_COUNT)
    async with nats_wire(trial.nats_url) as wire:
        wire.passes = CutAfter(wire, every=50, times=1)
        nats = await trial.connect(wire.url)
        async with Pull(nats, SOURCE.stream, SOURCE.filters(frozenset(range(16))), 0, 200) as pull:
            await eventually(lambda: _reconnected(wire))
            pull._connection = nats.connections = 2  # as if the new connection had not been noticed
            await pull._ask()
            with pytest.raises(Interrupted, match=r"a message is missing|reconnected"):
                await _drain(pull)
        await nats.close()


async def _drain(pull: Pull) -> None:
    while True:
        await pull.next(wait_s=5)


async def _reconnected(wire: NatsWire) -> bool:
    return wire.accepted == 2


async def test_a_new_connection_alone_makes_the_reader_begin_again(trial: Trial) -> None:
    """Even when nothing was on its way: a consumer's state after a cut is not for us to guess."""
    await trial.fill(100)
    async with nats_wire(trial.nats_url) as wire, trial.reading(nats_url=wire.url):
        await trial.until_effects(100)
        wire.cut()
        await trial.fill(200, first=101)
        assert_once_in_order(await trial.until_effects(200), 200)
    assert trial.restarts("Interrupted") == 1
