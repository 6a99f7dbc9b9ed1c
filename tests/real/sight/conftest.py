"""One suite that is watched, with a relay that answers as told and a collector of what it traces."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.real.cli.running import up
from tests.real.eventually import eventually
from tests.real.notifications.scripted_relay import ScriptedRelay
from tests.real.sight.collector import Collector, collecting
from tests.real.sight.school import (
    OWN_TRACE,
    REQUEST_TRACE,
    Watched,
    absences,
    enrolment,
    traceparent,
    watching,
)


@pytest.fixture(scope="module")
async def relay() -> AsyncIterator[ScriptedRelay]:
    relay = ScriptedRelay()
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture(scope="module")
async def seen() -> AsyncIterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
async def watched(
    relay: ScriptedRelay, seen: Collector, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": seen.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "NO_PROXY": "127.0.0.1",
        "PERSEVERANCE_SMTP_HOST": "127.0.0.1",
        "PERSEVERANCE_SMTP_PORT": str(relay.port),
        "PERSEVERANCE_RETRY_FIRST_S": "0.2",
    }
    suite = up(tmp_path_factory.mktemp("sight") / "var", environment=environment)
    running = await asyncio.to_thread(suite.__enter__)
    try:
        async with watching(running) as found:
            yield found
    finally:
        await asyncio.to_thread(suite.__exit__, None, None, None)


@pytest.fixture(scope="module")
async def alert(watched: Watched) -> dict[str, Any]:
    """Four absences of one pupil, and the alert they lead to."""
    sent = absences("a", 4)
    sent[2]["traceparent"] = traceparent(OWN_TRACE)
    answer = await watched.send([enrolment("e-1"), *sent], traceparent=traceparent(REQUEST_TRACE))
    assert {verdict["status"] for verdict in answer.json()["verdicts"]} == {"accepted"}, answer.text

    async def raised() -> Any:
        return (await watched.api("GET", "/alerts")).json()["items"]

    found: dict[str, Any] = (await eventually(raised))[0]
    return found
