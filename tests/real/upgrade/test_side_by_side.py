"""Version N and N+1 on the same servers during a rollout, under load: nothing lost, nothing twice, both at work."""

from pathlib import Path

import pytest

from chassis.nats import Nats
from tests.real.upgrade.intake import IntakeWork
from tests.real.upgrade.notifications import NotificationsWork
from tests.real.upgrade.parcours import ParcoursWork
from tests.real.upgrade.projections import ProjectionsWork
from tests.real.upgrade.rollout import Rollout
from tests.real.upgrade.trees import next_version
from tests.real.upgrade.work import Work

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.mark.parametrize("kind", [IntakeWork, ParcoursWork, NotificationsWork, ProjectionsWork])
async def test_a_rollout(kind: type[Work], rollout: Rollout, nats: Nats, tmp_path: Path) -> None:
    coming = next_version(tmp_path / "next", kind.service)
    async with kind(rollout, nats).under_load() as work:
        await work.replace("present", coming, "next")
