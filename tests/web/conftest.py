"""The projections service as people and programs meet it: over HTTP, on real servers, without a browser."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import uvicorn
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.embedded import EmbeddedNats, EmbeddedPostgres, free_port
from chassis.nats import Nats
from chassis.provision import provision_streams
from chassis.service import Service
from cli.directory_bucket import load_directory
from cli.drain import Drain
from contracts.catalogue import BUCKETS, STREAMS
from contracts.envelope import Envelope
from services.projections import tokens
from services.projections.app import build
from services.projections.settings import ProjectionsSettings
from tests.real.eventually import eventually
from tests.unit.projections.given import message
from tests.web.parcours_population import parcours_told
from tests.web.population import ACTORS, SCHOOLS, told

SECRET = "a secret of thirty-two characters"


@dataclass
class House:
    """The running service."""

    url: str
    service: Service

    def browser(self, actor_id: str | None = None) -> httpx.AsyncClient:
        """A browser, signed in as somebody or not at all."""
        cookies = {"perseverance_session": tokens.issue(SECRET.encode(), actor_id)} if actor_id else {}
        return httpx.AsyncClient(base_url=self.url, cookies=cookies, timeout=30)

    def program(self, actor_id: str | None = None) -> httpx.AsyncClient:
        """A program with somebody's bearer token, or none."""
        headers = {"Authorization": f"Bearer {tokens.issue(SECRET.encode(), actor_id)}"} if actor_id else {}
        return httpx.AsyncClient(base_url=self.url + "/api/v1", headers=headers, timeout=30)

    async def tell(self, *envelopes: Envelope) -> None:  # type: ignore[type-arg]
        """Publish facts on their streams, and wait until they are in the read models."""
        for envelope in envelopes:
            one = message(envelope)
            await self.service.nats.js.publish(one.subject, one.data)
        await self.settled()

    async def settled(self) -> None:
        """Wait until every reader has read every partition of its stream."""
        assert not await Drain([self.service]).wait(30, (0.05, 0.2))


@contextlib.asynccontextmanager
async def opened(
    nats_url: str, postgres_url: str, *, demo: bool = True, secret_file: Path | None = None
) -> AsyncIterator[House]:
    """The service on a port of its own, with the directory loaded; `secret_file` holds SECRET."""
    settings = ProjectionsSettings(
        nats_url=nats_url,
        database_url=postgres_url,
        token_secret=None if secret_file else SECRET,  # type: ignore[arg-type]
        token_secret_file=secret_file,
        demo=demo,
    )
    # Before the service begins: it looks for another directory every other second only.
    nats = Nats(nats_url, "directory")
    await nats.connect()
    await load_directory(nats.js, SCHOOLS, ACTORS)
    await nats.close()
    service = build(settings)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(service.app(), port=port, log_config=None, timeout_graceful_shutdown=1))  # type: ignore[arg-type]
    serving = asyncio.create_task(server.serve())

    async def ready() -> bool:
        return server.started and not await service.not_ready()

    await eventually(ready)

    async def known() -> bool:
        async with House(f"http://127.0.0.1:{port}", service).program("mlds-31") as someone:
            return (await someone.get("/me")).status_code == 200

    await eventually(known)
    try:
        yield House(f"http://127.0.0.1:{port}", service)
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(scope="session")
def web_servers(
    postgres_server: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A NATS and a database for all the tests of the pages."""
    name = f"web_{uuid4().hex}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(template_database)))
    nats = EmbeddedNats(tmp_path_factory.mktemp("web-nats"))
    nats.start()
    asyncio.run(provision_streams(nats.url, STREAMS, BUCKETS))
    yield nats.url, make_conninfo(postgres_server.url, dbname=name)
    nats.stop()


@pytest.fixture(scope="session")
async def house(web_servers: tuple[str, str]) -> AsyncIterator[House]:
    """The service with the whole population in it. Tests that change something do it to pupils of their own."""
    async with opened(*web_servers) as house:
        await house.tell(*told(), *parcours_told())
        yield house
