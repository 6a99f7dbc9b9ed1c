"""`perseverance backup`: everything the suite has to remember, in one directory. The suite works meanwhile."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output import emit, say
from cli.runtime import suite_of

app = typer.Typer()


@app.command()
def main(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(help="A new directory; only its owner will be able to read it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Save the database as it is at one instant, and the directory of schools and people, with a manifest.

    Streams are not saved: they are made again from the database. Acts as the owner of the database.
    """
    from cli.backups.taking import take
    from cli.backups.telling import telling

    suite = suite_of(ctx)
    with telling("backup") as tell:
        manifest = asyncio.run(take(suite, directory, tell))
    if as_json:
        emit(asdict(manifest))
    else:
        rows = sum(table.rows for table in manifest.tables.values())
        size = sum(file.bytes for file in manifest.files.values())
        say(f"{directory}: {rows} rows of {len(manifest.tables)} tables, {size / 1e6:.1f} MB")
