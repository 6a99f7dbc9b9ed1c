"""The parcours service on real servers, with a clock that the test moves."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from chassis.clock import SimulatedClock
from chassis.database import Database
from chassis.nats import Nats
from contracts.commands import Command, CommandReply
from contracts.envelope import Payload, wrap
from contracts.examples import STUDENT, parcours_command
from contracts.school import StudentErased
from contracts.streams import subject_of
from services.parcours.app import build
from services.parcours.settings import ParcoursSettings
from tests.real.eventually import eventually
from tests.unit.parcours.given import on


class House:
    """The running service, and the words to talk to it."""

    def __init__(self, nats: Nats, clock: SimulatedClock, database: Database) -> None:
        self.nats = nats
        self._clock = clock
        self.database = database

    async def it_is(self, instant: datetime) -> None:
        """Move every clock there."""
        await asyncio.to_thread(self._clock.set, instant)

    async def ask(self, contract: type[Command], **differently: Any) -> CommandReply:
        """Send the example of a command, with other values for the fields named; the answer."""
        command = parcours_command(contract, **differently)
        answer = await self.nats.client.request(command.SUBJECT, command.model_dump_json().encode(), timeout=20)
        return CommandReply.model_validate_json(answer.data)

    async def told(self) -> list[dict[str, Any]]:
        """All that is on the stream PARCOURS, oldest first, as plain data."""
        info = await self.nats.js.stream_info("PARCOURS")
        found = []
        for seq in range(1, info.state.last_seq + 1):
            stored = await self.nats.js.get_msg("PARCOURS", seq)
            assert stored.data is not None
            found.append(json.loads(stored.data))
        return found

    async def tells(self, contract: type[Payload], count: int = 1) -> list[dict[str, Any]]:
        """Wait until it has said `count` of these; their data."""

        async def said() -> list[dict[str, Any]]:
            found = [each["data"] for each in await self.told() if each["type"] == contract.TYPE]
            return found if len(found) >= count else []

        return await eventually(said)

    async def erase(self) -> None:
        """The pupil of the examples is erased."""
        erased = wrap(
            StudentErased(student_id=STUDENT), id="e-1", source="/x", subject=str(STUDENT), time=on("01/10/2025")
        )
        await self.nats.js.publish(subject_of("school", STUDENT, StudentErased.FACT), erased.to_json())

    async def rests(self) -> None:
        """Wait until no deadline is open."""

        async def none_open() -> bool:
            return not await self.open_deadlines()

        await eventually(none_open)

    async def open_deadlines(self) -> int:
        """How many deadlines wait."""
        rows = await asyncio.to_thread(self.database.rows, "SELECT count(*) FROM deadlines WHERE fired_at IS NULL")
        return int(rows[0][0])


@pytest.fixture
async def house(nats_url: str, postgres_url: str) -> AsyncIterator[House]:
    database = Database(postgres_url, "parcours")
    owner = Database(postgres_url, "parcours", role="")  # only the simulator may move the clock
    clock = SimulatedClock(owner)
    await asyncio.to_thread(clock.set, on("08/09/2025"))
    service = build(ParcoursSettings(nats_url=nats_url, database_url=postgres_url, clock="simulated"))
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
    yield House(nats, clock, database)
    await nats.close()
    stop.set()
    await serving
    database.close()
    owner.close()
