"""`perseverance simulate`: the traffic of a synthetic school year, sent to a suite that is up."""

import asyncio
from datetime import date
from typing import Annotated

import typer

from cli.output import emit
from cli.runtime import suite_of

app = typer.Typer()

SCHOOLS, STUDENTS, SEED, YEAR = 20, 2000, 1, "2025-2026"
Schools = Annotated[int, typer.Option(min=1, max=2000, help="Schools of the académie.")]
Students = Annotated[int, typer.Option(min=1, max=1_000_000, help="Pupils of the académie.")]
Seed = Annotated[int, typer.Option(help="The same seed plays the same year.")]


@app.command()
def main(
    ctx: typer.Context,
    schools: Schools = SCHOOLS,
    students: Students = STUDENTS,
    seed: Seed = SEED,
    until: Annotated[str | None, typer.Option(help="Stop after that day (YYYY-MM-DD).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What happened, as JSON.")] = False,
) -> None:
    """Send the traffic of a synthetic school year; invented schools and people go into the directory."""
    from cli.playing.telling import Bar, tell
    from cli.playing.year import Played, play
    from cli.simulator.academy import build
    from cli.wiring import connected

    suite = suite_of(ctx)
    academy = build(schools, students, seed, YEAR)
    last = _last_day(until, suite.clock)

    async def traffic() -> Played:
        async with connected(suite) as services:
            with Bar() as bar:
                return await play(suite, services, academy, bar, people_act=False, until=last)

    played = asyncio.run(traffic())
    if as_json:
        emit(played.counts | {"events": played.events, "seconds": round(played.seconds, 2)})
    else:
        tell(played)


def _last_day(until: str | None, clock: str) -> date | None:
    """Nothing may be reported before it happens: on the machine's own clock, the year stops yesterday."""
    from datetime import timedelta

    from chassis.clock import SystemClock, today

    try:
        asked = date.fromisoformat(until) if until else None
    except ValueError:
        raise typer.BadParameter("a day is written YYYY-MM-DD", param_hint="--until") from None
    if clock == "simulated":
        return asked
    yesterday = today(SystemClock()) - timedelta(days=1)
    return min(asked, yesterday) if asked else yesterday
