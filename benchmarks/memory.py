"""The most memory a service holds with a long backlog before it. Alerts and projections are weighed in the race."""

import asyncio
import json
import time
from dataclasses import dataclass

import psycopg

from benchmarks.contenders import at_the_line, provision
from benchmarks.engines import Engines
from benchmarks.feed import connect, fill
from benchmarks.process import Contender
from benchmarks.workload import Absence, Workload, uai_of
from chassis.database import Database
from contracts.catalogue import DIRECTORY, INTAKE
from contracts.directory import School, SchoolType
from contracts.incoming import ReportAbsence
from services.intake import senders

_SENDER = "benchmark"
RAW_SUBJECT = f"intake.raw.{_SENDER}"
INTAKE_MODULES = {"services.intake": ("services.intake.app",)}
_EVERY_S = 0.5


@dataclass(frozen=True)
class Weighed:
    """`handled` of `backlog` messages were read in the time there was; peak resident memory in MB."""

    backlog: int
    handled: int
    peak_mb: float


def intake(engines: Engines, workload: Workload, limit_s: float) -> Weighed:
    """Intake in front of a full INTAKE stream: absences as a school sends them."""
    database_url = before_the_door(engines, workload, "memory_intake")
    with at_the_line(engines, database_url, INTAKE_MODULES) as (service,):
        return _weigh(service, database_url, "intake", workload.events, limit_s)


def before_the_door(engines: Engines, workload: Workload, name: str) -> str:
    """A sender that may speak, its schools, and all of `workload` on INTAKE; the url of the database."""
    database_url = provision(engines, name)
    open_door(database_url)
    asyncio.run(open_schools(engines.nats_url, workload.pupils))
    asyncio.run(fill(engines.nats_url, INTAKE.name, ((RAW_SUBJECT, raw(absence)) for absence in workload)))
    return database_url


def open_door(database_url: str) -> None:
    """Make the sender known."""
    database = Database(database_url, "intake", pool_size=1)
    with database.transaction() as tx:
        senders.add(tx, _SENDER, None)
    database.close()


def notifications(engines: Engines, database_url: str, backlog: int, limit_s: float) -> Weighed:
    """Notifications in front of the ALERTS stream that is there, with a directory and no mail relay."""
    schools = 1 + max(1, backlog // 1000)
    asyncio.run(open_schools(engines.nats_url, schools * 500))
    modules = {"services.notifications": ("services.notifications.app",)}
    with at_the_line(engines, database_url, modules) as (service,):
        return _weigh(service, database_url, "notifications", backlog, limit_s)


def _weigh(service: Contender, database_url: str, schema: str, backlog: int, limit_s: float) -> Weighed:
    service.go()
    limit, handled = time.monotonic() + limit_s, 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        while handled < backlog and time.monotonic() < limit:
            time.sleep(_EVERY_S)
            service.check()
            row = connection.execute(f"SELECT coalesce(max(position), 0) FROM {schema}.positions").fetchone()
            handled = int(row[0]) if row else 0
    return Weighed(backlog, handled, round(service.peak_mb(), 1))


async def open_schools(url: str, pupils: int) -> None:
    """Put every school of so many pupils in the directory."""
    client = await connect(url)
    bucket = await client.jetstream().key_value(DIRECTORY.name)
    for uai in sorted({uai_of(number) for number in range(0, pupils, 100)}):
        school = School(uai=uai, name=f"Lycée {uai}", type=SchoolType.LP, department="031", network=f"R{uai[4:6]}")
        await bucket.put(f"school.{uai}", school.model_dump_json().encode())
    await client.close()


def ine_of(absence: Absence) -> str:
    """The made-up INE of the pupil."""
    return f"{absence.student.int % 10**9:09d}ZZ"


def raw(absence: Absence) -> bytes:
    """The event as the school writes it; a made-up INE stands for the pupil."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": absence.id,
            "source": absence.source,
            "type": ReportAbsence.TYPE,
            "time": absence.time.isoformat(),
            "data": {
                "ine": ine_of(absence),
                "uai": absence.uai,
                "date": absence.day.isoformat(),
                "period": absence.period,
                "justified": absence.justified,
            },
        }
    ).encode()
