from collections.abc import AsyncIterator, Iterator

import pytest

from tests.real.projections.house import ReadModels
from tests.web.conftest import House, opened


@pytest.fixture
def models(postgres_url: str) -> Iterator[ReadModels]:
    models = ReadModels(postgres_url)
    yield models
    models.close()


@pytest.fixture
async def house(nats_url: str, postgres_url: str) -> AsyncIterator[House]:
    async with opened(nats_url, postgres_url) as house:
        yield house
