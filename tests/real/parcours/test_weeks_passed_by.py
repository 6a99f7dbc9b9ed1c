"""Days that go by in seconds pass by no week: however slow whoever decides is, each is asked about."""

import asyncio
import contextlib
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from chassis.clock import SimulatedClock
from chassis.database import Database
from chassis.service import Service
from chassis.store import EventStore
from cli.playing.moving import Hands
from cli.runtime import Suite
from cli.simulator.events import PARIS
from contracts import parcours_commands as asked
from contracts.examples import parcours_command
from services.parcours import rules
from services.parcours.alarm import Alarm
from services.parcours.application import ParcoursService
from services.parcours.events import OutcomeMissing
from tests.unit.parcours.given import on

PARCOURS = UUID(int=1)
ENDS = date(2025, 12, 18)
TERM_ENDS, TERM_BEGINS = date(2025, 12, 19), date(2026, 1, 12)
SLOW_S = 0.2


class AtRest:
    """Nobody is behind."""

    async def wait(self, timeout_s: float | None, look_every_s: tuple[float, float]) -> list[Any]:
        return []


def evening(day: date) -> datetime:
    return datetime.combine(day, time(18, 30), PARIS).astimezone(UTC)


async def test_a_missing_outcome_is_asked_for_each_week_of_the_holidays(postgres_url: str) -> None:
    database, owner = Database(postgres_url, "parcours"), Database(postgres_url, "parcours", role="")
    store, clock = EventStore(database), SimulatedClock(owner)
    clock.set(on("08/09/2025"))
    application = ParcoursService(store, clock, rules.load())
    application.obey(parcours_command(asked.OpenParcours, parcours_id=PARCOURS, ends_on=ENDS))
    service = cast(Service, SimpleNamespace(name="parcours", database=database, nats=SimpleNamespace(js=None)))
    hands = Hands(Suite(Path("var"), "", postgres_url, clock="simulated"), [service])
    hands._told = AtRest()  # type: ignore[assignment]
    alarm = Alarm(application, database, clock, lambda: None, look_every_s=SLOW_S)
    ringing = asyncio.create_task(alarm.run())
    try:
        await hands.move(evening(TERM_ENDS))
        await hands.move(evening(TERM_BEGINS))
    finally:
        ringing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ringing
        await hands.close()
    while alarm.ring():  # the last one had not to be waited for
        pass
    with database.transaction() as tx:
        happened = store.load(tx, [PARCOURS])[PARCOURS]
    assert [event.weeks for event in happened if isinstance(event, OutcomeMissing)] == [1, 2, 3]
    store.close()
    database.close()
    owner.close()
