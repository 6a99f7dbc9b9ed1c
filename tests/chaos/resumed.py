"""How long it takes until all is at work again: ready, and what was accepted so far has gone all the way."""

import asyncio
import time

import httpx
import nats
import nats.errors
import psycopg
from nats.js.errors import Error as JetStreamError

from contracts.catalogue import ALERTS, SCHOOL
from tests.chaos.house import House
from tests.real.eventually import LIMIT_S, eventually


async def resumed(house: House) -> float:
    """Seconds from now until every service is ready and what the ledger holds now is in the read model.

    LIMIT_S when it never came to that.
    """
    started = time.monotonic()
    try:
        await _ready(house)
        await _gone_through(house)
    except AssertionError:
        return LIMIT_S
    return time.monotonic() - started


async def _ready(house: House) -> None:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

        async def ready() -> bool:
            try:
                return (await client.get(f"{house.suite.url}/ready")).status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        await eventually(ready)


async def _gone_through(house: House) -> None:
    """What is accepted now: published, read by alerts, published again, read by projections."""
    accepted = await eventually(lambda: _number(house, "SELECT coalesce(max(position), 0) FROM intake.ledger"))
    if not accepted:
        return
    client = await nats.connect(house.nats_url.split(","), max_reconnect_attempts=-1, error_cb=_quiet, **house.key)
    js = client.jetstream(timeout=2)

    async def published() -> int:
        try:
            last = int((await js.stream_info(SCHOOL.name)).state.last_seq)
            message = await js.get_msg(SCHOOL.name, last)
        except (nats.errors.Error, JetStreamError, TimeoutError):
            return 0
        return last if int((message.headers or {}).get("Nats-Msg-Id", 0)) >= accepted else 0

    async def end_of_alerts() -> int:
        try:
            return int((await js.stream_info(ALERTS.name)).state.last_seq) + 1
        except (nats.errors.Error, JetStreamError, TimeoutError):
            return 0

    try:
        school = await eventually(published)
        await eventually(lambda: _beyond(house, "alerts", SCHOOL.name, school))
        alerts = await eventually(end_of_alerts) - 1
        await eventually(lambda: _beyond(house, "projections", ALERTS.name, alerts))
    finally:
        await client.close()


async def _beyond(house: House, schema: str, stream: str, seq: int) -> int:
    """1 when every partition of this schema's reader of this stream was read up to `seq`."""
    consumer = {"SCHOOL": "alerts-school", "ALERTS": "projections-alerts"}[stream]
    found = await _number(
        house, f"SELECT coalesce(min(position), 0) FROM {schema}.positions WHERE consumer = '{consumer}'"
    )
    return int(found is not None and found >= seq)


async def _number(house: House, query: str) -> int | None:
    """None while the database is away."""
    try:
        return int(str((await asyncio.to_thread(house.query, query))[0][0]))
    except psycopg.Error:
        return None


async def _quiet(_: Exception) -> None:
    return
