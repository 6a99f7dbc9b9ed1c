"""The alerts service running on real servers, and the words to talk to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.nats import Nats
from chassis.settings import Settings
from contracts import alerts, school
from contracts.commands import Command, CommandReply
from contracts.envelope import Envelope, Payload, wrap
from contracts.identifiers import HalfDay, Period
from contracts.parcours import ParcoursOpened, PartnerDaysChanged
from contracts.streams import subject_of
from services.alerts.app import build
from tests import oracle
from tests.real.eventually import eventually

START = datetime(2025, 10, 6, 18, tzinfo=UTC)
SCHOOL = "0310000G"


class Suite:
    """The running service, and the words to talk to it."""

    def __init__(self, nats: Nats, url: str) -> None:
        self.nats = nats
        self.url = url
        self._sent = 0

    async def tell(self, *facts: Payload, minute: int = 0, fact_id: str = "") -> None:
        """Publish school facts, as intake would."""
        for data in facts:
            self._sent += 1
            student: UUID = data.student_id  # type: ignore[attr-defined]
            envelope = wrap(
                data,
                id=fact_id or f"fact-{self._sent}",
                source="/vie-scolaire",
                subject=str(student),
                time=START + timedelta(minutes=minute),
                correlationid=uuid4(),
            )
            await self.nats.js.publish(subject_of("school", student, data.FACT), envelope.to_json())

    async def say(self, *said: PartnerDaysChanged | ParcoursOpened, correlation: UUID | None = None) -> None:
        """Publish what the parcours service says, as it would: an opening first, then days with a partner."""
        for data in said:
            number = data.revision if isinstance(data, PartnerDaysChanged) else 0
            envelope = wrap(
                data,
                id=f"{data.parcours_id}.{number}",
                source="/services/parcours",
                subject=str(data.student_id),
                time=START,
                correlationid=correlation,
            )
            await self.nats.js.publish(subject_of("parcours", data.student_id, data.FACT), envelope.to_json())

    async def told(self, contract: type[Payload]) -> list[Envelope[Any]]:
        """Everything of this contract on the ALERTS stream, oldest first."""
        info = await self.nats.js.stream_info("ALERTS")
        found = []
        for seq in range(1, info.state.last_seq + 1):
            stored = await self.nats.js.get_msg("ALERTS", seq)
            assert stored.subject is not None
            assert stored.data is not None
            if stored.subject.endswith(contract.FACT):
                found.append(Envelope[contract].model_validate_json(stored.data))  # type: ignore[valid-type]
        return found

    async def tells(self, contract: type[Payload], count: int = 1) -> list[Envelope[Any]]:
        """Wait until the service has said `count` of these."""

        async def said() -> list[Envelope[Any]] | None:
            found = await self.told(contract)
            return found if len(found) >= count else None

        return await eventually(said)

    async def standing(self) -> dict[oracle.Standing, int]:
        """What a reader of the ALERTS stream makes of it; something in between while it grows."""
        standing: dict[UUID, tuple[oracle.Standing, int]] = {}
        for raised in await self.told(alerts.AbsenceThresholdReached):
            said = raised.data
            standing[said.alert_id] = (oracle.Standing(said.student_id, said.month, said.level), said.half_days)
        for changed in await self.told(alerts.AlertEvidenceChanged):
            for alert_id in standing.keys() & set(changed.data.alert_ids):
                standing[alert_id] = (standing[alert_id][0], changed.data.half_days)
        for lifted in await self.told(alerts.AlertLifted):
            standing.pop(lifted.data.alert_id, None)
        return dict(standing.values())

    async def ask(self, command: Command) -> CommandReply:
        """Send a person's command and wait for the answer."""
        answer = await self.nats.client.request(command.SUBJECT, command.model_dump_json().encode(), timeout=10)
        return CommandReply.model_validate_json(answer.data)


@asynccontextmanager
async def running(nats_url: str, postgres_url: str) -> AsyncIterator[Suite]:
    service = build(Settings(nats_url=nats_url, database_url=postgres_url))
    stop = asyncio.Event()

    async def serve() -> None:
        async with service.app().start_lifespan_context():
            await stop.wait()

    # A task of its own: the application's task group must be left where it was entered.
    serving = asyncio.create_task(serve())
    nats = Nats(nats_url, "test")
    await nats.connect()

    async def ready() -> bool:
        return not await service.not_ready()

    await eventually(ready)
    yield Suite(nats, nats_url)
    await nats.close()
    stop.set()
    await serving


def half_day(number: int) -> HalfDay:
    return HalfDay(date=date(2025, 10, 6) + timedelta(days=number // 2), period=list(Period)[number % 2])


def missed(student: UUID, count: int) -> list[school.AbsenceReported]:
    return [school.AbsenceReported(student_id=student, uai=SCHOOL, half_day=half_day(n)) for n in range(count)]
