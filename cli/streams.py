"""`perseverance streams`: whether each stream is the beginning of its log, and what to do when it is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.runtime import Suite, data_of, suite_of

if TYPE_CHECKING:
    from cli.rewinding import Found, Tail

app = typer.Typer(no_args_is_help=True)
_Json = Annotated[bool, typer.Option("--json", help="Say it as JSON.")]


@app.command()
def verify(ctx: typer.Context, as_json: _Json = False) -> None:
    """Compare the end of each stream with its log; exit code 1 when a stream holds what its log does not."""
    found = asyncio.run(_verify(suite_of(ctx)))
    if as_json:
        emit(
            [
                {"stream": f.stream, "log_ends": f.log_ends, "stream_ends": f.stream_ends, "ahead": f.ahead}
                for f in found
            ]
        )
    else:
        for each in found:
            say(str(each))
    raise typer.Exit(ExitCode.FAILURE if any(each.ahead for each in found) else ExitCode.OK)


@app.command()
def rewind(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Which streams; all that are ahead when left out.")] = None,
    into: Annotated[Path | None, typer.Option(help="Where what is taken out is kept; DIR/rewound by default.")] = None,
    as_json: _Json = False,
) -> None:
    """After a database was restored: take out of the streams what their logs do not know, and keep it in a file.

    A compacted stream, REGISTER, is emptied for its relay to say it again; identities are kept in no file.
    """
    at = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    directory = (into or data_of(ctx) / "rewound") / at
    tails = asyncio.run(_rewind(suite_of(ctx), names or [], directory))
    if as_json:
        emit([{**asdict(each), "kept_in": str(each.kept_in or "")} for each in tails])
    for each in () if as_json else tails:
        say(str(each))


@app.command()
def remake(ctx: typer.Context, as_json: _Json = False) -> None:
    """Make anew the streams that were made for one server and are to have copies, or the reverse.

    And those that somebody changed in a way that the server does not take back.
    Their relays fill them again from their logs, at the same places; readers wait for that and go on.
    """
    made = asyncio.run(_remake(suite_of(ctx)))
    if as_json:
        emit(made)
    else:
        say(f"made anew, and being filled: {', '.join(made)}" if made else "every stream is written as declared")


async def _remake(suite: Suite) -> list[str]:
    from chassis.provision import remake_streams
    from cli.errands import errand
    from contracts.catalogue import STREAMS
    from contracts.permissions import PROVISIONING

    async with errand(suite, PROVISIONING) as client:
        return await remake_streams(client.jetstream(timeout=10), STREAMS)


async def _verify(suite: Suite) -> "list[Found]":
    from cli.rewinding import look

    async with _relays(suite) as (_, relays):
        return [await look(relay) for relay in relays]


async def _rewind(suite: Suite, names: list[str], directory: Path) -> "list[Tail]":
    from cli.rewinding import look, take_out

    async with _relays(suite) as (js, relays):
        known = {relay.stream for relay in relays}
        if unknown := set(names) - known:
            hint = f"there are {', '.join(sorted(known))}"
            raise CliError(f"no log makes {', '.join(sorted(unknown))}", hint, ExitCode.USAGE)
        wanted = [relay for relay in relays if not names or relay.stream in names]
        return [await take_out(js, relay, directory) for relay in wanted if (await look(relay)).ahead]


@asynccontextmanager
async def _relays(suite: Suite) -> AsyncIterator[tuple]:  # type: ignore[type-arg]
    from cli.wiring import connected

    async with connected(suite) as services:
        yield services[0].nats.js, [relay for service in services for relay in service.relays]
