"""`perseverance provision`: roles, schemas, tables, streams and buckets, as declared. Safe to run at any time."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.passwords import read
from cli.rebuild import rebuild
from cli.runtime import Suite, suite_of
from contracts.catalogue import SERVICES
from contracts.permissions import PROVISIONING

if TYPE_CHECKING:
    from chassis.revisions import Schema
    from services.projections.catalogue import ReadModel

app = typer.Typer()


def schemas() -> "list[Schema]":
    """Each service's part of the database."""
    return [import_module(f"services.{name}.tables").SCHEMA for name in SERVICES]


def provision(suite: Suite, passwords: Path | None = None) -> list[str]:
    """Make the database and the streams what they must be; what they hold is kept. Return the revisions applied.

    Read models of another form than this version's are built anew beside the live ones, then switched. `passwords` is
    a directory with a file for each service whose password is to be set.

    Raises CliError when a server is away or refuses.
    """
    import psycopg

    from chassis.login import refusal
    from chassis.provision import NewerDatabase, provision_database

    try:
        applied = provision_database(suite.login, schemas(), read(passwords) if passwords else {})
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
    except psycopg.OperationalError as error:
        hint = refusal(error) or "check DATABASE_URL"
        raise CliError("PostgreSQL is away or refuses us", hint, ExitCode.UNREACHABLE) from None
    except psycopg.errors.InsufficientPrivilege:
        raise CliError(
            "this role of PostgreSQL may not make roles and schemas", "provision as the owner of the database"
        ) from None
    asyncio.run(_provision_streams(suite))
    if models := _outdated(suite):
        say(f"building anew, beside the live ones: {', '.join(model.name for model in models)} ...")
        asyncio.run(rebuild(suite, models, PROVISIONING))
    return applied


async def _provision_streams(suite: Suite) -> None:
    from chassis.provision import make_streams
    from cli.errands import errand
    from contracts.catalogue import BUCKETS, STREAMS

    async with errand(suite, PROVISIONING, "check NATS_URL, start it with -js") as client:
        await make_streams(client.jetstream(timeout=10), STREAMS, BUCKETS)


def _outdated(suite: Suite) -> "list[ReadModel]":
    from services.projections.stores.generations import LIVE, outdated

    with suite.login.connect(options=f"-c search_path={LIVE}") as connection, connection.cursor() as tx:
        return outdated(tx)


@app.command()
def main(
    ctx: typer.Context,
    passwords: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Set what services sign in with: the first line of each SERVICE.password."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was done as JSON.")] = False,
) -> None:
    """Make the database and the streams what they must be."""
    from contracts.catalogue import BUCKETS, STREAMS

    suite = suite_of(ctx)
    applied = provision(suite, passwords)
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
