"""After the version that adds comes the one that takes away: the version before it goes on, the one before that not."""

from pathlib import Path

import pytest

from chassis.nats import Nats
from tests.real.upgrade.alerts import AlertsWork
from tests.real.upgrade.rollout import Rollout
from tests.real.upgrade.trees import PRESENT, next_version, version_after

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


async def test_a_rollout_and_the_contract_after_it(rollout: Rollout, nats: Nats, tmp_path: Path) -> None:
    coming = next_version(tmp_path / "next", "alerts")
    after = version_after(coming, tmp_path / "after")
    async with AlertsWork(rollout, nats).under_load() as work:
        await work.replace("present", coming, "next")
        await work.replace("next", after, "after")
        rollout.start(PRESENT, "alerts", "too old")
        await rollout.said("too old", "alerts_0002")
        await rollout.reads("alerts", work.consumer, "after")
    assert "service.started" not in rollout.log("too old")
