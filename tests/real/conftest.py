"""What most tests on the real servers begin with."""

from collections.abc import AsyncIterator

import pytest

from chassis.nats import Nats


@pytest.fixture
async def nats(nats_url: str) -> AsyncIterator[Nats]:
    nats = Nats(nats_url, "test")
    await nats.connect()
    yield nats
    await nats.close()
