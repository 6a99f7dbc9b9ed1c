"""Alerts, while its versions change: pupils who miss half-days."""

import asyncio
from uuid import uuid4

from chassis.nats import Nats
from contracts.alerts import AbsenceThresholdReached
from contracts.envelope import Envelope
from tests import oracle
from tests.real.alerts.suite import SCHOOL, START, Suite, missed
from tests.real.eventually import eventually
from tests.real.upgrade.rollout import Rollout
from tests.real.upgrade.work import Work, said_by_both

RAISED = AbsenceThresholdReached.FACT
_PUPILS, _HALF_DAYS = 8, 5


class AlertsWork(Work):
    """Each round some pupils miss enough for an alert, one half-day after the other."""

    service, consumer, beside = "alerts", "alerts-school", ("projections",)

    def __init__(self, rollout: Rollout, nats: Nats) -> None:
        super().__init__(rollout, nats)
        self._suite = Suite(nats, rollout.nats_url)
        self._facts: list[oracle.Fact] = []

    async def send(self) -> None:
        """A round."""
        students = [uuid4() for _ in range(_PUPILS)]
        for number in range(_HALF_DAYS):
            for student in students:
                fact = missed(student, number + 1)[-1]
                await self._suite.tell(fact)
                day, place = fact.half_day, str(len(self._facts))
                self._facts.append(oracle.Fact(student, day.date, day.period, "unjustified", START, place, "", SCHOOL))
                await asyncio.sleep(0.02)

    async def verify(self) -> None:
        """Each alert is raised once, and shown."""
        expected = oracle.standing_alerts(self._facts)

        async def all_shown() -> bool:
            return await self.rollout.rows("SELECT count(*) FROM projections.alerts") == [(len(expected),)]

        await eventually(all_shown)
        told = await self.told("ALERTS", "alerts", len(expected))
        contract = Envelope[AbsenceThresholdReached]
        raised = [contract.model_validate_json(each.data).data for each in told if each.subject.endswith(RAISED)]
        assert {oracle.Standing(a.student_id, a.month, a.level) for a in raised} == expected.keys()
        assert len(raised) == len(expected), "an alert was told twice"
        assert said_by_both(told, RAISED)
