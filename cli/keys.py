"""`perseverance keys`: the keys that services show NATS: make them, replace them one after the other."""

from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CliError, ExitCode
from cli.keyring import AUTHORIZATION_FILE, SENDERS_FILE, Keyring, is_public_key
from cli.output import say
from contracts.authorization import KEYS_FILE
from contracts.permissions import USERS
from services.intake.senders import is_name

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Where the keys are; only its owner may open it.")]
User = Annotated[str, typer.Argument(help=f"One of {', '.join(USERS)}.")]


@app.command()
def make(directory: Directory) -> None:
    """Make the keys that are missing, and the two files the server reads. Those that are there are kept."""
    made = Keyring(directory).make()
    say(f"{len(made)} keys made, {len(USERS) - len(made)} kept; {AUTHORIZATION_FILE} and {KEYS_FILE} written")


@app.command("next")
def next_(directory: Directory, user: User) -> None:
    """Make the key to come of a user, and let the server know it beside the one in use."""
    seed = _keyring(directory, user).prepare(user)
    say(f"{seed} made; let the server read {KEYS_FILE} again, then give the seed to {user}, then `keys switch`")


@app.command()
def switch(directory: Directory, user: User) -> None:
    """The key to come is the one in use; the former one is forgotten."""
    _keyring(directory, user).switch(user)
    say(f"let the server read {KEYS_FILE} again: it will not know the former key of {user} any more")


@app.command()
def sender(
    directory: Directory,
    name: Annotated[str, typer.Argument(help="The name it was registered under: see `perseverance senders`.")],
    public_key: Annotated[str, typer.Argument(help="The public half of the key it made for itself; begins with U.")],
) -> None:
    """Let a school's system send on NATS under its name. A second key is good beside the first, to replace it."""
    _check(name, public_key)
    _made(directory).admit(name, public_key)
    say(f"{name} may send with this key as soon as the server has the new {AUTHORIZATION_FILE}")


@app.command()
def dismiss(
    directory: Directory,
    name: Annotated[str, typer.Argument(help="The name of the sender.")],
    public_key: Annotated[str | None, typer.Argument(help="Of its keys, this one; all of them when left out.")] = None,
) -> None:
    """Let a school's system send no more, or no more with this key."""
    _check(name, public_key)
    gone = _made(directory).dismiss(name, public_key)
    if not gone:
        raise CliError("there is no such key of this sender", f"see the file {directory / SENDERS_FILE}")
    many = "1 key" if gone == 1 else f"{gone} keys"
    say(f"{many} of {name} forgotten, by the server too once it has the new {AUTHORIZATION_FILE}")


def _check(name: str, public_key: str | None) -> None:
    if not is_name(name):
        raise CliError("this is no sender's name", "see `perseverance senders list`", ExitCode.USAGE)
    if public_key is not None and not is_public_key(public_key):
        raise CliError("this is no public key of a user", "56 characters, U first: copy it whole", ExitCode.USAGE)


def _made(directory: Path) -> Keyring:
    if not (directory / KEYS_FILE).exists():
        raise CliError(f"there are no keys in {directory}", "make them with `perseverance keys make`")
    return Keyring(directory)


def _keyring(directory: Path, user: str) -> Keyring:
    if user not in USERS:
        raise CliError("there is no such user", f"one of {', '.join(USERS)}", ExitCode.USAGE)
    return _made(directory)
