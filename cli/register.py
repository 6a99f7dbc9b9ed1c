"""`perseverance register erase`: forget who a pupil is. Nothing personal goes through the arguments."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer

from chassis.database import TRANSIENT, Database
from chassis.settings import make_clock
from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.runtime import suite_of
from contracts.identifiers import check_ine
from services.intake.erasure import Erased, Erasure
from services.intake.settings import IntakeSettings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def register() -> None:
    """Look after the register of identities."""


@app.command()
def erase(
    ctx: typer.Context,
    ine: Annotated[str, typer.Option(metavar="-", help="`-`: read INE from the standard input, one a line.")] = "",
    student: Annotated[list[UUID] | None, typer.Option(help="The pseudonym of a pupil; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would be erased, erase nobody.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was erased as JSON.")] = False,
) -> None:
    """Erase pupils from the register, for good, and tell every service to forget them.

    What was counted stays, under a pseudonym that nothing links to anyone any more.
    """
    if ine not in ("", "-"):
        raise CliError("an INE is never given in the arguments", "use `--ine -` and the standard input", ExitCode.USAGE)
    if bool(ine) == bool(student):
        raise CliError("give either `--ine -` or --student", code=ExitCode.USAGE)
    ines = [line.strip() for line in sys.stdin if line.strip()] if ine else []
    with _erasure(ctx) as erasure:
        found = _found(erasure, ines, student or [])
        if found and not dry_run:
            _confirm(len(found), yes=yes, stdin_is_free=not ine)
        erased = [] if dry_run else [done for student_id in found if (done := erasure.erase(student_id))]
    _tell(found, erased, asked=len(ines) + len(student or []), dry_run=dry_run, as_json=as_json)


def _found(erasure: Erasure, ines: Sequence[str], students: Sequence[UUID]) -> list[UUID]:
    found = []
    for number, ine in enumerate(ines, 1):
        try:
            check_ine(ine)
        except ValueError as error:
            raise CliError(f"line {number}: {error}: nobody was erased", code=ExitCode.USAGE) from None
        found.append(erasure.find(ine=ine))
    found += [erasure.find(student_id=student_id) for student_id in students]
    return list(dict.fromkeys(student_id for student_id in found if student_id is not None))


def _confirm(number: int, *, yes: bool, stdin_is_free: bool) -> None:
    if yes:
        return
    if not stdin_is_free or not sys.stdin.isatty():
        raise CliError(f"{number} pupils would be erased, for good", "add --yes to do it", ExitCode.USAGE)
    typer.confirm(f"Erase {number} pupils, for good?", abort=True, err=True)


def _tell(found: Sequence[UUID], erased: Sequence[Erased], *, asked: int, dry_run: bool, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "asked": asked,
                "found": len(found),
                "dry_run": dry_run,
                "erased": [
                    {"student_id": e.student_id, "facts_kept": e.facts, "raw_messages_dropped": e.raw_messages}
                    for e in erased
                ],
            }
        )
    what = f"{len(found)} would be erased" if dry_run else f"{len(erased)} erased"
    say(f"register: {asked} asked for, {len(found)} known, {what}")


@contextmanager
def _erasure(ctx: typer.Context) -> Iterator[Erasure]:
    suite = suite_of(ctx)
    settings = IntakeSettings(nats_url=suite.nats_url, database_url=suite.database_url, clock=suite.clock)
    database = Database(suite.login, "intake", pool_size=2)
    try:
        yield Erasure(database, make_clock(settings, database))
    except TRANSIENT:
        raise CliError("PostgreSQL does not answer", "see `perseverance doctor`", ExitCode.UNREACHABLE) from None
    finally:
        database.close()
