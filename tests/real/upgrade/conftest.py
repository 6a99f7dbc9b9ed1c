"""The servers of one rollout."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.upgrade.rollout import Rollout


@pytest.fixture
def rollout(nats_url: str, postgres_url: str, tmp_path: Path) -> Iterator[Rollout]:
    rollout = Rollout(nats_url, postgres_url, tmp_path)
    yield rollout
    rollout.stop()
