"""Intake, while its versions change: schools that send by HTTP, to whichever version, and on NATS."""

import asyncio
import json
from collections import defaultdict
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from chassis.database import Database
from chassis.nats import Nats
from cli.directory_bucket import load_directory
from contracts.alerts import AbsenceThresholdReached
from contracts.examples.common import half_days
from contracts.school import AbsenceReported
from services.intake import senders
from tests.real.upgrade.rollout import Rollout
from tests.real.upgrade.work import Work, said_by_both
from tests.unit.intake.given import SCHOOLS, UAI, absence, enrolment

_BY_HTTP, _ON_NATS = "vs", "dedans"
_NOWHERE = UAI[:-1] + ("A" if UAI[-1] != "A" else "B")
_REFUSED_PUPIL = "699999999ZZ"


class IntakeWork(Work):
    """Each round one more pupil at each open door, and one on NATS: on the roll, then absent up to an alert."""

    service, consumer, written, beside = "intake", "raw", "ledger", ("alerts",)

    def __init__(self, rollout: Rollout, nats: Nats) -> None:
        super().__init__(rollout, nats)
        self._pupils = count()
        self._sent: list[tuple[str, ...]] = []
        self._http = httpx.AsyncClient(trust_env=False, timeout=30)

    async def prepare(self) -> None:
        """Schools, and two systems that may send."""
        await load_directory(self.nats.js, SCHOOLS.values(), [])
        self._key = await asyncio.to_thread(self._register)

    def _register(self) -> str:
        database = Database(self.rollout.database_url, "intake")
        with database.transaction() as tx:
            senders.add(tx, _ON_NATS, None)
            key = senders.add(tx, _BY_HTTP, None)
        database.close()
        return key

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def send(self) -> None:
        """A round. What one door took, each of them knows, and says so."""
        doors = list(self.rollout.doors.values())
        for door in doors:
            events = self._events()
            assert await self._post(door, events) == ["accepted"] * len(events)
            wrong = absence(ine=_REFUSED_PUPIL, uai=_NOWHERE) | {"id": "wrong"}
            for other in doors:
                if other in self.rollout.doors.values():
                    assert await self._post(other, [*events, wrong]) == ["duplicate"] * len(events) + ["refused"]
        for event in self._events():
            await self.nats.js.publish(f"intake.raw.{_ON_NATS}", json.dumps(event).encode())

    def _events(self) -> list[dict[str, Any]]:
        pupil = next(self._pupils)
        ine, days = f"{600_000_000 + pupil}ZZ", half_days(4)
        told = [enrolment(ine=ine), *(absence(ine=ine, date=d.date.isoformat(), period=d.period.value) for d in days)]
        events = [event | {"id": f"e-{pupil}-{number}"} for number, event in enumerate(told)]
        self._sent.append(tuple(event["id"] for event in events))
        return events

    async def _post(self, door: str, events: list[dict[str, Any]]) -> list[str]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/cloudevents-batch+json"}
        answer = await self._http.post(f"{door}/events", content=json.dumps(events), headers=headers)
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
        return [verdict["status"] for verdict in answer.json()["verdicts"]]

    async def verify(self) -> None:
        """Each fact is on SCHOOL once, in the order its school said it, and alerts made of it what there is to make."""
        facts = sum(map(len, self._sent))
        school = await self.told("SCHOOL", "school", facts)
        assert [int((each.headers or {})["Nats-Msg-Id"]) for each in school] == list(range(1, facts + 1))
        by_pupil: dict[str, list[str]] = defaultdict(list)
        for each in school:
            fact = json.loads(each.data)
            by_pupil[fact["subject"]].append(fact["id"])
        assert sorted(map(tuple, by_pupil.values())) == sorted(self._sent)
        assert said_by_both(school, AbsenceReported.FACT)
        register = await self.told("REGISTER", "register", len(self._sent))
        assert {UUID(each.subject.split(".")[-1]) for each in register} == set(map(UUID, by_pupil))
        assert (await self.nats.js.stream_info("REFUSALS")).state.last_seq == 0
        for sender in (_BY_HTTP, _ON_NATS):
            assert await self.writers(f"ledger WHERE sender = '{sender}'") >= {"present", "next"}, sender
        alerts = await self.told("ALERTS", "alerts", 2 * len(self._sent))  # one half-day before, then the alert
        raised = [
            json.loads(each.data)["subject"] for each in alerts if each.subject.endswith(AbsenceThresholdReached.FACT)
        ]
        assert sorted(raised) == sorted(by_pupil)
