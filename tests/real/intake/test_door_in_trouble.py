"""Too much at once, the database away, NATS away: senders are told when to come back, and nothing is lost."""

import asyncio

import httpx

from services.intake import senders
from tests.real.intake.conftest import Running, serving
from tests.unit.intake.given import as_bytes, event


async def test_too_many_at_once_are_asked_to_come_back(directory, nats_url, postgres_url, database):
    with database.transaction() as tx:
        key = senders.add(tx, "vs", None)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    async with serving(nats_url, postgres_url, max_requests=2) as service:
        url = f"http://127.0.0.1:{service.settings.port}"
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            posts = [http.post("/events", content=as_bytes(event(id=f"m-{i}")), headers=headers) for i in range(30)]
            answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {202, 429}
    assert all(int(a.headers["retry-after"]) > 0 for a in answers if a.status_code == 429)


async def test_without_its_database_it_says_when_to_come_back(running: Running, database):
    with database.transaction() as tx:
        tx.execute("SELECT pg_advisory_lock(hashtextextended('intake.door', 0))")
        answer = await running.post(as_bytes(event()))
        tx.execute("SELECT pg_advisory_unlock_all()")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert (await running.post(as_bytes(event()))).status_code == 202


async def test_without_nats_what_is_accepted_is_kept_and_published_later(running: Running, nats_server, nats):
    await running.post(as_bytes(event()))
    nats_server.kill()
    assert (await running.post(as_bytes(event(id="vs-2")))).status_code == 202
    nats_server.start()
    async with asyncio.timeout(20):
        while True:
            try:
                if (await nats.js.stream_info("SCHOOL")).state.messages == 2:
                    break
            except Exception:  # noqa: BLE001  (NATS is coming back)
                pass
            await asyncio.sleep(0.1)
