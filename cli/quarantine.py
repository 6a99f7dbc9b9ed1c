"""`perseverance quarantine`: messages a service could not handle, until someone decides.

An entry is named `SERVICE/NUMBER`. Its payload may hold personal data and is printed only when asked for.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.errors import CliError, ExitCode
from cli.output import console, emit, say
from cli.runtime import Suite, suite_of
from contracts.catalogue import SERVICES

app = typer.Typer(no_args_is_help=True, help="Look at messages that could not be handled; replay or drop them.")

Entry = Annotated[str, typer.Argument(metavar="SERVICE/NUMBER", help="As `quarantine list` names it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@app.command("list")
def list_entries(
    ctx: typer.Context,
    service: Annotated[str | None, typer.Option(help="Of one service only.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is kept, oldest first, and why."""
    if service is not None and service not in SERVICES:
        raise CliError(f"there is no service {service}", f"one of {', '.join(SERVICES)}", ExitCode.USAGE)
    rows = _held(suite_of(ctx), [service] if service else SERVICES)
    if as_json:
        emit(rows)
    elif not rows:
        say("the quarantine is empty")
    else:
        _table(rows)


@app.command()
def show(
    ctx: typer.Context,
    entry: Entry,
    payload: Annotated[
        bool, typer.Option("--payload", help="Print the message itself: it may hold personal data.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """One entry: where it came from and why it is here."""
    service, number = _parsed(entry)
    rows = _held(suite_of(ctx), [service], number, with_payload=payload)
    if not rows:
        raise CliError(f"there is no {entry} in quarantine", "see `perseverance quarantine list`")
    if as_json:
        emit(rows[0])
    else:
        for name, value in rows[0].items():
            say(f"{name:10} {value}")


@app.command()
def replay(ctx: typer.Context, entry: Entry, as_json: AsJson = False) -> None:
    """Handle again, in order, everything kept about the same key; stops at the first that still fails."""
    from cli.replay import replay_key

    service, number = _parsed(entry)
    outcome = asyncio.run(replay_key(suite_of(ctx), service, number))
    if outcome is None:
        raise CliError(f"there is no {entry} in quarantine", "see `perseverance quarantine list`")
    if as_json:
        emit({"replayed": outcome.replayed, "left": outcome.left, "reason": outcome.reason})
    else:
        why = f"; the next one still fails: {outcome.reason}" if outcome.left else ""
        say(f"{outcome.replayed} replayed, {outcome.left} left of this key{why}")
    raise typer.Exit(ExitCode.PARTIAL if outcome.left else ExitCode.OK)


@app.command()
def drop(
    ctx: typer.Context,
    entry: Entry,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, forget it: it will have no effect, ever.")] = False,
) -> None:
    """Forget one entry for good."""
    service, number = _parsed(entry)
    if not yes:
        raise CliError("dropping a message is for good", "say --yes if you mean it", ExitCode.USAGE)
    if not _drop(suite_of(ctx), service, number):
        raise CliError(f"there is no {entry} in quarantine", "see `perseverance quarantine list`")
    say(f"{entry} dropped")


def _parsed(entry: str) -> tuple[str, int]:
    service, _, number = entry.partition("/")
    if service not in SERVICES or not number.isdecimal():
        raise CliError("an entry is named SERVICE/NUMBER", "as in alerts/12", ExitCode.USAGE)
    return service, int(number)


def _held(
    suite: Suite, services: Sequence[str], number: int | None = None, *, with_payload: bool = False
) -> list[dict[str, Any]]:
    from chassis import quarantine
    from chassis.database import TRANSIENT, Database

    rows = []
    for service in services:
        database = Database(suite.login, service, role="", pool_size=1)
        try:
            with database.transaction() as tx:
                held = quarantine.held(tx, entry_id=number)
        except TRANSIENT:
            raise _away(suite) from None
        finally:
            database.close()
        for kept in held:
            row: dict[str, Any] = {
                "entry": f"{service}/{kept.id}",
                "since": kept.since.isoformat(timespec="seconds"),
                "reader": kept.consumer,
                "stream": kept.stream,
                "sequence": kept.message.seq,
                "subject": kept.message.subject,
                "reason": kept.reason,
            }
            if with_payload:
                row["payload"] = kept.message.data.decode("utf-8", errors="replace")
            rows.append(row)
    return rows


def _drop(suite: Suite, service: str, number: int) -> bool:
    from chassis import quarantine
    from chassis.database import TRANSIENT, Database

    database = Database(suite.login, service, role="", pool_size=1)
    try:
        with database.transaction() as tx:
            held = quarantine.held(tx, entry_id=number)
            if held:
                quarantine.hold(tx, held[0].consumer)
                quarantine.drop(tx, number)
            return bool(held)
    except TRANSIENT:
        raise _away(suite) from None
    finally:
        database.close()


def _away(suite: Suite) -> CliError:
    return CliError("PostgreSQL does not answer", f"is the suite under {suite.data} up?", ExitCode.UNREACHABLE)


def _table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    columns = ("entry", "since", "reader", "sequence", "reason")
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(row[name]) for name in columns))
    console().print(table)
