"""The servers of one rollout."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chassis.nats import Nats
from tests.real.upgrade.rollout import Rollout


@pytest.fixture
def rollout(nats_url: str, postgres_url: str, tmp_path: Path) -> Iterator[Rollout]:
    rollout = Rollout(nats_url, postgres_url, tmp_path)
    yield rollout
    rollout.stop()


@pytest.fixture
async def nats(nats_url: str) -> AsyncIterator[Nats]:
    nats = Nats(nats_url, "test")
    await nats.connect()
    yield nats
    await nats.close()
