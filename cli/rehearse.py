"""`perseverance rehearse`: prove that a backup can be put back, on servers of its own, without touching the suite."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import ExitCode
from cli.output import console, emit
from cli.runtime import Suite, suite_of

app = typer.Typer()


@app.command()
def main(
    ctx: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(help="A backup; one of the running suite is taken when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was compared as JSON.")] = False,
) -> None:
    """Restore a backup into servers of its own, make streams and read models again, and compare.

    Exit code 1 when anything differs. What it needs of the disk is about what the database takes, twice.
    """
    from cli.backups.rehearsal import rehearse
    from cli.backups.telling import telling

    suite = suite_of(ctx)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as scratch, telling("rehearsal") as tell:
        backup = directory or _take(suite, Path(scratch) / "backup", tell)
        lines = asyncio.run(rehearse(backup, Path(scratch), suite.secrets_file, tell))
    differ = [line for line in lines if not line.same]
    if as_json:
        emit([{"what": each.what, "saved": each.saved, "found": each.found, "same": each.same} for each in lines])
    else:
        _show(lines)
    raise typer.Exit(ExitCode.FAILURE if differ else ExitCode.OK)


def _take(suite: Suite, directory: Path, tell: Any) -> Path:
    from cli.backups.taking import take

    asyncio.run(take(suite, directory, tell))
    return directory


def _show(lines: list[Any]) -> None:
    from rich.table import Table

    table = Table("", "saved", "put back", "")
    for line in lines:
        table.add_row(line.what, line.saved, line.found, "same" if line.same else "DIFFERS")
    console().print(table)
