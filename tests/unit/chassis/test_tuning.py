"""A service that runs for weeks gives back what it does not use."""

import asyncio
import gc
import weakref

import pytest

from chassis import tuning


class _Circle:
    def __init__(self) -> None:
        self.me = self


async def test_what_holds_only_itself_is_given_back_without_the_collector_being_brought_by_new_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tuning, "_TIDY_EVERY_S", 0.05)
    enabled = gc.isenabled()
    gc.disable()
    tidying = asyncio.create_task(tuning.keep_tidy())
    try:
        await asyncio.sleep(0)  # it has begun
        gone = asyncio.Event()
        weakref.finalize(_Circle(), gone.set)
        assert not gone.is_set()
        await asyncio.wait_for(gone.wait(), 20)
    finally:
        tidying.cancel()
        gc.unfreeze()
        if enabled:
            gc.enable()
