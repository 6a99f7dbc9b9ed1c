"""A directory that was never loaded: nothing is refused for it, all that is sent waits or is sent again."""

import pytest

from chassis.nats import Nats
from cli.directory_bucket import load_directory
from contracts.directory import EMPTY
from services.intake import senders
from tests.real.eventually import eventually
from tests.real.intake.conftest import reached, serving
from tests.unit.intake.given import SCHOOLS, absence, as_bytes, event


async def published(nats: Nats, stream: str) -> int:
    return int((await nats.js.stream_info(stream)).state.messages)


async def test_what_is_sent_before_the_directory_is_loaded_is_not_lost(
    nats: Nats, nats_url: str, postgres_url: str, database, caplog: pytest.LogCaptureFixture
):
    with database.transaction() as tx:
        key = senders.add(tx, "vs", None)
    await nats.js.publish("intake.raw.vs", as_bytes(absence()))
    async with serving(nats_url, postgres_url) as service, reached(service, key) as running:
        answer = await running.post(as_bytes(event(id="vs-2")))
        assert (answer.status_code, answer.json()["code"]) == (503, "directory_empty")
        assert int(answer.headers["retry-after"]) > 0
        told = [each.__dict__["fields"]["what"] for each in caplog.records if each.msg == "directory.empty"]
        assert told == [EMPTY]
        assert "perseverance directory load" in EMPTY
        assert await service.not_ready() == [], "commands and pages need no school"
        await load_directory(nats.js, SCHOOLS.values(), [])

        async def taken() -> bool:
            return (await running.post(as_bytes(event(id="vs-2")))).status_code == 202

        await eventually(taken)

        async def both() -> bool:
            return await published(nats, "SCHOOL") == 2

        await eventually(both)
        assert await published(nats, "REFUSALS") == 0
        assert await service.not_ready() == []


async def test_what_can_be_told_without_a_school_is_refused_all_the_same(nats_url: str, postgres_url: str, database):
    with database.transaction() as tx:
        key = senders.add(tx, "vs", None)
    async with serving(nats_url, postgres_url) as service, reached(service, key) as running:
        assert (await running.post(b"not json")).status_code in (400, 422)
