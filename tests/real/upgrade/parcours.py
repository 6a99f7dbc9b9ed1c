"""Parcours, while its versions change: people open and follow some, and the days of others are over already."""

import json
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.clock import PARIS
from chassis.nats import Nats
from contracts import parcours as said
from contracts import parcours_commands as asked
from contracts.commands import Command, CommandReply
from contracts.examples.parcours import parcours_command
from contracts.parcours import Scheme
from tests.real.eventually import eventually
from tests.real.upgrade.rollout import Rollout
from tests.real.upgrade.work import Work, said_by_both

_FOLLOWED = (
    said.ParcoursOpened.FACT,
    said.ReferentAppointed.FACT,
    said.ReviewHeld.FACT,
    said.PlacementPlanned.FACT,
    said.ParcoursClosed.FACT,
)
_OVER = [said.ParcoursOpened.FACT, said.StatusExpired.FACT]


class ParcoursWork(Work):
    """Each round a parcours is opened, followed and closed, and another is told of two days after its end."""

    service, consumer, beside = "parcours", "parcours-school", ("projections",)
    written = "stored_events WHERE topic = 'parcours.Expired.1'"

    def __init__(self, rollout: Rollout, nats: Nats) -> None:
        super().__init__(rollout, nats)
        self._today = datetime.now(PARIS).date()
        self._followed: list[UUID] = []
        self._over: list[UUID] = []

    async def send(self) -> None:
        """A round."""
        today = self._today
        one = await self._open(20, 60)
        await self._ask(asked.AppointReferent, **one)
        await self._ask(asked.HoldReview, **one, held_on=today - timedelta(1))
        days = {"starts_on": today + timedelta(7), "ends_on": today + timedelta(11)}
        await self._ask(asked.PlanPlacement, **one, placement_id=uuid4(), **days)
        await self._ask(asked.CloseParcours, **one, closed_on=today)
        self._followed.append(one["parcours_id"])
        self._over.append((await self._open(60, -2))["parcours_id"])

    async def _open(self, days_ago: int, days_to_come: int) -> dict[str, UUID]:
        one = {"parcours_id": uuid4(), "student_id": uuid4()}
        days = {"starts_on": self._today - timedelta(days_ago), "ends_on": self._today + timedelta(days_to_come)}
        declared = asked.Declared(volunteer=True, solutions_tried=True)
        opening = {"scheme": Scheme.TDO, "declared": declared, "alert_id": None, "gpds_on": None, **days}
        await self._ask(asked.OpenParcours, **one, **opening)
        return one

    async def _ask(self, contract: type[Command], **said: Any) -> None:
        """Ask, and again with the same id: whichever version hears it, the second changes nothing."""
        command = parcours_command(contract, command_id=uuid4(), **said)
        for _ in range(2):
            answer = await self.nats.client.request(command.SUBJECT, command.to_json(), timeout=10)
            reply = CommandReply.model_validate_json(answer.data)
            assert reply.outcome == "done", reply

    async def verify(self) -> None:
        """Acts are told once and in order, ends once; both versions obeyed, and both looked at the clock."""

        async def all_over() -> bool:
            query = "SELECT state, count(*) FROM projections.parcours GROUP BY 1 ORDER BY 1"
            return await self.rollout.rows(query) == [("closed", len(self._followed)), ("expired", len(self._over))]

        await eventually(all_over)
        ((late,),) = await self.rollout.rows(
            "SELECT count(*) FROM parcours.deadlines WHERE fired_at IS NULL AND due_at < now()"
        )
        assert late == 0
        told = await self.told("PARCOURS", "parcours", 0)
        facts: dict[UUID, list[str]] = defaultdict(list)
        for each in told:
            fact = each.subject.rpartition(".")[2]
            if fact != said.PartnerDaysChanged.FACT:
                facts[UUID(json.loads(each.data)["data"]["parcours_id"])].append(fact)
        assert facts.keys() == {*self._followed, *self._over}
        assert {tuple(facts[one]) for one in self._followed} == {_FOLLOWED}
        for over in self._over:
            assert [fact for fact in facts[over] if fact != said.ReviewOverdue.FACT] == _OVER
            assert facts[over].count(said.ReviewOverdue.FACT) <= 1
        assert said_by_both(told, said.ParcoursOpened.FACT)
        for topic in ("parcours.Opened.1", "parcours.Expired.1"):
            assert await self.writers(f"stored_events WHERE topic = '{topic}'") >= {"present", "next"}, topic
