"""`perseverance demo`: the whole suite, one synthetic school year played in it, and the pages to look at."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from cli.errors import CliError, ExitCode
from cli.output import say
from cli.runtime import Suite, data_of
from cli.simulate import SCHOOLS, SEED, STUDENTS, YEAR, Schools, Seed, Students

if TYPE_CHECKING:
    from cli.playing.year import Played

app = typer.Typer()

_USUAL_PORT = 8000
_STOP_LIMIT_S = 60
_LOOK_EVERY_S = 0.5
_SOON_S = 20


@app.command()
def main(
    ctx: typer.Context,
    schools: Schools = SCHOOLS,
    students: Students = STUDENTS,
    seed: Seed = SEED,
    once: Annotated[bool, typer.Option("--once", help="Stop once everything is settled.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write what happened to this file, as JSON.")] = None,
    data: Annotated[Path | None, typer.Option(help="Keep it there; otherwise made anew each time.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the pages.")] = None,
) -> None:
    """Play a synthetic school year, then stay up to be looked at until Ctrl-C.

    Ended by a signal before the year is played and reported, the exit code is 128 and the signal's number.
    """
    from cli.playing.telling import tell_where
    from cli.simulator.academy import build

    if report is not None and not report.absolute().parent.is_dir():
        raise CliError(f"{report.parent} is not a directory", "choose where the report goes", ExitCode.USAGE)
    for asked in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: whoever ends us ends the suite too
        signal.signal(asked, _interrupt)
    done = False
    try:
        place = data or _fresh(data_of(ctx) / "demo")
        started = time.monotonic()
        with _suite_up(place, _usable_port() if port is None else port) as (suite, process):
            startup = time.monotonic() - started
            say(f"ready in {startup:.1f} s at {suite.url}; playing {students} pupils of {schools} schools ...")
            facts = _play(suite, process, schools, students, seed)
            if report is not None:
                report.write_text(json.dumps(facts | {"startup_seconds": round(startup, 2)}, indent=2) + "\n")
                say(f"written to {report}")
            done = True
            if not once:
                tell_where(suite.need_url(), build(schools, students, seed, YEAR))
                say("\nCtrl-C stops everything.")
                _stay(process, place)
    except KeyboardInterrupt as interrupt:
        say("")
        if not done:
            say("ended before the year was played" + (f": nothing was written to {report}" if report else ""))
            raise typer.Exit(_code_of(interrupt)) from None


class _Interrupted(KeyboardInterrupt):
    """Another signal than Ctrl-C, to the same end; nothing less is let through by asyncio."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _interrupt(number: int, _: object) -> NoReturn:
    raise _Interrupted(number)


def _code_of(interrupt: KeyboardInterrupt) -> int:
    """As a shell tells that a signal ended a command."""
    return 128 + (interrupt.number if isinstance(interrupt, _Interrupted) else signal.SIGINT)


def _stay(process: "subprocess.Popen[str]", data: Path) -> None:
    """Until the suite ends: nobody here asked it to. Raises CliError unless it was told to stop, and did."""
    if code := process.wait():
        raise _ended_by_itself(code, data)
    say("the suite was stopped")


def _ended_by_itself(code: int, data: Path) -> CliError:
    return CliError("the suite ended by itself", f"read {data / 'log'}", _code(code))


def _play(suite: Suite, process: "subprocess.Popen[str]", schools: int, students: int, seed: int) -> dict[str, Any]:
    from cli.playing.telling import Bar, tell
    from cli.playing.year import play
    from cli.simulator.academy import build
    from cli.wiring import connected

    academy = build(schools, students, seed, YEAR)

    async def year() -> "Played":
        async with connected(suite) as services:
            with Bar() as bar:
                return await play(suite, services, academy, bar)

    played = asyncio.run(_unless_it_ends(process, suite.data, year()))
    tell(played)
    return {
        **played.counts,
        "refused": played.counts["refused"] + played.answers.get("refused", 0),
        "seconds": round(played.seconds, 2),
        "events": played.events,
        "events_per_s": round(played.events / played.seconds),
        "verdicts": played.answers,
        "refusals": played.refusals,
        "acts": played.acts,
        "schools": schools,
        "students": students,
        "seed": seed,
        "school_year": YEAR,
    }


async def _unless_it_ends(
    process: "subprocess.Popen[str]", data: Path, year: "Coroutine[Any, Any, Played]"
) -> "Played":
    """The year as it was played: a suite that ends would be waited for without an end. Raises CliError then."""
    playing, watching = asyncio.create_task(year), asyncio.create_task(_until_ended(process))
    try:
        await asyncio.wait((playing, watching), return_when=asyncio.FIRST_COMPLETED)
        if playing.done() and playing.exception():  # a suite that stops closes its door first
            await asyncio.wait((watching,), timeout=_SOON_S)
        if watching.done() and not (playing.done() and playing.exception() is None):
            raise _ended_by_itself(process.returncode, data)
        return await playing
    finally:
        for task in (playing, watching):
            task.cancel()
        await asyncio.gather(playing, watching, return_exceptions=True)


async def _until_ended(process: "subprocess.Popen[str]") -> None:
    while process.poll() is None:  # noqa: ASYNC110  (the end of a process is no event of asyncio's)
        await asyncio.sleep(_LOOK_EVERY_S)


@contextmanager
def _suite_up(data: Path, port: int) -> Iterator[tuple[Suite, subprocess.Popen[str]]]:
    """A suite in processes of its own, for as long as the block; its clock is the simulator's."""
    command = [sys.executable, "-m", "cli.main", "up", "--data", str(data), "--port", str(port)]
    # Its own session: Ctrl-C reaches us alone, and we stop it in order.
    with subprocess.Popen(
        [*command, "--demo", "--clock", "simulated"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline().startswith("ready "):
                raise CliError("the suite did not come up", f"read {data / 'log'}", _code(process.wait()))
            yield Suite.find(data, {}), process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(_STOP_LIMIT_S)
            _end_leftovers(data)


def _end_leftovers(data: Path) -> None:
    """End the servers of a suite that was killed."""
    from cli.supervisor.lock import sole_supervisor
    from cli.supervisor.orphans import Pids

    with suppress(CliError), sole_supervisor(data):  # somebody else's suite is none of ours
        Pids(data).end_leftovers()


def _code(returned: int) -> ExitCode:
    return ExitCode(returned) if returned in set(ExitCode) and returned else ExitCode.FAILURE


def _fresh(data: Path) -> Path:
    """An empty directory for this demonstration; the former one goes. Raises CliError when it is in use."""
    from cli.supervisor.lock import sole_supervisor
    from cli.supervisor.orphans import Pids

    with sole_supervisor(data):
        Pids(data).end_leftovers()
        for entry in data.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != "up.lock":
                entry.unlink()
    return data


def _usable_port() -> int:
    """The usual port if it is free, else any."""
    from cli.supervisor.lock import claim_port

    try:
        claim_port(_USUAL_PORT).close()
    except CliError:
        return 0
    return _USUAL_PORT
