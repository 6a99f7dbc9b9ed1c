"""A nats-server that lets in whoever has a key, and each to what is theirs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.credentials import Credentials
from chassis.database import role_of
from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from chassis.login import Login
from chassis.nats import Nats, NatsClient, connect_once
from chassis.provision import make_streams, provision_database
from cli import passwords
from cli.keyring import AUTHORIZATION_FILE, Keyring
from cli.provision import schemas
from contracts.catalogue import BUCKETS, STREAMS
from contracts.streams import inbox_of
from tests.real.eventually import eventually


class Guarded:
    """The server, and the keys of everyone."""

    def __init__(self, server: EmbeddedNats, keyring: Keyring) -> None:
        self.server = server
        self.keyring = keyring

    @property
    def url(self) -> str:
        return self.server.url

    def credentials(self, user: str) -> Credentials:
        return Credentials(self.keyring.seed_file(user), inbox=inbox_of(user))

    @asynccontextmanager
    async def client(self, user: str) -> AsyncIterator[NatsClient]:
        """One connection as `user`."""
        client = await connect_once(self.url, f"test-{user}", credentials=self.credentials(user))
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def trying(self, user: str) -> AsyncIterator["Tries"]:
        """A connection as `user` that hears of every refusal."""
        async with self.client(user) as client:
            tries = Tries(client)
            client._error_cb = tries.refuse
            yield tries

    async def connect(self, user: str, fatal: "Fatal") -> Nats:
        """As a service of that name connects."""
        nats = Nats(self.url, user, credentials=self.credentials(user), fatal=fatal)
        await nats.connect()
        return nats


class Tries:
    """What a client tried, and which of it the server refused."""

    def __init__(self, client: NatsClient) -> None:
        self.client = client
        self.refused: list[str] = []

    async def refuse(self, error: Exception) -> None:
        self.refused.append(str(error).rpartition(' to "')[2].rstrip('"'))

    async def all_refused(self, subjects: Collection[str]) -> None:
        """Wait until every one of these was refused."""
        await eventually(lambda: self._holds(subjects))

    async def _holds(self, subjects: Collection[str]) -> bool:
        await self.client.flush()
        return {subject.lower() for subject in subjects} <= set(self.refused)


class Fatal:
    """Counts how often the process would have been ended."""

    def __init__(self) -> None:
        self.times = 0

    class Stopped(Exception):
        """Instead of the end of the process."""

    def __call__(self) -> None:
        self.times += 1

    def and_stop(self) -> None:
        """Also get out of a connection that would be tried for ever."""
        self.times += 1
        raise self.Stopped

    async def happened(self) -> bool:
        return self.times > 0


def said(caplog: pytest.LogCaptureFixture, event: str) -> str:
    """What was logged under this name."""
    return "; ".join(record.__dict__["fields"]["what"] for record in caplog.records if record.getMessage() == event)


@pytest.fixture
def fatal() -> Fatal:
    return Fatal()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("guarded")
    keyring = Keyring(directory / "keys")
    keyring.make()
    server = EmbeddedNats(directory / "nats", more=keyring.directory / AUTHORIZATION_FILE)
    server.start()
    guarded = Guarded(server, keyring)
    asyncio.run(_provision(guarded))
    yield guarded
    server.stop()


async def _provision(guarded: Guarded) -> None:
    async with guarded.client("provisioning") as client:
        await make_streams(client.jetstream(), STREAMS, BUCKETS)


SignIn = Callable[[str], Login]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("passwords")
    passwords.make(made)
    return made


@pytest.fixture(scope="module")
def owner(postgres_server: EmbeddedPostgres, template_database: str, directory: Path) -> Iterator[str]:
    """The owner's url of a database that was provisioned with a password for each service."""
    name = sql.Identifier(f"logins_{uuid4().hex}")
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template_database)))
    url = make_conninfo(postgres_server.url, dbname=name.as_string().strip('"'))
    provision_database(url, schemas(), passwords.read(directory))
    yield url
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="module")
def sign_in(owner: str, directory: Path) -> SignIn:
    """How a service signs in."""
    return lambda service: Login(
        make_conninfo(owner, user=role_of(service), password=""), passwords.file_of(directory, service)
    )
