"""`perseverance import students|absences FILE`: files of schools, straight to the register and the ledger.

It needs the database and, for the directory, NATS; the services may be stopped: what is imported is published
when they run.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from nats.js.errors import NotFoundError

from chassis import tracing
from chassis.database import TRANSIENT, Database
from chassis.logs import VERSION
from chassis.reference import Reference
from chassis.settings import make_clock
from cli.errands import errand
from cli.errors import CliError, ExitCode
from cli.output import console, emit, say
from cli.runtime import Suite, suite_of
from contracts.catalogue import DIRECTORY
from contracts.directory import School
from contracts.permissions import OPERATIONS
from services.intake.application import Intake
from services.intake.calendar import SchoolCalendar
from services.intake.csv_lines import UnusableFileError
from services.intake.csv_rows import ABSENCES, STUDENTS, Kind
from services.intake.directory import Directory, any_school, decode
from services.intake.importing import Summary, import_file
from services.intake.settings import IntakeSettings

_CONNECT_S = 5

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file, separated by semicolons.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check every row, keep nothing.")]
RefusedFile = Annotated[
    Path | None, typer.Option("--refused", help="Where to list refused rows; FILE.refused.csv by default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Also print the result as JSON.")]


@app.command()
def students(
    ctx: typer.Context,
    file: FileArgument,
    dry_run: DryRun = False,
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """Import pupils: ine;uai;nom;prenom;date_naissance;classe;mef;statut (and maj). Exit code 3 if rows are refused."""
    _import(ctx, file, STUDENTS, dry_run=dry_run, refused=refused, as_json=as_json)


@app.command()
def absences(
    ctx: typer.Context,
    file: FileArgument,
    dry_run: DryRun = False,
    refused: RefusedFile = None,
    as_json: AsJson = False,
) -> None:
    """Import absences: ine;uai;date;demi_journee;justifiee;motif (and maj). Exit code 3 if rows are refused."""
    _import(ctx, file, ABSENCES, dry_run=dry_run, refused=refused, as_json=as_json)


def _import(ctx: typer.Context, file: Path, kind: Kind, *, dry_run: bool, refused: Path | None, as_json: bool) -> None:
    suite = suite_of(ctx)
    listed = refused or file.with_name(f"{file.name}.refused.csv")
    with _intake(suite) as intake, _progress(file.name) as progress:
        try:
            summary = import_file(file, kind, intake, refused_path=listed, dry_run=dry_run, progress=progress)
        except UnusableFileError as error:
            raise CliError(str(error), code=ExitCode.USAGE) from None
        except TRANSIENT:
            raise CliError(
                "the database went away",
                "import the file again: the rows already taken change nothing",
                ExitCode.UNREACHABLE,
            ) from None
        except OSError as error:  # a full disk
            raise CliError(
                f"the import stopped, or its refused rows could not be listed ({error.strerror})",
                "import the file again: the rows already taken change nothing",
            ) from None
    _tell(file.name, summary, dry_run=dry_run)
    if as_json:
        emit(
            {
                "rows": summary.rows,
                "accepted": summary.accepted,
                "duplicates": summary.duplicates,
                "refused": summary.refused,
                "codes": summary.codes,
                "refused_file": summary.refused_file,
                "dry_run": dry_run,
            }
        )
    if summary.refused:
        raise typer.Exit(ExitCode.PARTIAL)


def _tell(name: str, summary: Summary, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    say(
        f"{name} ({summary.encoding}): {summary.rows} rows, {summary.accepted} {would}accepted,"
        f" {summary.duplicates} already known, {summary.refused} refused"
    )
    if not summary.rows:
        say("there is no row under the header: check that the export holds the days and the pupils you meant", "yellow")
    for code, number in summary.codes.most_common():
        say(f"  {number} x {code}", "yellow")
    if summary.refused_file:
        say(f"refused rows are listed, with the line and the reason, in {summary.refused_file}", "yellow")


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, for people only."""
    if not console().is_terminal:
        yield lambda _read, _size: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, MofNCompleteColumn(), TimeRemainingColumn(), console=console(), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda read, size: bar.update(task, completed=read, total=size)


@contextmanager
def _intake(suite: Suite) -> Iterator[Intake]:
    settings = IntakeSettings(nats_url=suite.nats_url, database_url=suite.database_url, clock=suite.clock)
    directory: Reference[School | None] = asyncio.run(_directory(suite))
    database = Database(suite.login, "intake", pool_size=2)
    tracing.configure("intake", VERSION)  # in its name: what it takes in is followed from here
    try:
        clock = make_clock(settings, database)
        yield Intake(database, clock, Directory(directory), SchoolCalendar(settings.first_day))
    finally:
        database.close()
        tracing.stop()


async def _directory(suite: Suite) -> Reference[School | None]:
    reference: Reference[School | None] = Reference(DIRECTORY.name, decode)
    hint = "the directory of schools cannot be read: see `perseverance doctor`"
    try:
        async with errand(suite, OPERATIONS, hint) as client:
            await reference.refresh(client.jetstream(timeout=_CONNECT_S))
    except NotFoundError:
        raise CliError("the directory's bucket is missing", "run `perseverance provision`") from None
    if not any_school(reference):
        raise CliError("no school is known", "load the directory with `perseverance directory load`")
    return reference
