"""What a pull asks of the server: never more than it has room for, however slowly its messages are taken."""

import asyncio

from chassis.pull import Pull
from tests.real.chassis.trial import SOURCE, Trial

_COUNT = 20_000
_BATCH = 50


async def test_no_more_is_asked_for_than_two_batches_ahead(trial: Trial) -> None:
    """Trap: a request too many is never taken back; with enough of them the server cuts off a slow consumer."""
    await trial.fill(_COUNT)
    nats = await trial.connect()
    taken, furthest, looks = 0, 0, 0
    async with Pull(nats, SOURCE.stream, SOURCE.filters(frozenset(range(16))), 0, _BATCH) as pull:
        while taken < _COUNT:
            taken += len(await pull.next(wait_s=5))
            await asyncio.sleep(0)
            if taken > looks * 1_000:
                looks += 1
                info = await nats.js.consumer_info(SOURCE.stream, pull._consumer)
                assert info.delivered is not None
                furthest = max(furthest, info.delivered.consumer_seq - taken)
    assert 0 < furthest <= 2 * _BATCH
    await nats.close()


async def test_no_more_is_asked_for_than_is_wanted(trial: Trial) -> None:
    await trial.fill(200)
    nats = await trial.connect()
    async with Pull(nats, SOURCE.stream, SOURCE.filters(frozenset(range(16))), 10, _BATCH, at_most=120) as pull:
        taken = []
        while messages := await pull.next(wait_s=1):
            taken += [message.seq for message in messages]
        info = await nats.js.consumer_info(SOURCE.stream, pull._consumer)
    assert taken == list(range(11, 131))
    assert info.delivered is not None
    assert info.delivered.consumer_seq == 120
    await nats.close()
