"""`perseverance senders`: the school systems that may send events, and for which schools."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from chassis.database import TRANSIENT, Database, Transaction
from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.runtime import suite_of
from contracts.identifiers import check_uai
from services.intake import senders
from services.intake.senders import SenderNameError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    uai: Annotated[str, typer.Option(help="The schools it speaks for, separated by commas.")] = "",
    every: Annotated[bool, typer.Option("--all", help="It speaks for every school.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the name and the key as JSON.")] = False,
) -> None:
    """Register a sender and print its API key: this once, for only a hash of it is kept."""
    if every == bool(uai):
        raise CliError("give either --uai or --all", code=ExitCode.USAGE)
    schools = None if every else _schools(uai)
    with _transaction(ctx) as tx:
        try:
            key = senders.add(tx, name, schools)
        except SenderNameError as error:
            raise CliError(str(error), code=ExitCode.CONFLICT if senders.is_name(name) else ExitCode.USAGE) from None
    if as_json:
        emit({"name": name, "key": key, "uais": schools})
    else:
        say(f"sender {name} added; its key is shown this once:")
        typer.echo(key)


@app.command("list")
def list_(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the senders; their keys cannot be shown."""
    with _transaction(ctx) as tx:
        found = senders.every(tx)
    if as_json:
        emit(
            [
                {"name": s.name, "uais": sorted(s.uais) if s.uais is not None else None, "revoked_at": s.revoked_at}
                for s in found
            ]
        )
        return
    for sender in found:
        schools = "every school" if sender.uais is None else f"{len(sender.uais)} schools"
        state = f"revoked {sender.revoked_at:%Y-%m-%d}" if sender.revoked_at else "active"
        typer.echo(f"{sender.name}\t{schools}\t{state}")


@app.command()
def revoke(ctx: typer.Context, name: Annotated[str, typer.Argument(help="The sender's name.")]) -> None:
    """Refuse this sender from now on. Adding it again gives it another key."""
    with _transaction(ctx) as tx:
        if not senders.revoke(tx, name):
            raise CliError(f"there is no active sender {name}", "see `perseverance senders list`")
    say(f"sender {name} revoked")


def _schools(text: str) -> list[str]:
    found = [part.strip().upper() for part in text.split(",") if part.strip()]
    for uai in found:
        try:
            check_uai(uai)
        except ValueError as error:
            raise CliError(f"{uai}: {error}", code=ExitCode.USAGE) from None
    if not found:
        raise CliError("--uai names no school", code=ExitCode.USAGE)
    return sorted(set(found))


@contextmanager
def _transaction(ctx: typer.Context) -> Iterator[Transaction]:
    """A transaction of intake. Raises CliError (unreachable) when the database is away."""
    database = Database(suite_of(ctx).login, "intake", pool_size=1)
    try:
        with database.transaction() as tx:
            yield tx
    except TRANSIENT:
        raise CliError("PostgreSQL does not answer", "see `perseverance doctor`", ExitCode.UNREACHABLE) from None
    finally:
        database.close()
