"""`perseverance directory`: who is in charge of which school, for the services to look up."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from chassis.clock import PARIS
from cli.csv_files import Refused
from cli.directory_bucket import Loaded, Progress, in_bucket, load_directory, read_directory, until_known
from cli.directory_files import Entries, read_actors, read_schools, territory_of
from cli.errors import CliError, ExitCode
from cli.output import console, emit, say
from cli.runtime import Suite, suite_of
from contracts.directory import Actor, Role, School

__all__ = ["Loaded", "app", "load_directory", "read_directory"]

_SHOWN = 50

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def load(
    ctx: typer.Context,
    schools: Annotated[Path, typer.Option(help="CSV: uai;nom;type;departement;bassin;reseau_foquale;...")],
    actors: Annotated[Path, typer.Option(help="CSV: id;nom;email;role;territoire;du;au")],
    replace: Annotated[bool, typer.Option("--replace", help="Remove entries that are in neither file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Also print the result as JSON.")] = False,
) -> None:
    """Make the directory say what the two files say; return when the services know.

    Lines in error are listed and left out (exit code 3).
    """
    found = read_schools(schools), read_actors(actors)
    refused = len(found[0].refused) + len(found[1].refused)
    _show_refused(schools.name, found[0].refused)
    _show_refused(actors.name, found[1].refused)
    done, told = asyncio.run(_load(suite_of(ctx), *found, replace=replace and not refused))
    _show_idle(actors.name, *found)
    _show_double(actors.name, *found)
    say(f"directory: {done.written} written, {done.unchanged} unchanged, {refused} lines refused")
    if done.stale and not done.removed:
        why = "kept because lines were refused" if replace else "remove them with --replace"
        say(f"directory: {done.stale} entries are in neither file: {why}", "yellow")
    elif done.removed:
        say(f"directory: {done.removed} entries removed")
    if told:
        say("directory: services at work have had the time to read it")
    if as_json:
        emit({name: getattr(done, name) for name in Loaded.__slots__} | {"refused": refused})
    if refused:
        raise typer.Exit(ExitCode.PARTIAL)


@app.command("list")
def list_(
    ctx: typer.Context,
    role: Annotated[str, typer.Option(help="Only people in this role.")] = "",
    territory: Annotated[str, typer.Option(help="Only what lies in this territory: a UAI or a code.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List schools and people in charge."""
    schools, actors = asyncio.run(_read(suite_of(ctx)))
    territory = territory_of(territory)
    if territory:
        schools = [s for s in schools if any(territory in s.territories(role) for role in Role)]
        actors = [a for a in actors if a.territory == territory or any(a.covers(s) for s in schools)]
    if role:
        schools, actors = [], [a for a in actors if a.role == role.upper()]
    if as_json:
        emit({"schools": [_plain(s) for s in schools], "actors": [_plain(a) for a in actors]})
        return
    _table("schools", ("uai", "name", "type", "department", "network"), schools)
    _table("people in charge", ("id", "name", "role", "territory", "email", "since", "until"), actors)


@app.command()
def show(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The UAI of a school, or the id of a person.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a school and who is in charge of it today, or a person and their schools."""
    schools, actors = asyncio.run(_read(suite_of(ctx)))
    today = datetime.now(PARIS).date()
    here = [s for s in schools if s.uai == id_.upper()]
    who = [a for a in actors if a.id == id_]
    if not here and not who:
        raise CliError("the directory has no school and nobody of this id", code=ExitCode.FAILURE)
    in_charge = [a for a in actors if a.in_charge_on(today) and any(a.covers(s) for s in here)]
    their_schools = [s for s in schools if any(a.covers(s) for a in who)]
    if as_json:
        entry = (here or who)[0]
        emit(_plain(entry) | {"actors": [_plain(a) for a in in_charge], "schools": [_plain(s) for s in their_schools]})
        return
    _table("school", tuple(School.model_fields), here)
    _table("in charge today", ("id", "name", "role", "territory", "email"), in_charge)
    _table("person", tuple(Actor.model_fields), who)
    _table("their schools", ("uai", "name", "type", "department", "network"), their_schools)


async def _load(
    suite: Suite, schools: Entries[School], actors: Entries[Actor], *, replace: bool
) -> tuple[Loaded, bool]:
    """What was done, and whether it is known by now."""
    async with in_bucket(suite) as js:
        with _bar() as progress:
            done = await load_directory(
                js, schools.entries.values(), actors.entries.values(), replace=replace, progress=progress
            )
    with console().status("waiting until the services have read it"):
        return done, await until_known(done)


async def _read(suite: Suite) -> tuple[list[School], list[Actor]]:
    async with in_bucket(suite) as js:
        return await read_directory(js)


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.progress import Progress as Bar

    with Bar(console=console(), transient=True) as bar:
        task = bar.add_task("writing the directory", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show_refused(name: str, refused: Sequence[Refused]) -> None:
    for line in refused[:_SHOWN]:
        say(f"{name}: {line}", "red")
    if len(refused) > _SHOWN:
        say(f"{name}: and {len(refused) - _SHOWN} more lines refused", "red")


def _show_idle(name: str, schools: Entries[School], actors: Entries[Actor]) -> None:
    """A misspelt territory refuses nothing and reaches nobody: say which lines cover no school of the file."""
    everybody = actors.entries.values()
    known = {
        role: {code for school in schools.entries.values() for code in school.territories(role)}
        for role in {actor.role for actor in everybody}
    }
    idle = [actor for actor in everybody if actor.territory not in known[actor.role]]
    _point_out(name, "that holds no school of the file", idle, actors)


def _show_double(name: str, schools: Entries[School], actors: Entries[Actor]) -> None:
    """Départements and académies have numbers of their own: 11 is Aude, and all of Montpellier."""
    everywhere = schools.entries.values()
    double = {school.department for school in everywhere} & {school.academy for school in everywhere}
    people = [actor for actor in actors.entries.values() if actor.territory in double]
    _point_out(name, "that is both a département and an académie", people, actors)


def _point_out(name: str, what: str, people: Sequence[Actor], actors: Entries[Actor]) -> None:
    if people:
        lines = [str(actors.lines[actor.id]) for actor in people]
        some = ", ".join(lines[:10]) + (", ..." if len(lines) > 10 else "")
        say(f"{name}: {len(lines)} people have a territory {what}: lines {some}", "yellow")


def _plain(entry: School | Actor) -> dict[str, object]:
    return entry.model_dump(mode="json")


def _table(title: str, columns: Sequence[str], entries: Sequence[School] | Sequence[Actor]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not entries:
        return
    table = Table(*columns, title=f"{title} ({len(entries)})", title_justify="left")
    for entry in entries:
        values = _plain(entry)
        table.add_row(*(Text("" if values[c] is None else str(values[c])) for c in columns))
    console().print(table)
