"""What one synthetic school year weighs: `perseverance demo` plays it through the whole suite, then we look."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks.feed import connect
from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from cli.simulate import YEAR
from cli.simulator.academy import Academy, build
from cli.simulator.traffic import school_year
from contracts.catalogue import SERVICES, STREAMS

_PUPILS_PER_SCHOOL = 100
_HALF_HOUR = timedelta(minutes=30)
_WINDOW = 4  # half-hours: facts of a morning arrive in two hours
_TABLES = """
SELECT schemaname, sum(n_live_tup), sum(pg_total_relation_size(relid))
FROM pg_stat_user_tables WHERE schemaname = ANY(%s) GROUP BY schemaname
"""
_LOGS = """
SELECT (SELECT count(*) FROM intake.ledger), (SELECT count(*) FROM alerts.stored_events),
       (SELECT count(*) FROM parcours.stored_events), (SELECT count(*) FROM notifications.stored_events)
"""


@dataclass
class Held:
    """Messages of a stream, or rows of a schema, and the bytes they take on disk."""

    number: int
    size: int


@dataclass
class Year:
    """The year of `pupils`: what each stream and each schema holds at its end, and what a log recorded."""

    pupils: int
    events: int
    streams: dict[str, Held]
    schemas: dict[str, Held]
    logs: dict[str, int]
    alerts: int
    mails: int


@dataclass
class Peaks:
    """Facts for each pupil: on the first day, on the busiest other day, and in the busiest two hours of any day."""

    first_day: float
    busiest_day: float
    busiest_two_hours: float


def play(directory: Path, pupils: int, seed: int) -> Year:
    """Play it and weigh it. Raises CalledProcessError when the suite does not come up or does not keep up."""
    report = directory / "year.json"
    schools = max(1, pupils // _PUPILS_PER_SCHOOL)
    size = ("--students", str(pupils), "--schools", str(schools), "--seed", str(seed))
    place = ("--data", str(directory / "suite"), "--port", "0", "--report", str(report))
    command = [sys.executable, "-m", "cli.main", "demo", "--once", *size, *place]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    said = json.loads(report.read_text())
    with _servers(directory / "suite") as (nats_url, postgres_url):
        schemas, logs = _weigh_schemas(postgres_url)
        return Year(
            pupils=pupils,
            events=said["events"],
            streams=asyncio.run(_weigh_streams(nats_url)),
            schemas=schemas,
            logs=logs,
            alerts=said["alerts_level1"] + said["alerts_level2"],
            mails=said["mails_sent"],
        )


@contextmanager
def _servers(data: Path) -> Iterator[tuple[str, str]]:
    """The servers of a suite that is stopped."""
    nats, postgres = EmbeddedNats(data / "nats"), EmbeddedPostgres(data / "postgres")
    try:
        yield nats.start(), postgres.start()
    finally:
        nats.stop()
        postgres.stop()


async def _weigh_streams(url: str) -> dict[str, Held]:
    client = await connect(url)
    js = client.jetstream()
    states = {spec.name: (await js.stream_info(spec.name)).state for spec in STREAMS}
    await client.close()
    return {name: Held(state.messages, state.bytes) for name, state in states.items()}


def _weigh_schemas(url: str) -> tuple[dict[str, Held], dict[str, int]]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        found = connection.execute(_TABLES, (list(SERVICES),)).fetchall()
        (logs,) = connection.execute(_LOGS).fetchall()
    schemas = {schema: Held(int(rows), int(size)) for schema, rows, size in found}
    return schemas, dict(zip(("intake", "alerts", "parcours", "notifications"), map(int, logs), strict=True))


def peaks(pupils: int, seed: int) -> Peaks:
    """From the simulator's own rates (rules NAT-02, NAT-03), without playing anything."""
    year = school_year(_academy(pupils, seed))
    days = [[event for events in day.by_school.values() for event in events] for day in year]
    first, *others = days
    busiest = max(_two_hours([event.time for event in day]) for day in others if day)
    return Peaks(len(first) / pupils, max(map(len, others)) / pupils, busiest / pupils)


def _academy(pupils: int, seed: int) -> Academy:
    return build(max(1, pupils // _PUPILS_PER_SCHOOL), pupils, seed, YEAR)


def _two_hours(moments: list[datetime]) -> int:
    """The most that fall into two hours, half-hour by half-hour, late ones at the time of day they carry."""
    halves = Counter((moment.hour * 60 + moment.minute) // 30 for moment in moments)
    return max(sum(halves[start + n] for n in range(_WINDOW)) for start in range(48))
