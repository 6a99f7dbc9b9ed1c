"""A school, those in charge of it and a pupil whose every personal field is a canary; a suite that watches them."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from chassis.nats import Nats, NatsClient
from chassis.service import Service
from cli.directory_bucket import load_directory, until_known
from cli.errands import errand
from cli.runtime import Suite
from cli.wiring import connected
from contracts.directory import Actor, Role, School, SchoolType
from contracts.envelope import BATCH_CONTENT_TYPE
from contracts.incoming import EnrolStudent, ReportAbsence
from contracts.permissions import LOADER
from services.intake import senders
from services.projections import tokens
from tests.real.cli.running import Up

UAI = "0310000G"
SOURCE = f"vie-scolaire/{UAI}"
INE, OTHER_INE = "987654321ZZ", "987654322ZZ"
NAME, FIRST, BORN = "ZZCANARILASTZZ", "ZZCANARIFIRSTZZ", "2009-02-27"
MAILBOX = "zzcanarimailboxzz"
FREE, ELSEWHERE = "ZZCANARIMOTIFZZ", "ZZCANARIZZ"
OF_PUPILS = (INE, OTHER_INE, NAME, FIRST, BORN, FREE, ELSEWHERE)
OWN_TRACE, REQUEST_TRACE = "a1" * 16, "c3" * 16
"""What the school's system traces itself: of one event, and of a whole request."""
EVERY_CANARY = (*OF_PUPILS, MAILBOX, OWN_TRACE, REQUEST_TRACE)
DAYS = ("2025-10-06", "2025-10-07")

_SCHOOL = School(uai=UAI, name="Lycée Les Coteaux", type=SchoolType.LGT, department="031", network="R1")
ACTORS = [
    Actor(
        id=f"{role.lower()}-1",
        name="Camille Dupont",
        email=f"{MAILBOX}.{role.lower()}@example.org",
        role=role,
        territory=territory,
    )
    for role, territory in ((Role.CHEF_ETAB, UAI), (Role.CPE, UAI), (Role.COORD_MLDS, "R1"))
]
HEAD = ACTORS[0]


def event(kind: type[Any], event_id: str, **data: Any) -> dict[str, Any]:
    """An event as a school system writes it."""
    said = {"ine": INE, "uai": UAI} | data
    return {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": kind.TYPE, "data": said}


def enrolment(event_id: str, **data: Any) -> dict[str, Any]:
    return event(EnrolStudent, event_id, last_name=NAME, first_name=FIRST, birth_date=BORN, **data)


def absences(prefix: str, count: int, **data: Any) -> list[dict[str, Any]]:
    """So many unjustified half-days in a row."""
    slots = [(day, period) for day in DAYS for period in ("MORNING", "AFTERNOON")][:count]
    return [
        event(ReportAbsence, f"{prefix}-{n}", date=day, period=period, **data)
        for n, (day, period) in enumerate(slots, 1)
    ]


def traceparent(trace: str) -> str:
    """As the school's system says what it traces."""
    return f"00-{trace}-{'b2' * 8}-01"


@dataclass
class Watched:
    """A running suite with the school in its directory, and ways in."""

    suite: Up
    found: Suite
    services: list[Service]
    key: str
    http: httpx.AsyncClient
    token: str

    @property
    def nats(self) -> Nats:
        """With the operators' key: everything may be read."""
        return self.services[0].nats

    def acting_as(self, user: str) -> AbstractAsyncContextManager[NatsClient]:
        """Connected to NATS with another key of the suite."""
        return errand(self.found, user)

    async def send(self, events: list[dict[str, Any]], key: str = "", **more: str) -> httpx.Response:
        """By the HTTP door."""
        headers = {"authorization": f"Bearer {key or self.key}", "content-type": BATCH_CONTENT_TYPE} | more
        return await self.http.post("/events", content=json.dumps(events), headers=headers)

    async def api(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As the head of the school."""
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.http.request(method, f"/api/v1{path}", headers=headers, **more)


@asynccontextmanager
async def watching(suite: Up) -> AsyncIterator[Watched]:
    found = Suite.find(suite.data, {})
    async with (
        connected(found) as services,
        httpx.AsyncClient(base_url=suite.url, trust_env=False, timeout=60) as http,
    ):
        async with errand(found, LOADER) as client:
            await until_known(await load_directory(client.jetstream(), [_SCHOOL], ACTORS))
        with services[0].database.transaction() as tx:
            key = senders.add(tx, "vs", None)
        token = tokens.issue(found.secrets()["PERSEVERANCE_TOKEN_SECRET"].encode(), HEAD.id)
        yield Watched(suite, found, services, key, http, token)


def log_of(watched: Watched, service: str) -> list[dict[str, Any]]:
    """The lines of a service's log."""
    path: Path = watched.suite.data / "log" / f"{service}.log"
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
