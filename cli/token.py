"""`perseverance token`: a development bearer token. Sign-in through the institution will replace it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.runtime import TOKEN_SECRET, TOKEN_SECRET_FILE, suite_of

app = typer.Typer()


@app.command()
def main(
    ctx: typer.Context,
    actor: Annotated[str, typer.Option(help="Who the token stands for: an id of the directory.")],
    hours: Annotated[int, typer.Option(min=1, max=24, help="How long it is good for.")] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="Write it in a JSON document.")] = False,
) -> None:
    """Print a bearer token for an actor of the directory, good for twelve hours."""
    from datetime import timedelta

    from pydantic import TypeAdapter, ValidationError

    from contracts.identifiers import ActorId
    from services.projections import tokens

    try:
        TypeAdapter(ActorId).validate_python(actor)
    except ValidationError:
        raise CliError("this is not an actor's id", "see `perseverance directory list`", ExitCode.USAGE) from None
    token = tokens.issue(secret_of(ctx).encode(), actor, timedelta(hours=hours))
    if as_json:
        emit({"actor": actor, "token": token, "hours": hours})
    else:
        typer.echo(token)
        say("send it as `Authorization: Bearer ...`", "dim")


def secret_of(ctx: typer.Context) -> str:
    """The secret that signs tokens: the environment's, or the one of the suite under `--data`.

    Raises CliError when there is none.
    """
    from services.projections.settings import SHORTEST_SECRET

    if os.environ.get(TOKEN_SECRET):
        secret = os.environ[TOKEN_SECRET]
    elif os.environ.get(TOKEN_SECRET_FILE):
        secret = _signing(Path(os.environ[TOKEN_SECRET_FILE]))
    else:
        secret = suite_of(ctx).secrets().get(TOKEN_SECRET, "")
    if len(secret) < SHORTEST_SECRET:
        raise CliError(
            "the secret that signs tokens is not known here, or too short", f"set {TOKEN_SECRET} or {TOKEN_SECRET_FILE}"
        )
    return secret


def _signing(path: Path) -> str:
    from chassis.settings import read_secrets

    try:
        return read_secrets(path)[0]
    except ValueError as error:
        raise CliError(f"{TOKEN_SECRET_FILE}: {error}", "run as the user who may read it") from None
