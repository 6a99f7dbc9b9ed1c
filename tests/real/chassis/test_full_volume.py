"""The volume under JetStream's files is really full: it is said, nothing is lost, and all is well after a new start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from chassis.provision import provision_streams
from contracts.streams import StreamSpec
from tests.chaos.servers import Node
from tests.real.chassis.test_bad_conditions import is_ready, says, serving
from tests.real.chassis.trial import SYNCED, TRIAL, Numbers, Trial
from tests.real.eventually import eventually
from tests.real.volume import Volume, needs_mounts, volume

pytestmark = needs_mounts
PUBLISHED = 5_000
SIZE = "24m"


@asynccontextmanager
async def on_little(directory: Path) -> AsyncIterator[tuple[Node, Volume]]:
    """A nats-server whose volume ends long before what JetStream may take."""
    node = Node(directory, "little", jetstream=", max_file_store: 1GB")
    with volume(directory / "store", SIZE) as little:
        node.within = little.within
        node.start()
        await node.healthy()
        try:
            yield node, little
        finally:
            await asyncio.to_thread(node.stop)


async def is_unwell(node: Node) -> None:
    async def unwell() -> bool:
        return (await asyncio.to_thread(node.ask, "/healthz")).get("status") != "ok"

    await eventually(unwell)


async def is_tried_again(stream: StreamSpec, times: int) -> None:
    """Return once the relay has tried so many times more, in vain."""

    def breaks() -> float:
        return REGISTRY.get_sample_value("perseverance_relay_breaks_total", {"stream": stream.name}) or 0.0

    before = breaks()

    async def tried() -> bool:
        return breaks() >= before + times

    await eventually(tried)


@pytest.mark.parametrize(
    "stream", [pytest.param(TRIAL, id="written behind"), pytest.param(SYNCED, id="synced", marks=pytest.mark.long)]
)
async def test_what_is_recorded_is_published_once_there_is_room_and_nats_was_started_again(
    stream: StreamSpec, tmp_path: Path, trial_database: str
) -> None:
    async with on_little(tmp_path / "nats") as (node, little):
        await provision_streams(node.url, [stream], [])
        trial, log = Trial(node.url, trial_database), Numbers(1_000)
        async with serving(node.url, trial_database, log, stream) as service:
            await trial.until_effects(1_000)
            little.fill()
            log.last = PUBLISHED
            await says(service, f"{stream.name}: ", "disk full?", "restart")
            await is_unwell(node)
            little.free()
            # Room alone mends nothing: the server does not write this stream again before it is started again.
            await is_tried_again(stream, 2)
            await is_unwell(node)
            await says(service, f"{stream.name}: ", "disk full?", "restart")
            await asyncio.to_thread(node.stop)
            node.start()
            effects = await trial.until_effects(PUBLISHED)
            await is_ready(service)
            assert sorted(number for _, number in effects) == list(range(1, PUBLISHED + 1))
            assert [position for _, position, _ in await trial.stored()] == [str(n) for n in range(1, PUBLISHED + 1)]
