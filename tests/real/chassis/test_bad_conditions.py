"""A service that cannot work says what is wrong and how to mend it, and begins by itself once it is mended."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from chassis.provision import provision_streams
from chassis.service import Service
from chassis.settings import Settings
from chassis.source import Source
from contracts.streams import StreamSpec
from tests.real.chassis.trial import SOURCE, TABLES, TRIAL, Keep, Numbers, Trial
from tests.real.eventually import eventually

SECRET = "ZZ-CANARY-ZZ"


@asynccontextmanager
async def serving(
    nats_url: str,
    database_url: str,
    log: Numbers | None = None,
    stream: StreamSpec = TRIAL,
    *,
    reader: str = "",
    source: Source = SOURCE,
    member: str = "one",
) -> AsyncIterator[Service]:
    """A service that reads TRIAL, and publishes `log` on it; those of the same `reader` are replicas."""
    service = Service(TABLES, Settings(nats_url=nats_url, database_url=database_url, member=member), streams=[stream])
    service.reader(reader or f"reader-{uuid4().hex[:8]}", source, Keep())
    service.relay(TRIAL.name, log or Numbers(0))
    stop = asyncio.Event()

    async def serve() -> None:
        async with service.app().start_lifespan_context():
            await stop.wait()

    task = asyncio.create_task(serve())
    try:
        yield service
    finally:
        stop.set()
        await task


async def says(service: Service, *words: str) -> str:
    """Wait for a line that holds all these words."""

    async def line() -> str:
        lines = await service.not_ready()
        assert SECRET not in str(lines)
        return next((each for each in lines if all(word in each for word in words)), "")

    return await eventually(line)


async def is_ready(service: Service) -> None:
    async def ready() -> bool:
        return not await service.not_ready()

    await eventually(ready)


async def test_without_jetstream(trial_database: str, tmp_path: Path) -> None:
    server = EmbeddedNats(tmp_path / "nats")
    without = _without_jetstream(server)
    async with serving(server.url, trial_database) as service:
        await says(service, "JetStream does not", "`-js`")
        without.terminate()
        without.wait()
        await asyncio.to_thread(server.start)
        await provision_streams(server.url, [TRIAL], [])
        await is_ready(service)
    server.stop()


def _without_jetstream(server: EmbeddedNats) -> "subprocess.Popen[bytes]":
    from chassis.embedded import _answers, _nats_binary, _wait

    process = subprocess.Popen([_nats_binary(), "-a", "127.0.0.1", "-p", str(server.port)], stderr=subprocess.DEVNULL)
    _wait(lambda: _answers(server.port), "nats-server", server.directory)
    return process


async def test_a_stream_that_is_missing(trial: Trial, trial_nats: EmbeddedNats) -> None:
    admin = await trial.connect()
    await admin.js.delete_stream(TRIAL.name)
    async with serving(trial.nats_url, trial.database_url) as service:
        await says(service, "stream TRIAL is missing", "run `perseverance provision`")
        assert not service.started.is_set()
        await provision_streams(trial.nats_url, [TRIAL], [])
        await is_ready(service)
    await admin.close()


async def test_a_stream_somebody_changed_by_hand_while_it_runs(trial: Trial) -> None:
    admin = await trial.connect()
    async with serving(trial.nats_url, trial.database_url) as service:
        await is_ready(service)
        changed = (await admin.js.stream_info(TRIAL.name)).config
        changed.max_bytes = 1_000_000
        await admin.js.update_stream(changed)
        await says(service, "stream TRIAL: max_bytes is not as declared", "run `perseverance provision`")
        await provision_streams(trial.nats_url, [TRIAL], [])
        await is_ready(service)
    await admin.close()


async def test_a_database_that_is_missing(trial: Trial) -> None:
    missing = f"trial_{uuid4().hex}"
    template = psycopg.conninfo.conninfo_to_dict(trial.database_url)["dbname"]
    async with serving(trial.nats_url, make_conninfo(trial.database_url, dbname=missing)) as service:
        await says(service, "the database that DATABASE_URL names is missing")
        with psycopg.connect(make_conninfo(trial.database_url, dbname="postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{missing}" TEMPLATE "{template}"')  # type: ignore[arg-type]
        await is_ready(service)


@pytest.mark.long
async def test_a_database_that_was_away_from_a_replica_that_holds_nothing(trial: Trial) -> None:
    """Of what has one partition one replica has nothing to do, and so nothing to do well: it is well all the same."""
    replicas = [f"u{uuid4().hex}" for _ in range(2)]
    name, as_one = f"reader-{uuid4().hex[:8]}", Source.plain(TRIAL.name, f"{SOURCE.root}.*.*")
    async with AsyncExitStack() as stack:
        services = {}
        for user in replicas:
            trial.do(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{SECRET}'")
            url = make_conninfo(trial.database_url, user=user, password=SECRET)
            replica = serving(trial.nats_url, url, reader=name, source=as_one, member=user)
            services[user] = await stack.enter_async_context(replica)
        await asyncio.gather(*map(is_ready, services.values()))

        async def idle() -> str:
            return next((user for user, service in services.items() if service.relays[0].published is None), "")

        user = await eventually(idle)
        trial.do(f"ALTER ROLE {user} NOLOGIN")
        trial.do(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'")
        await says(services[user], f"{TRIAL.name}: PostgreSQL")
        trial.do(f"ALTER ROLE {user} LOGIN")
        await is_ready(services[user])
    for user in replicas:
        trial.do(f"DROP ROLE {user}")


async def test_a_user_nobody_knows(trial: Trial) -> None:
    unknown = f"u{uuid4().hex}"
    async with serving(trial.nats_url, make_conninfo(trial.database_url, user=unknown, password=SECRET)) as service:
        # Where a password is asked for, the server does not tell a wrong one from somebody it does not know.
        await says(service, "refuses the password, or does not know the user")
        trial.do(f"CREATE ROLE {unknown} LOGIN SUPERUSER PASSWORD '{SECRET}'")
        await is_ready(service)
    trial.do(f"DROP ROLE {unknown}")


async def test_jetstream_without_room(trial_database: str, tmp_path: Path) -> None:
    server = EmbeddedNats(tmp_path / "nats")
    await asyncio.to_thread(server.start)
    small = _rewrite(server, "sync_interval", "max_file_store: 64KB, sync_interval")
    await provision_streams(server.url, [TRIAL], [])
    log = Numbers(3_000)
    async with serving(server.url, trial_database, log) as service:
        await says(service, "TRIAL: JetStream has no room left", "max_file_store")
        _rewrite(server, small, "sync_interval")
        await is_ready(service)
    server.stop()


def _rewrite(server: EmbeddedNats, old: str, new: str) -> str:
    """Start it again with another line in its configuration."""
    server.stop()
    config = server.directory / "nats.conf"
    text = config.read_text().replace(old, new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", lambda self, _: self.write_bytes(text.encode()))
        server.start()
    return new


_FULL = """
CREATE FUNCTION trial.full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_volume BEFORE INSERT ON trial.effects FOR EACH STATEMENT EXECUTE FUNCTION trial.full();
"""


async def test_postgresql_without_room(trial: Trial) -> None:
    """What the server answers when it cannot extend a table: reading works, committing does not. (A volume that is
    really full is among the experiments of `make chaos`.)"""
    log = Numbers(0)
    async with serving(trial.nats_url, trial.database_url, log) as service:
        await is_ready(service)
        trial.do(_FULL)
        log.last = 100
        await says(service, "PostgreSQL has no room left", "volume")
        trial.do("DROP TRIGGER full_volume ON effects")
        await trial.until_effects(100)
        await is_ready(service)


async def test_a_wrong_password(trial: Trial, postgres_server: EmbeddedPostgres) -> None:
    """The server asks for one only where its pg_hba.conf says so: for this user alone."""
    user = f"p{uuid4().hex}"
    hba = postgres_server.directory / "pg_hba.conf"
    before = hba.read_text()
    trial.do(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD 'right'")
    hba.write_text(f"local all {user} scram-sha-256\n{before}")
    trial.rows("SELECT pg_reload_conf()")
    try:
        url = make_conninfo(trial.database_url, user=user, password=SECRET)
        async with serving(trial.nats_url, url) as service:
            await says(service, "PostgreSQL refuses the password")
            trial.do(f"ALTER ROLE {user} PASSWORD '{SECRET}'")
            await is_ready(service)
    finally:
        hba.write_text(before)
        trial.rows("SELECT pg_reload_conf()")
