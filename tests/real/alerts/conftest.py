"""The service of a test."""

from collections.abc import AsyncIterator

import pytest

from tests.real.alerts.suite import Suite, running


@pytest.fixture
async def suite(nats_url: str, postgres_url: str) -> AsyncIterator[Suite]:
    async with running(nats_url, postgres_url) as suite:
        yield suite
