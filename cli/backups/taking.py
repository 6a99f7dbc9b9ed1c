"""Taking a backup while the suite works: one instant of the database, and where the streams stood before it."""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from chassis.login import Login
from chassis.service import Service
from cli.backups import postgres
from cli.backups.manifest import DATABASE, DIRECTORY, File, Manifest, Tail, connect, tables
from cli.directory_bucket import read_directory
from cli.errors import CliError, ExitCode
from cli.provision import schemas
from cli.runtime import Suite
from cli.wiring import connected

Tell = Callable[[str], None]
SIMULATION = "simulation"


async def take(suite: Suite, directory: Path, tell: Tell) -> Manifest:
    """Write a backup of `suite` into `directory`, which must be new or empty. Raises CliError."""
    _make(directory)
    async with connected(suite) as services:
        # Before the database: what a stream holds is then in the stores that are saved.
        streams = await tails(services)
        tell("reading the directory")
        schools, actors = await read_directory(services[0].nats.js)
    document = {
        "schools": [school.model_dump(mode="json", exclude_none=True) for school in schools],
        "actors": [actor.model_dump(mode="json", exclude_none=True) for actor in actors],
    }
    _write(directory / DIRECTORY, json.dumps(document, ensure_ascii=False))
    return await asyncio.to_thread(_take_database, suite.login, directory, streams, tell)


async def tails(services: Sequence[Service]) -> dict[str, Tail]:
    """Where each stream that a log feeds ends."""
    found = {}
    for service in services:
        for relay in service.relays:
            seq, position = await relay.tail()
            state = (await service.nats.js.stream_info(relay.stream)).state
            found[relay.stream] = Tail(seq, position, int(state.messages))
    return found


def _take_database(login: Login, directory: Path, streams: dict[str, Tail], tell: Tell) -> Manifest:
    names = [*(schema.name for schema in schemas()), SIMULATION]
    with connect(login) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot, server, taken_at = connection.execute(
            "SELECT pg_export_snapshot(), current_setting('server_version'), now()"
        ).fetchone() or ("", "", datetime.now(UTC))
        postgres.dump(postgres.address(login.url, connection), names, snapshot, directory / DATABASE, tell)
        content = tables(connection, names, lambda table: tell(f"counting {table}"))
        revisions = {schema.name: sorted(schema.applied(connection)) for schema in schemas()}
    files = {name: File.of(directory / name) for name in (DATABASE, DIRECTORY)}
    manifest = Manifest(version("perseverance"), server, taken_at, revisions, content, streams, files)
    manifest.write(directory)
    return manifest


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        used = any(directory.iterdir())
    except OSError:
        raise CliError(f"{directory} cannot be written to", "give another directory", ExitCode.USAGE) from None
    if used:
        raise CliError(
            f"{directory} is not empty", "give a new directory: a backup is never overwritten", ExitCode.USAGE
        )


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
