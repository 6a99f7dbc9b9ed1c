"""The volume under JetStream's files is full: what schools send is accepted and kept, and published afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats.errors
import nats.js.errors
import pytest

from chassis.database import Database
from chassis.nats import Nats
from chassis.provision import provision_streams
from cli.directory_bucket import load_directory
from contracts.catalogue import BUCKETS, STREAMS
from services.intake import senders
from tests.chaos.servers import Node
from tests.real.chassis.test_full_volume import on_little
from tests.real.eventually import eventually
from tests.real.intake.conftest import Running, reached, serving
from tests.real.intake.test_nats_door import stored
from tests.real.volume import needs_mounts
from tests.unit.intake.given import SCHOOLS, as_bytes, event

pytestmark = needs_mounts


@asynccontextmanager
async def provisioned(node: Node) -> AsyncIterator[Nats]:
    """A connection to it, with every stream, and a directory."""
    await provision_streams(node.url, STREAMS, BUCKETS)
    client = Nats(node.url, "test", fatal=lambda: None)
    await client.connect()
    try:
        await load_directory(client.js, SCHOOLS.values(), [])
        yield client
    finally:
        await client.close()


class School:
    """Sends events, each with an id of its own, and remembers those that were accepted."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.accepted: list[str] = []

    async def send(self) -> None:
        name = f"vs-{len(self.accepted)}"
        assert (await self.running.post(as_bytes(event(id=name)))).status_code == 202
        self.accepted.append(name)

    async def is_told(self) -> bool:
        """Whether, some events later, intake says why it does not publish them."""
        await self.send()
        answer = await self.running.http.get("/ready")
        return answer.status_code == 503 and "disk full?" in answer.text and "restart NATS" in answer.text


async def test_what_schools_send_is_kept_and_published_once_there_is_room_and_nats_was_started_again(
    tmp_path: Path, postgres_url: str, database: Database
) -> None:
    with database.transaction() as tx:
        key = senders.add(tx, "vs", None)
    async with (
        on_little(tmp_path / "nats") as (node, little),
        provisioned(node) as client,
        serving(node.url, postgres_url) as service,
        reached(service, key) as running,
    ):
        school = School(running)
        await school.send()
        little.fill()
        await eventually(school.is_told)
        # Inside the network, who sends on NATS has no answer, and sends it again.
        with pytest.raises((nats.errors.Error, nats.js.errors.Error, TimeoutError)):
            await client.js.publish("intake.raw.vs", as_bytes(event(id="inside")), timeout=2)
        await eventually(school.is_told)
        little.free()
        await asyncio.to_thread(node.stop)
        node.start()

        async def published() -> list[str]:
            try:
                found = [document["id"] for _, document in await stored(client, "SCHOOL")]
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError):
                return []  # NATS is coming back
            return found if len(found) >= len(school.accepted) else []

        found = await eventually(published)
        assert len(found) == len(school.accepted) == len(set(found))
        await client.js.publish("intake.raw.vs", as_bytes(event(id="inside")))

        async def all_of_it() -> bool:
            everything = len(await stored(client, "SCHOOL")) == len(school.accepted) + 1
            return everything and (await running.http.get("/ready")).status_code == 200

        await eventually(all_of_it)
