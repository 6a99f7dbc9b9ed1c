"""`perseverance provision`: roles, schemas, tables, streams and buckets, as declared. Safe to run at any time."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.runtime import suite_of

SERVICES = ("intake", "alerts", "parcours", "notifications", "projections")

app = typer.Typer()


def schemas() -> dict[str, Path]:
    """Each service's database schema and the file that declares its tables."""
    import services

    root = Path(services.__path__[0])
    return {name: root / name / "schema.sql" for name in SERVICES}


def provision(nats_url: str, database_url: str) -> None:
    """Make the database and the streams what they must be; what they hold is kept.

    Raises CliError when a server is away or refuses.
    """
    import nats.errors
    import psycopg

    from chassis.provision import provision_database, provision_streams
    from contracts.catalogue import BUCKETS, STREAMS

    try:
        provision_database(database_url, schemas())
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


@app.command()
def main(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was done as JSON.")] = False,
) -> None:
    """Make the database and the streams what they must be."""
    from contracts.catalogue import BUCKETS, STREAMS

    suite = suite_of(ctx)
    provision(suite.nats_url, suite.database_url)
    done = {
        "schemas": list(SERVICES),
        "streams": [stream.name for stream in STREAMS],
        "buckets": [bucket.name for bucket in BUCKETS],
    }
    if as_json:
        emit(done)
    else:
        for kind, names in done.items():
            say(f"{kind}: {', '.join(names)} as declared")
