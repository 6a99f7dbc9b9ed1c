"""`perseverance wait`: return when nothing is left to read, to decide, to publish or to send now."""

import asyncio
import time
from typing import Annotated

import typer

from cli.errors import ExitCode
from cli.output import emit, say
from cli.runtime import suite_of

app = typer.Typer()

_PATIENCE_S = 30.0
"""How long a server may be away before it is asked whether there is a suite at all."""


@app.command()
def main(
    ctx: typer.Context,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Give up after that many seconds; wait for ever by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say who is behind as JSON.")] = False,
) -> None:
    """Return when nothing is left to read, to decide, to publish or to send now; exit code 1 when the time is over.

    To decide: deadlines that are due by the clock of the services, simulated or not. A server that is away, because it
    is being started again for one, is waited for too; when nothing answers at first, for half a minute at most.
    """
    from cli.drain import Behind, Drain
    from cli.wiring import connected

    suite = suite_of(ctx)

    async def drained() -> list[Behind]:
        started = time.monotonic()
        patience = _PATIENCE_S if timeout is None else min(timeout, _PATIENCE_S)
        async with connected(suite, patience_s=patience) as services:
            left = None if timeout is None else max(0.0, timeout - (time.monotonic() - started))
            return await Drain(services).wait(left)

    behind = asyncio.run(drained())
    if as_json:
        emit({"at_rest": not behind, "behind": [str(entry) for entry in behind]})
    else:
        for entry in behind:
            say(str(entry))
    raise typer.Exit(ExitCode.FAILURE if behind else ExitCode.OK)
