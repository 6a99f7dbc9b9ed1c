"""How often a look is taken, and what is shown meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from chassis import gauges
from chassis.gauges import Found, Gauge, Look, keep_looking
from tests.real.eventually import eventually

NUMBER = Gauge("perseverance_test_number", "A number of this test")


class Watch:
    """A look that counts how often it is taken; what it finds is that count, unless it fails."""

    def __init__(self) -> None:
        self.taken = 0
        self.fails = False

    async def __call__(self) -> Found:
        self.taken += 1
        if self.fails:
            raise ConnectionError
        return {NUMBER: {(): self.taken}}

    async def again(self, times: int = 3) -> None:
        """Wait until it was taken so many more times."""
        until = self.taken + times

        async def taken() -> bool:
            return self.taken >= until

        await eventually(taken)


@asynccontextmanager
async def kept(name: str, look: Look, *, seldom: bool = False) -> AsyncIterator[None]:
    task = asyncio.create_task(keep_looking("test", name, look, seldom=seldom))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def shown() -> float | None:
    return REGISTRY.get_sample_value(NUMBER.name)


def age_of(look: str) -> float | None:
    return REGISTRY.get_sample_value(gauges.LOOK_AGE.name, {"service": "test", "look": look})


async def test_what_changes_in_weeks_is_looked_at_seldom_and_has_no_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "EVERY_S", 0.001)
    often, seldom = Watch(), Watch()
    async with kept("often", often), kept("seldom", seldom, seldom=True):
        await often.again(20)
        assert seldom.taken == 1
        assert age_of("often") is not None
        assert age_of("seldom") is None
    assert shown() is None


@pytest.mark.parametrize("found", [ConnectionError(), gauges.Partly({NUMBER: {(): 1}})])
async def test_what_is_looked_at_seldom_is_looked_at_again_soon_where_that_failed(
    monkeypatch: pytest.MonkeyPatch, found: gauges.Partly | Exception
) -> None:
    monkeypatch.setattr(gauges, "_SOON_S", 0.001)
    answers: list[gauges.Partly | Exception] = [found] * 3

    class Later(Watch):
        async def __call__(self) -> Found:
            well = await super().__call__()
            answer: Found | Exception = answers.pop() if answers else well
            if isinstance(answer, Exception):
                raise answer
            return answer

    look = Later()
    async with kept("look", look, seldom=True):
        await look.again(4)
        await asyncio.sleep(0.05)  # ten times the longest wait so far
        assert look.taken == 4, "it has succeeded"
        assert shown() == 4


@pytest.mark.parametrize("seldom", [False, True])
async def test_a_look_that_fails_leaves_what_was_found_and_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, seldom: bool
) -> None:
    monkeypatch.setattr(gauges, "EVERY_S", 0.001)
    monkeypatch.setattr(gauges, "_SELDOM_S", (0.001, 0.002))
    look = Watch()
    async with kept("look", look, seldom=seldom):
        await look.again()
        look.fails = True
        before = look.taken
        await look.again()
        assert shown() == before
        assert [record.getMessage() for record in caplog.records] == ["gauges.not_found"]
        look.fails = False
        await look.again()
        assert shown() > before
