"""Members come, leave and die at random under load: order for each key, nothing lost or doubled, even shares after."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import count
from threading import Event
from typing import Any

import pytest

from chassis import leases, membership
from chassis.database import Transaction
from chassis.reader import Reader
from chassis.source import Source
from tests.real.chassis.trial import SOURCE, Item, Keep, Trial, assert_once_in_order
from tests.real.eventually import eventually

SIFTED = replace(SOURCE, sifted=True)
_MOST = 8
_MOVES = 14
_CHUNK = 150


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "LEASE_S", 1)
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 0.2)


class Members:
    """Readers of one service, each with its connections, who come and go."""

    def __init__(self, trial: Trial, source: Source = SOURCE) -> None:
        self._trial, self._source = trial, source
        self._names = count(1)
        self.present: dict[str, AsyncExitStack] = {}

    async def join(self) -> None:
        name = f"member-{next(self._names)}"
        stack = self.present[name] = AsyncExitStack()
        await stack.enter_async_context(self._trial.reading(member=name, batch=100, source=self._source))

    async def leave(self, name: str) -> None:
        await self.present.pop(name).aclose()

    async def die(self, name: str) -> None:
        """Gone without a word: what it held stays its own until the lease is over."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(leases.Leases, "release", lambda _: None)
            await self.leave(name)

    async def leave_all(self) -> None:
        for name in list(self.present):
            await self.leave(name)


# One that reads most of a stream may ask for more of it than it owns, and passes over what is not its own.
@pytest.mark.parametrize(("seed", "source"), [(1, SOURCE), (2, SIFTED), (3, SIFTED)])
async def test_whoever_comes_and_goes_each_effect_is_there_once_in_order_and_shares_end_even(
    trial: Trial, seed: int, source: Source
) -> None:
    rng, members, total = random.Random(seed), Members(trial, source), _MOVES * _CHUNK
    await members.join()
    try:
        for move in range(_MOVES):
            await trial.fill((move + 1) * _CHUNK, first=move * _CHUNK + 1)
            someone = rng.choice(list(members.present))
            what = rng.choice(["join", "join", "leave", "die"])
            if what == "join" and len(members.present) < _MOST:
                await members.join()
            elif len(members.present) > 1:
                await (members.die(someone) if what == "die" else members.leave(someone))
            await asyncio.sleep(rng.uniform(0, 0.3))
        assert_once_in_order(await trial.until_effects(total), total)
        await eventually(lambda: _even(trial, set(members.present)))
    finally:
        await members.leave_all()
    assert trial.rows("SELECT count(*) FROM leases") == [(0,)]


async def test_a_batch_that_lasts_longer_than_a_lease_does_not_cost_the_lease(trial: Trial) -> None:
    begun, go_on = Event(), Event()

    class Slow(Keep):
        def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
            begun.set()
            go_on.wait(60)
            super().handle(tx, items)

    await trial.fill(_CHUNK)
    async with trial.reading(Slow(), member="slow"):
        await asyncio.to_thread(begun.wait, 60)
        until = trial.rows("SELECT max(until) FROM members")[0][0]
        async with trial.reading(member="idle"):
            await eventually(lambda: _past(trial, until))
            await eventually(lambda: _came(trial, "idle"))
            assert trial.rows("SELECT DISTINCT owner FROM leases") == [("slow",)]
            go_on.set()
            assert_once_in_order(await trial.until_effects(_CHUNK), _CHUNK)
            await eventually(lambda: _even(trial, {"slow", "idle"}))
    assert trial.restarts("Fenced") == 0, "nobody did the same work twice"


async def test_who_gives_partitions_to_a_newcomer_is_ready_all_the_while_and_so_is_who_waits_for_them(
    trial: Trial,
) -> None:
    blinks: list[str] = []
    over = asyncio.Event()

    async def watch(name: str, reader: Reader[Any]) -> None:
        await eventually(lambda: _moves(reader))
        while not over.is_set():
            if not reader.moving:
                blinks.append(name)
            await asyncio.sleep(0)

    async with trial.reading(member="first") as first:
        watching = [asyncio.create_task(watch("first", first))]
        await eventually(lambda: _even(trial, {"first"}))
        async with trial.reading(member="second") as second:
            watching.append(asyncio.create_task(watch("second", second)))
            await eventually(lambda: _even(trial, {"first", "second"}))
            await eventually(lambda: _moves(second))
            over.set()
            await asyncio.gather(*watching)
    assert not blinks


async def _moves(reader: Reader[Any]) -> bool:
    return reader.moving


async def _even(trial: Trial, names: set[str]) -> bool:
    """Whether these members, and nobody else, hold all partitions, none two more than another."""
    held = dict(trial.rows("SELECT owner, count(*) FROM leases GROUP BY owner"))
    each, extra = divmod(16, len(names))
    return set(held) == names and sorted(held.values()) == [each] * (len(names) - extra) + [each + 1] * extra


async def _past(trial: Trial, until: object) -> bool:
    """Whether a whole further lease has gone by since `until`."""
    return trial.rows("SELECT clock_timestamp() > %s::timestamptz + interval '1 s'", until) == [(True,)]


async def _came(trial: Trial, member: str) -> bool:
    return trial.rows("SELECT member FROM members WHERE member = %s", member) == [(member,)]
