"""Stretches are read by whoever is free, and written in the order of the stream."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.positions import Position
from services.projections.loading.hands import Reached
from services.projections.loading.stretches import LENGTH, Stretches


class Somebody:
    """A hand that lets others go first so many times, then so many again, and keeps what it wrote."""

    def __init__(self, written: list[tuple[int, int]], delays: list[int], fails_at: int = -1) -> None:
        self._written = written
        self._delays = iter(delays)
        self._fails_at = fails_at
        self._folded = (0, 0)

    async def _dawdle(self) -> None:
        for _ in range(next(self._delays, 0)):
            await asyncio.sleep(0)

    async def fold(self, after: int, until: int, at_most: int) -> Reached:
        assert at_most == until - after
        await self._dawdle()
        self._folded = after, until
        return Reached(Position(until, str(until)), at_most)

    async def write(self) -> None:
        await self._dawdle()
        if self._folded[0] <= self._fails_at < self._folded[1]:
            raise ConnectionError
        self._written.append(self._folded)


delays = st.lists(st.lists(st.integers(0, 20), max_size=12), min_size=1, max_size=4)
ends = st.integers(0, 5 * LENGTH)


@given(delays, st.integers(0, LENGTH), ends)
def test_each_stretch_is_written_once_and_after_those_before_it(pace: list[list[int]], after: int, more: int) -> None:
    written: list[tuple[int, int]] = []
    told: list[Reached] = []
    end = after + more
    asyncio.run(Stretches(after, end, told.append).load([Somebody(written, each) for each in pace]))
    assert sum(until - start for start, until in written) == more == sum(reached.facts for reached in told)
    assert all(one[1] == other[0] for one, other in pairwise(written))
    assert [reached.at.seq for reached in told] == [until for _, until in written]
    assert not written or (written[0][0], written[-1][1]) == (after, end)


@given(delays, st.integers(0, 5 * LENGTH - 1))
def test_nothing_is_written_after_what_could_not_be(pace: list[list[int]], fails_at: int) -> None:
    written: list[tuple[int, int]] = []
    hands = [Somebody(written, each, fails_at) for each in pace]
    with pytest.raises(ConnectionError):
        asyncio.run(Stretches(0, 5 * LENGTH, lambda _: None).load(hands))
    assert sum(until - start for start, until in written) == fails_at // LENGTH * LENGTH


async def test_where_a_stretch_held_nothing_the_tables_stand_at_its_end() -> None:
    class Nothing(Somebody):
        async def fold(self, after: int, until: int, at_most: int) -> Reached:
            await super().fold(after, until, at_most)
            return Reached(Position(after, ""), 0)

    told: list[Reached] = []
    await Stretches(0, LENGTH + 5, told.append).load([Nothing([], [])])
    assert told == [Reached(Position(LENGTH, ""), 0), Reached(Position(LENGTH + 5, ""), 0)]
