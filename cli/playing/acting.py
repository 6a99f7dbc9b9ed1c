"""A few simulated heads at their desks: they acknowledge alerts, record what they did, close some."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from cli.playing.chance import chance
from cli.playing.desk import Desk
from cli.simulator.academy import Academy, SimActor
from contracts.alerts import CloseMotive, FollowUp
from contracts.directory import Role

_BUSY_SCHOOLS = 3
_ALERTS_A_MONTH = 8  # that a head deals with; the others wait, as they do
_FOLLOW_UPS = tuple(kind for kind in FollowUp if kind not in (FollowUp.OTHER, FollowUp.DASEN_REFERRAL))


class Heads:
    """The heads of the schools with the most absence. What they decide depends on the alert and the seed alone."""

    def __init__(self, academy: Academy, desk: Desk) -> None:
        self._seed = academy.seed
        self._heads = busy_heads(academy)
        self._desk = desk

    async def work(self, month: str, day: date) -> None:
        """Deal with the alerts of a month (YYYY-MM), on `day`. Raises CliError when the pages do not answer."""
        for head in self._heads:
            raised = await self._desk.items(head, "/api/v1/alerts", {"month": month, "state": "raised"})
            # What is done about level 2 is done about level 1 of the same absences.
            worse = {alert["ine"] for alert in raised if alert["level"] == 2}
            apart = [alert for alert in raised if alert["level"] == 2 or alert["ine"] not in worse]
            alerts = sorted(apart, key=self._mood)[:_ALERTS_A_MONTH]
            await asyncio.gather(*(self._deal(head, alert, day) for alert in alerts))

    async def _deal(self, head: SimActor, alert: dict[str, Any], day: date) -> None:
        mood = self._mood(alert)
        if mood < 0.90:
            await self._act(head, alert, "acknowledged", "acknowledge", {}, day)
        if mood < 0.50:
            kind = _FOLLOW_UPS[int(mood * 1000) % len(_FOLLOW_UPS)]
            await self._act(head, alert, "followed_up", "follow-ups", {"kind": kind, "on": day.isoformat()}, day)
        if mood < 0.15:
            await self._act(head, alert, "closed", "close", {"motive": CloseMotive.ATTENDANCE_RESTORED}, day)

    async def _act(
        self, head: SimActor, alert: dict[str, Any], name: str, path: str, body: dict[str, str], day: date
    ) -> None:
        await self._desk.act(head, name, f"/api/v1/alerts/{alert['alert_id']}/{path}", body, day.isoformat())

    def _mood(self, alert: dict[str, Any]) -> float:
        """From 0 to 1, the same for the same pupil, month and level."""
        return chance(self._seed, alert["ine"], alert["month"], alert["level"])


def busy_heads(academy: Academy, count: int = _BUSY_SCHOOLS) -> Sequence[SimActor]:
    """The heads of the schools where the most alerts are to be expected."""
    worst = sorted(academy.schools, key=lambda school: (-school.absentees * school.size, school.uai))[:count]
    places = {school.uai: place for place, school in enumerate(worst)}
    heads = [a for a in academy.actors if a.role is Role.CHEF_ETAB and a.territory in places]
    return sorted(heads, key=lambda head: places[head.territory])
