"""A process killed anywhere leaves each effect there once: what is not committed is done again, what is, is not."""

import asyncio

import pytest

from tests.real.chassis.programs import launch
from tests.real.chassis.trial import Trial, assert_once_in_order

_COUNT = 3_000


@pytest.mark.parametrize("failpoint", ["before-effect", "before-commit", "after-commit"])
async def test_a_reader_killed_there_three_times_loses_and_repeats_nothing(trial: Trial, failpoint: str) -> None:
    await trial.fill(_COUNT)
    for at_batch in (1, 3, 2):
        child = launch(
            "reader",
            nats=trial.nats_url,
            database=trial.database_url,
            name=trial.reader_name,
            failpoint=failpoint,
            at_batch=at_batch,
        )
        assert await asyncio.to_thread(child.wait, 60) == -9
    committed = len(trial.effects())
    assert 0 < committed < _COUNT
    async with trial.reading():
        assert_once_in_order(await trial.until_effects(_COUNT), _COUNT)
