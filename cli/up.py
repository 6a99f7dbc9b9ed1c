"""`perseverance up`: the whole suite on one machine, in the foreground, until it is told to stop."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.runtime import data_of

app = typer.Typer()


class ClockKind(StrEnum):
    """What drives the time that services see."""

    system = "system"
    simulated = "simulated"


@app.command()
def main(
    ctx: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Where the suite keeps everything.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the pages; 0 takes a free one.")] = 8000,
    replicas: Annotated[int, typer.Option(min=1, max=16, help="How many processes of each service.")] = 1,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            envvar="PERSEVERANCE_DEMO",
            help="Let whoever opens the pages choose, without a password, as whom of the directory to sign in.",
        ),
    ] = False,
    clock: Annotated[
        ClockKind, typer.Option(help="`simulated`: services see the time a simulator sets.")
    ] = ClockKind.system,
) -> None:
    """Run the whole suite on this machine; prints `ready URL` on stdout when it is."""
    import uvloop

    from cli.supervisor.programs import Options
    from cli.supervisor.suite import run

    options = Options(data or data_of(ctx), port, demo, clock.value, replicas)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(options))
