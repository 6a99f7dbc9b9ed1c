"""Putting a backup back on empty servers, with a version as new as the one that took it, or newer."""

import json
from pathlib import Path

from chassis.login import Login
from chassis.provision import make_roles
from cli.backups import postgres
from cli.backups.manifest import DATABASE, DIRECTORY, Manifest
from cli.backups.taking import Tell
from cli.directory_bucket import in_bucket, load_directory
from cli.errors import CliError, ExitCode
from cli.provision import provision, schemas
from cli.runtime import Suite
from contracts.directory import Actor, School


def check(directory: Path, tell: Tell) -> Manifest:
    """What the backup says of itself, once it is sure that it is whole and not of a newer version. Raises CliError."""
    manifest = Manifest.read(directory)
    tell("checking the files")
    manifest.check_files(directory)
    _check_version(manifest)
    return manifest


def put_back_database(login: Login, directory: Path, tell: Tell) -> None:
    """The database as it was saved, roles included. Raises CliError; nothing is changed then."""
    with login.connect(autocommit=True) as connection:
        wanted = schemas()
        for schema in wanted:
            if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema.name,)).fetchone():
                raise CliError(
                    f"the database is not empty: it has a schema {schema.name}",
                    "restore into a new one",
                    ExitCode.CONFLICT,
                )
        make_roles(connection, wanted)
        address = postgres.address(login.url, connection)
    postgres.restore(address, directory / DATABASE, tell)


async def put_back_the_rest(suite: Suite, directory: Path, tell: Tell) -> None:
    """Tables brought to this version, streams and buckets made, the directory filled. Streams fill by themselves."""
    import asyncio

    tell("provisioning")
    await asyncio.to_thread(provision, suite)
    document = json.loads((directory / DIRECTORY).read_text())
    tell("filling the directory")
    async with in_bucket(suite) as js:
        await load_directory(
            js,
            [School.model_validate(each) for each in document["schools"]],
            [Actor.model_validate(each) for each in document["actors"]],
            replace=True,
        )


def _check_version(manifest: Manifest) -> None:
    for schema in schemas():
        unknown = set(manifest.revisions.get(schema.name, [])) - schema.known().keys()
        if unknown:
            raise CliError(
                f"version {manifest.perseverance} took this backup, which this version does not know",
                "restore with that version or a newer one",
                ExitCode.CONFLICT,
            )
