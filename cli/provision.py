"""`perseverance provision`: roles, schemas, tables, streams and buckets, as declared. Safe to run at any time."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.rebuild import rebuild
from cli.runtime import suite_of

if TYPE_CHECKING:
    from chassis.revisions import Schema
    from services.projections.catalogue import ReadModel

SERVICES = ("intake", "alerts", "parcours", "notifications", "projections")

app = typer.Typer()


def schemas() -> "list[Schema]":
    """Each service's part of the database."""
    return [import_module(f"services.{name}.tables").SCHEMA for name in SERVICES]


def provision(nats_url: str, database_url: str) -> list[str]:
    """Make the database and the streams what they must be; what they hold is kept. Return the revisions applied.

    Read models of another form than this version's are built anew beside the live ones, then switched.

    Raises CliError when a server is away or refuses.
    """
    import nats.errors
    import psycopg

    from chassis.provision import NewerDatabase, provision_database, provision_streams
    from contracts.catalogue import BUCKETS, STREAMS

    try:
        applied = provision_database(database_url, schemas())
    except NewerDatabase as error:
        raise CliError(
            f"schema {error} was provisioned by a newer version", "provision with that version", ExitCode.CONFLICT
        ) from None
    except psycopg.errors.LockNotAvailable:
        raise CliError("a table to change is in use without a pause", "try again when fewer people work") from None
    except psycopg.errors.DuplicateTable:
        raise CliError(
            "this database holds tables made before the first release", "begin with an empty database"
        ) from None
    except psycopg.OperationalError:
        raise CliError("PostgreSQL is away or refuses us", "check DATABASE_URL", ExitCode.UNREACHABLE) from None
    except psycopg.errors.InsufficientPrivilege:
        raise CliError(
            "this role of PostgreSQL may not make roles and schemas", "provision as the owner of the database"
        ) from None
    try:
        asyncio.run(provision_streams(nats_url, STREAMS, BUCKETS))
    except (OSError, nats.errors.Error, TimeoutError):
        raise CliError(
            "NATS is away, or JetStream is off", "check NATS_URL, start it with -js", ExitCode.UNREACHABLE
        ) from None
    if models := _outdated(database_url):
        say(f"building anew, beside the live ones: {', '.join(model.name for model in models)} ...")
        asyncio.run(rebuild(nats_url, database_url, models))
    return applied


def _outdated(database_url: str) -> "list[ReadModel]":
    import psycopg

    from services.projections.stores.generations import LIVE, outdated

    with psycopg.connect(database_url, options=f"-c search_path={LIVE}") as connection, connection.cursor() as tx:
        return outdated(tx)


@app.command()
def main(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was done as JSON.")] = False,
) -> None:
    """Make the database and the streams what they must be."""
    from contracts.catalogue import BUCKETS, STREAMS

    suite = suite_of(ctx)
    applied = provision(suite.nats_url, suite.database_url)
    done = {
        "schemas": list(SERVICES),
        "streams": [stream.name for stream in STREAMS],
        "buckets": [bucket.name for bucket in BUCKETS],
    }
    if as_json:
        emit({**done, "revisions": applied})
    else:
        say(f"applied: {', '.join(applied) or 'nothing, every table was up to date'}")
        for kind, names in done.items():
            say(f"{kind}: {', '.join(names)} as declared")
