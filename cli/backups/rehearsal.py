"""A rehearsal: the backup is put back on servers of its own, streams and read models are made again, all is compared.

Nothing of the live suite is touched, and no mail can leave: of the services put together here only relays and the
readers of the read models run.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nats.js.errors import NotFoundError

from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from chassis.login import Login
from chassis.relay import Relay
from chassis.service import Service
from cli.backups.manifest import Manifest, Table, Tail, connect, content, tables
from cli.backups.putting_back import check, put_back_database, put_back_the_rest
from cli.backups.taking import Tell, tails
from cli.drain import Drain
from cli.errors import CliError
from cli.runtime import Suite
from cli.wiring import connected
from contracts.catalogue import REGISTER, STREAMS
from services.projections.catalogue import READ_MODELS
from services.projections.rebuilding import Rebuild

_PAGE = 1000
_READ_LIMIT_S = 3600


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was compared: what was saved, what was found."""

    what: str
    saved: str
    found: str

    @property
    def same(self) -> bool:
        """Whether nothing was lost on the way."""
        return self.saved == self.found


async def rehearse(directory: Path, scratch: Path, secrets_file: Path | None, tell: Tell) -> list[Line]:
    """Put the backup in `directory` back under `scratch` and compare. Raises CliError when it cannot be put back."""
    manifest = await asyncio.to_thread(check, directory, tell)
    postgres, nats = EmbeddedPostgres(scratch / "postgres"), EmbeddedNats(scratch / "nats")
    try:
        tell("starting servers of its own")
        database_url = await asyncio.to_thread(postgres.start)
        nats_url = await asyncio.to_thread(nats.start)
        await asyncio.to_thread(put_back_database, Login(database_url), directory, tell)
        tell("comparing tables")
        lines = await asyncio.to_thread(_compare_tables, Login(database_url), manifest)
        suite = Suite(scratch, nats_url, database_url, secrets_file=secrets_file)
        await put_back_the_rest(suite, directory, tell)
        async with connected(suite) as services:
            return lines + await _make_again(services, suite, manifest, tell)
    finally:
        await asyncio.to_thread(nats.stop)
        await asyncio.to_thread(postgres.stop)


def _compare_tables(login: Login, manifest: Manifest) -> list[Line]:
    schemas = sorted({name.partition(".")[0] for name in manifest.tables})
    with connect(login) as connection:
        found = tables(connection, schemas)
    nothing = Table(0, "no such table")
    return [
        Line(f"table {name}", _say(saved), _say(found.get(name, nothing))) for name, saved in manifest.tables.items()
    ]


def _say(table: Table) -> str:
    return f"{table.rows} rows, {table.digest}"


async def _make_again(services: Sequence[Service], suite: Suite, manifest: Manifest, tell: Tell) -> list[Line]:
    tell("filling the streams from the stores")
    async with _running([relay for service in services for relay in service.relays]) as relays:
        for relay in relays:
            await _until_published(relay)
    regrown = await tails(services)
    lines = [await _compare_stream(services[0], name, saved, regrown) for name, saved in manifest.streams.items()]
    tell("reading what the read models had not read")
    projections = next(service for service in services if service.name == "projections")
    running = [asyncio.create_task(reader.run()) for reader in projections.readers]
    try:
        if behind := await Drain([projections]).wait(_READ_LIMIT_S):
            raise CliError(f"the read models were not brought up to date ({behind[0]})", "look at its quarantine")
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    before = await asyncio.to_thread(_read_models, suite.login)
    for model in READ_MODELS:
        tell(f"building the read model {model.name} anew")
        await Rebuild(model, projections.nats, suite.database_url).run()
    after = await asyncio.to_thread(_read_models, suite.login)
    return lines + [Line(f"read model {name}", _say(table), _say(after[name])) for name, table in before.items()]


@contextlib.asynccontextmanager
async def _running(relays: Sequence[Relay]) -> AsyncIterator[Sequence[Relay]]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield relays
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until_published(relay: Relay) -> None:
    """Wait until the stream holds everything its log does."""
    while True:
        _, after = await relay.tail()
        page = await asyncio.to_thread(relay.log.read, after, _PAGE)
        while not page.messages and page.more:
            page = await asyncio.to_thread(relay.log.read, page.scanned_to, _PAGE)
        if not page.messages:
            return
        await asyncio.sleep(0.1)


async def _compare_stream(service: Service, name: str, saved: Tail, regrown: dict[str, Tail]) -> Line:
    """The same message at the same place: the log before it then made the same messages.

    REGISTER keeps one message a pupil, so places change; its messages are counted. What was recorded between the two
    looks may have made it longer.
    """
    spec = next(stream for stream in STREAMS if stream.name == name)
    if spec is REGISTER:
        enough = max(saved.messages, regrown[name].messages)
        return Line(f"stream {name}", f"{enough} pupils", f"{regrown[name].messages} pupils")
    if spec.max_age_days or not saved.seq:
        return Line(f"stream {name}", "kept for some days", "kept for some days")
    try:
        there = (await service.nats.js.get_msg(name, saved.seq)).headers or {}
    except NotFoundError:
        there = {}
    return Line(
        f"stream {name}",
        f"event {saved.position} at {saved.seq}",
        f"event {there.get('Nats-Msg-Id', 'none')} at {saved.seq}",
    )


def _read_models(login: Login) -> dict[str, Table]:
    with connect(login) as connection:
        return {table: content(connection, "projections", table) for model in READ_MODELS for table in model.tables}
