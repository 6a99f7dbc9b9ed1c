"""Peer: a FastStream subscriber with one transaction a message; the message is acknowledged after the commit.

By default as the documentation shows, one message after the other. With `AT_ONCE` above 1 it pulls so many
and handles them side by side, which loses their order: the counter row makes that harmless for this workload.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream import FastStream
from faststream.nats import JStream, NatsBroker, PullSub
from psycopg_pool import AsyncConnectionPool

from contracts.envelope import Envelope
from contracts.identifiers import month_of
from contracts.school import AbsenceReported
from contracts.streams import EVERY_PLACE

LEVELS = ((1, 4), (2, 10))
AT_ONCE = int(os.environ.get("AT_ONCE", "1"))

REMEMBER = """
INSERT INTO half_days (student_id, day, period, justified) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING true
"""
COUNT = """
INSERT INTO months (student_id, month, unjustified) VALUES (%s, %s, 1)
ON CONFLICT (student_id, month) DO UPDATE SET unjustified = months.unjustified + 1 RETURNING unjustified
"""
ALERT = """
INSERT INTO alerts (student_id, month, level, half_days) VALUES (%s, %s, %s, %s)
ON CONFLICT (student_id, month, level) DO UPDATE SET half_days = excluded.half_days
"""

broker = NatsBroker(os.environ["NATS_URL"], logger=None)  # its line a message would slow it down
pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=AT_ONCE, max_size=AT_ONCE, open=False)


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """The connections live as long as the application."""
    async with pool:
        yield


app = FastStream(broker, lifespan=lifespan)


@broker.subscriber(
    f"school.{EVERY_PLACE}.absence_reported",
    stream=JStream("SCHOOL", declare=False),
    durable="peer",
    pull_sub=PullSub(batch_size=AT_ONCE) if AT_ONCE > 1 else False,
)
async def on_absence(event: Envelope[AbsenceReported]) -> None:
    """Keep the half-day; when its month reaches a threshold, keep the alert."""
    absence = event.data
    student, day, month = absence.student_id, absence.half_day.date, month_of(absence.half_day.date)
    async with pool.connection() as connection:
        cursor = await connection.execute(REMEMBER, (student, day, absence.half_day.period, absence.justified))
        if absence.justified or not await cursor.fetchone():
            return
        cursor = await connection.execute(COUNT, (student, month))
        (half_days,) = await cursor.fetchone() or (0,)
        for level, threshold in LEVELS:
            if half_days >= threshold:
                await connection.execute(ALERT, (student, month, level, half_days))


if __name__ == "__main__":
    asyncio.run(app.run())
