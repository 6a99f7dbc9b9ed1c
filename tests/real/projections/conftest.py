from collections.abc import Iterator

import pytest

from tests.real.projections.house import ReadModels


@pytest.fixture
def models(postgres_url: str) -> Iterator[ReadModels]:
    models = ReadModels(postgres_url)
    yield models
    models.close()
