"""A cancellation that comes together with what a task waits for is not forgotten."""

import asyncio

import pytest

from chassis.stopping import heed_cancel


async def test_a_task_cancelled_as_its_news_comes_stops() -> None:
    news = asyncio.Event()

    async def loop() -> None:
        while True:
            heed_cancel()
            await asyncio.wait_for(news.wait(), 60)
            news.clear()

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    news.set()
    await asyncio.sleep(0)  # what is waited for has come, and the task has not yet been told
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await task
