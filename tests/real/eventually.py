"""Waiting for something that will happen, without ever asserting how fast."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
LIMIT_S = 60


async def eventually(look: Callable[[], Awaitable[T]], limit_s: float = LIMIT_S) -> T:
    """What `look` returns, once that is true; fails when it still is not after `limit_s` seconds."""
    until = time.monotonic() + limit_s
    while True:
        seen = await look()
        if seen:
            return seen
        if time.monotonic() > until:
            raise AssertionError(f"still not so after {limit_s} s; last seen: {seen!r}")
        await asyncio.sleep(0.05)
