"""From the publish of an event to the commit of its row, at a steady rate.

Every measured event is the fourth unjustified half-day of another pupil, so every one raises an alert. A
trigger on the read model tells us of each new row: PostgreSQL delivers the notice after the commit, and its
cost is on us. The publisher is a process of its own; both read the machine's monotonic clock.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from operator import attrgetter

import psycopg
import uvloop

from benchmarks.contenders import READ_MODEL, SERVICE_MODULES, at_the_line, fill_school, provision
from benchmarks.disk import Disk
from benchmarks.engines import Engines
from benchmarks.workload import FIRST_DAY, LAST_DAY, Absence, instant_of, student_id, uai_of
from chassis.nats import Nats
from chassis.relay import PACE_S
from chassis.window import LARGEST, Outgoing, send
from contracts.catalogue import SCHOOL
from tests.school_days import half_days

_WARM_UP = 0.1  # of the events: connections, plans and caches are not what is measured
_LIMIT_S = 60
_THIRD_SEEN = "SELECT count(*) FROM projections.approaching WHERE level = 1"
_TRIGGER = f"""
CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('raised', NEW.student_id::text); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT ON {READ_MODEL} FOR EACH ROW EXECUTE FUNCTION public.tell();
"""


@dataclass(frozen=True)
class Latency:
    """In milliseconds, over `events` sent at `rate` a second (as really achieved).

    Of several rounds, the one with the median `p99`; `p99s` has that of each, in order. `disk`: the longest that the
    disk kept somebody waiting meanwhile who only writes a few bytes; `disks` of each round.
    """

    p50: float
    p99: float
    worst: float
    events: int
    rate: float
    disk: float
    p99s: tuple[float, ...] = ()
    disks: tuple[float, ...] = ()


def _absences(pupils: int, number: int) -> list[Absence]:
    """The `number`-th unjustified half-day (from 0) of each pupil, all in one month."""
    day, period = list(half_days(FIRST_DAY, LAST_DAY))[number]
    return [
        Absence(f"latency-{number}-{n}", student_id(n), uai_of(n), day, period, False, instant_of(day, period))
        for n in range(pupils)
    ]


def measure_again(engines: Engines, seconds: float, rounds: int) -> Latency:
    """Several rounds, an odd number, each with streams and a database of its own: a few stalls decide about a p99."""
    all_of_them = [measure(engines, seconds, name=f"latency_{number}") for number in range(rounds)]
    middle = sorted(all_of_them, key=attrgetter("p99"))[rounds // 2]
    p99s, disks = (tuple(getattr(each, name) for each in all_of_them) for name in ("p99", "disk"))
    return replace(middle, p99s=p99s, disks=disks)


def measure(
    engines: Engines, seconds: float, rate: int = 1000, *, name: str = "latency", synced: bool = False
) -> Latency:
    """Bring every pupil to three half-days, then send the fourths at `rate` a second for `seconds`.

    `name`: of the database. `synced`: with streams that are on the disk before they answer.
    """
    pupils = int(rate * seconds)
    database_url = provision(engines, name, synced=synced)
    fill_school(engines, [absence for number in range(3) for absence in _absences(pupils, number)])
    with (
        at_the_line(engines, database_url, SERVICE_MODULES) as services,
        psycopg.connect(database_url, autocommit=True) as connection,
    ):
        for service in services:
            service.go()
        _until(connection, _THIRD_SEEN, pupils)
        # What was written by the ten thousand to get here, or by what was measured before, is not what is measured.
        connection.execute("CHECKPOINT")
        os.sync()
        connection.execute(_TRIGGER)
        connection.execute("LISTEN raised")
        ours, theirs = multiprocessing.Pipe()
        publisher = multiprocessing.get_context("spawn").Process(
            target=_publish, args=(engines.nats_url, _absences(pupils, 3), rate, synced, theirs)
        )
        seen: dict[str, float] = {}
        with Disk(engines.directory) as disk:
            publisher.start()
            for notice in connection.notifies(timeout=seconds + _LIMIT_S):
                seen[notice.payload] = time.monotonic()
                if len(seen) == pupils:
                    break
        sent: dict[str, float] = ours.recv()
        publisher.join()
    if len(seen) != pupils:
        raise RuntimeError(f"{pupils - len(seen)} of {pupils} rows never came")
    return _summary(sent, seen, disk.worst)


def _until(connection: psycopg.Connection[tuple[int]], query: str, awaited: int) -> None:
    limit = time.monotonic() + _LIMIT_S
    while connection.execute(query).fetchone() != (awaited,):
        if time.monotonic() > limit:
            raise RuntimeError("the services did not take in what comes before")
        time.sleep(0.1)


def _summary(sent: dict[str, float], seen: dict[str, float], disk: float) -> Latency:
    order = list(sent)
    measured = order[int(len(order) * _WARM_UP) :]
    delays = sorted((seen[pupil] - sent[pupil]) * 1000 for pupil in measured)
    lasted = sent[measured[-1]] - sent[measured[0]]
    return Latency(
        p50=round(_percentile(delays, 50), 1),
        p99=round(_percentile(delays, 99), 1),
        worst=round(delays[-1], 1),
        events=len(delays),
        rate=round(len(delays) / lasted, 1),
        disk=disk,
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _publish(nats_url: str, absences: list[Absence], rate: int, batches: bool, answer: Connection) -> None:
    """In its own process: send each at its time; answer with when each was due."""
    answer.send(uvloop.run(_send_all(nats_url, absences, rate, batches)))


async def _send_all(nats_url: str, absences: list[Absence], rate: int, batches: bool) -> dict[str, float]:
    """As intake's relay does: whatever is due goes out at once, as one window, while the one before is written."""
    nats = Nats(nats_url, "latency")
    await nats.connect()
    last = (await nats.js.stream_info(SCHOOL.name)).state.last_seq
    messages = [Outgoing(last + n, each.subject, each.to_json()) for n, each in enumerate(absences, 1)]
    await asyncio.sleep(0.5)
    begin, done = time.monotonic(), 0
    under_way: asyncio.Future[int] | None = None
    while done < len(messages):
        await asyncio.sleep(PACE_S)
        due = min(int((time.monotonic() - begin) * rate), len(messages), done + LARGEST)
        if due == done:
            continue
        window = asyncio.ensure_future(await send(nats, messages[done:due], last, batches=batches))
        if under_way:
            await under_way
        under_way, last, done = window, last + due - done, due
    if under_way:
        await under_way
    await nats.close()
    # Counted from the moment each was due, so that being late to send it counts against us.
    return {str(absence.student): begin + (n + 1) / rate for n, absence in enumerate(absences)}
