"""The whole notifications service on real servers, and the words to talk to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from chassis.nats import Nats
from chassis.service import Service
from cli.directory_bucket import load_directory
from contracts.alerts import AbsenceThresholdReached
from contracts.directory import Actor, School
from contracts.envelope import Envelope, Payload, wrap
from contracts.identifiers import HalfDay
from contracts.streams import subject_of
from services.notifications.app import build
from services.notifications.catcher import Catcher
from services.notifications.mailbox import Mailbox
from services.notifications.settings import NotificationsSettings
from tests.real.eventually import eventually
from tests.unit.notifications.given import UAI

HALF_DAY = HalfDay.model_validate({"date": "2025-10-14", "period": "MORNING"})


class Suite:
    """The servers, the catcher, and the words to talk to the service."""

    def __init__(self, nats: Nats, settings: NotificationsSettings, catcher: Catcher) -> None:
        self.nats = nats
        self.settings = settings
        self.catcher = catcher

    @property
    def mailbox(self) -> Mailbox:
        """What was caught."""
        return self.catcher.mailbox

    async def load(self, *entries: School | Actor) -> None:
        """From now on the directory holds these too."""
        schools = [entry for entry in entries if isinstance(entry, School)]
        await load_directory(self.nats.js, schools, [entry for entry in entries if isinstance(entry, Actor)])

    async def raise_alert(self, level: int = 1, student: UUID | None = None, uai: str = UAI) -> AbsenceThresholdReached:
        """An alert, as the alerts service says it."""
        alert = AbsenceThresholdReached.model_validate(
            {
                "alert_id": uuid4(),
                "attendance_id": uuid4(),
                "student_id": student or uuid4(),
                "uai": uai,
                "school_year": "2025-2026",
                "month": "2025-10",
                "level": level,
                "half_days": 4 if level == 1 else 10,
                "reached_on": HALF_DAY,
                "evidence": {
                    "counted": (),
                    "left_out": (),
                    "rule": {"id": "ABS-11", "version": "2014-12-23", "threshold": 4 if level == 1 else 10},
                },
            }
        )
        await self.say("alerts", alert, alert.student_id)
        return alert

    async def say(self, root: str, data: Payload, student: UUID) -> None:
        """A fact about a pupil, on the stream of this root."""
        envelope = wrap(
            data,
            id=f"e-{uuid4()}",
            source="/test",
            subject=str(student),
            time=datetime.now(UTC),
            correlationid=UUID(int=42),
        )
        await self.nats.js.publish(subject_of(root, student, data.FACT), envelope.to_json())

    async def told(self, contract: type[Payload]) -> list[Envelope[Any]]:
        """Everything of this contract on the NOTIFICATIONS stream, oldest first."""
        info = await self.nats.js.stream_info("NOTIFICATIONS")
        found = []
        for seq in range(1, info.state.last_seq + 1):
            stored = await self.nats.js.get_msg("NOTIFICATIONS", seq)
            if stored.subject and stored.data and stored.subject.endswith(contract.FACT):
                found.append(Envelope[contract].model_validate_json(stored.data))  # type: ignore[valid-type]
        return found

    async def caught(self, count: int) -> list[Any]:
        """Wait until this many e-mails were caught."""

        async def enough() -> bool:
            return self.mailbox.last() >= count

        await eventually(enough)
        return [self.mailbox.message(number) for number in range(1, self.mailbox.last() + 1)]

    async def tells(self, contract: type[Payload], count: int) -> list[Envelope[Any]]:
        """Wait until this many of this contract were said."""

        async def enough() -> list[Envelope[Any]]:
            found = await self.told(contract)
            return found if len(found) >= count else []

        return await eventually(enough)


@asynccontextmanager
async def running(suite: Suite) -> AsyncIterator[Service]:
    """`async with running(suite):` the service lives."""
    service = build(suite.settings)
    stop = asyncio.Event()

    async def serve() -> None:
        async with service.app().start_lifespan_context():
            await stop.wait()

    serving = asyncio.create_task(serve())
    try:
        yield service
    finally:
        stop.set()
        await serving


async def ready(service: Service) -> None:
    """Wait until it is ready."""

    async def is_ready() -> bool:
        return not await service.not_ready()

    await eventually(is_ready)
