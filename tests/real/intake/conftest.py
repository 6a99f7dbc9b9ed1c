"""The real door: intake's service on real servers, reached over HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx
import psycopg
import pytest
import uvicorn
from psycopg.conninfo import make_conninfo

from chassis.clock import FixedClock
from chassis.database import Database
from chassis.embedded import EmbeddedNats, EmbeddedPostgres, free_port
from chassis.nats import Nats
from chassis.provision import provision_streams
from chassis.service import Service
from cli.directory_bucket import load_directory
from contracts.catalogue import BUCKETS, STREAMS
from services.intake import senders
from services.intake.app import build
from services.intake.application import Intake
from services.intake.calendar import SchoolCalendar
from services.intake.senders import Sender
from services.intake.settings import IntakeSettings
from tests.unit.intake.given import NOW, SCHOOLS


class Schools:
    """A directory that never changes."""

    def find(self, uais):
        return {uai: SCHOOLS[uai] for uai in uais if uai in SCHOOLS}


@dataclass
class Running:
    """A running intake."""

    service: Service
    http: httpx.AsyncClient
    key: str

    async def post(self, content: bytes, media: str = "application/cloudevents+json", **headers: str) -> httpx.Response:
        given = {"Authorization": f"Bearer {self.key}", "Content-Type": media} | headers
        return await self.http.post("/events", content=content, headers=given)

    async def batch(self, content: bytes) -> list[dict]:
        answer = await self.post(content, "application/cloudevents-batch+json")
        assert answer.status_code == 202, answer.text
        return answer.json()["verdicts"]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url, "intake")
    yield database
    database.close()


@pytest.fixture
def intake(database: Database, clock: FixedClock) -> Intake:
    """The application alone, on the database."""
    return Intake(database, clock, Schools(), CALENDAR)


CALENDAR = SchoolCalendar(IntakeSettings(nats_url="nats://none", database_url="postgresql://").first_day)


@pytest.fixture
def sender() -> Sender:
    return Sender("vs")


@pytest.fixture
async def nats(nats_url: str) -> AsyncIterator[Nats]:
    connection = Nats(nats_url, "test", fatal=lambda: None)
    await connection.connect()
    yield connection
    await connection.close()


@pytest.fixture
async def directory(nats: Nats) -> None:
    await load_directory(nats.js, SCHOOLS.values(), [])


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(nats_url: str, postgres_url: str, now: datetime = NOW, **settings: object) -> AsyncIterator[Service]:
    """Intake, listening on `settings.port`."""
    given = IntakeSettings(nats_url=nats_url, database_url=postgres_url, port=free_port(), **settings)
    service = build(given, FixedClock(now))
    server = _Server(uvicorn.Config(service.app(), port=given.port, log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    try:
        while not server.started or await service.not_ready():
            assert not task.done(), task
            await asyncio.sleep(0.01)
        yield service
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def reached(service: Service, key: str) -> AsyncIterator[Running]:
    url = f"http://127.0.0.1:{service.settings.port}"
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        yield Running(service, http, key)


@pytest.fixture
async def running(directory: None, nats_url: str, postgres_url: str, database: Database) -> AsyncIterator[Running]:
    """An intake of the test's own."""
    with database.transaction() as tx:
        key = senders.add(tx, "vs", None)
    async with serving(nats_url, postgres_url) as service, reached(service, key) as found:
        yield found


@pytest.fixture(scope="module")
def shared_database(postgres_server: EmbeddedPostgres, template_database: str) -> Iterator[Database]:
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE intake_shared TEMPLATE {template_database}")
    database = Database(make_conninfo(postgres_server.url, dbname="intake_shared"), "intake")
    yield database
    database.close()
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE intake_shared WITH (FORCE)")


@pytest.fixture(scope="module")
async def shared_service(
    shared_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Service, EmbeddedNats]]:
    server = EmbeddedNats(tmp_path_factory.mktemp("nats"))
    server.start()
    try:
        await provision_streams(server.url, STREAMS, BUCKETS)
        async with serving(server.url, shared_database.url) as service:
            yield service, server
    finally:
        server.stop()


@pytest.fixture
async def shared(shared_service: tuple[Service, EmbeddedNats], shared_database: Database) -> AsyncIterator[Running]:
    """An intake that the tests of a module share, as if nothing had been sent yet; its streams are not emptied."""
    service, server = shared_service
    with shared_database.transaction() as tx:
        for table in ("ledger", "register", "senders", "refusals"):
            tx.execute(f"DELETE FROM {table}")
        key = senders.add(tx, "vs", None)
    client = Nats(server.url, "test", fatal=lambda: None)
    await client.connect()
    await load_directory(client.js, SCHOOLS.values(), [], replace=True)
    async with reached(service, key) as found:
        yield found
    await client.close()
