"""`perseverance restore`: a backup on empty servers, with this version or a newer one than took it."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CliError
from cli.output import say
from cli.runtime import data_of

if TYPE_CHECKING:
    from cli.backups.taking import Tell

app = typer.Typer()


@app.command()
def main(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(help="The directory that `backup` wrote.")],
) -> None:
    """Put a backup back: on the servers of NATS_URL and DATABASE_URL, else on new ones under --data.

    The database must be empty and no service may run; it is put back whole or not at all. Start the services
    afterwards: streams fill from the stores by themselves.
    """
    from cli.backups.telling import telling

    with telling("restore") as tell:
        asyncio.run(_restore(data_of(ctx), directory, tell))
    say(f"{directory} is back: start the suite, its streams fill from the stores")


async def _restore(data: Path, directory: Path, tell: "Tell") -> None:
    import psycopg

    from cli.backups.putting_back import check, put_back_database, put_back_the_rest
    from cli.supervisor.engines import Engines
    from cli.supervisor.lock import sole_supervisor
    from cli.supervisor.orphans import Pids

    check(directory, tell)
    with sole_supervisor(data):
        pids = Pids(data)
        engines = Engines(data, os.environ, pids)
        try:
            await engines.start()
            await asyncio.to_thread(put_back_database, engines.suite().login, directory, tell)
            await put_back_the_rest(engines.suite(), directory, tell)
        except psycopg.OperationalError:
            raise CliError("PostgreSQL is away or refuses us", "check DATABASE_URL") from None
        finally:
            await engines.stop()
            pids.clear()
