"""The command `perseverance`: one door to everything, and each room opened only when it is entered.

A module listed in COMMANDS offers `app`, a `typer.Typer`: one command, or a group of them. It finds the
running suite with `cli.runtime.suite_of(ctx)` and raises `cli.errors.CliError` for what people can mend.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.errors import CliError, ExitCode
from cli.runtime import DEFAULT_DATA

COMMANDS = {
    "up": ("cli.up", "Run the whole suite on this machine."),
    "demo": ("cli.demo", "Play a synthetic school year, then stay up to be looked at."),
    "simulate": ("cli.simulate", "Send a synthetic school year to a suite that is up."),
    "import": ("cli.imports", "Import pupils or absences from a CSV file."),
    "directory": ("cli.directory", "Load and look at schools and people in charge."),
    "senders": ("cli.senders", "Register the school systems that may send events."),
    "register": ("cli.register", "Forget who a pupil is, for good."),
    "provision": ("cli.provision", "Make the database and the streams what they must be."),
    "backup": ("cli.backup", "Save everything the suite has to remember, while it works."),
    "restore": ("cli.restore", "Put a backup back on empty servers."),
    "rehearse": ("cli.rehearse", "Prove that a backup can be put back, on servers of its own."),
    "rebuild": ("cli.rebuild", "Build a read model beside the live one, then switch."),
    "streams": ("cli.streams", "Compare streams with their logs; mend them after a restored backup."),
    "keys": ("cli.keys", "Make and replace the keys that services show NATS."),
    "quarantine": ("cli.quarantine", "Look at messages that could not be handled; replay or drop them."),
    "wait": ("cli.wait", "Return when nothing is left to read, to decide, to publish or to send."),
    "token": ("cli.token", "Print a development bearer token for an actor."),
    "settings": ("cli.settings", "List every setting, and say which of this environment is none."),
    "doctor": ("cli.doctor", "Check everything and say what to do about what is wrong."),
}


class LazyGroup(TyperGroup):
    """A group that imports a command's module only to run that command, so that `--help` stays quick."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command if it is loaded, else a stand-in that has its name and its help."""
        if cmd_name not in COMMANDS:
            return None
        return self.commands.get(cmd_name) or TyperCommand(cmd_name, help=COMMANDS[cmd_name][1])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command, about to run."""
        if args and args[0] in COMMANDS:
            loaded: typer.Typer = import_module(COMMANDS[args[0]][0]).app
            loaded._add_completion = False  # noqa: SLF001  (the main command offers it; once is enough)
            loaded.rich_markup_mode = None
            self.add_command(get_command(loaded), args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"perseverance {version('perseverance')}\n")
        raise typer.Exit


@app.callback()
def perseverance(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option(help="Where the suite keeps everything.")] = DEFAULT_DATA,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Help a French académie keep its pupils from dropping out: absences in, alerts and e-mails out."""
    ctx.obj = data


def main() -> None:
    """Run the command line; a foreseeable fault is one line on stderr and an exit code, never a traceback."""
    try:
        get_command(app)(prog_name="perseverance")
    except CliError as error:
        _fail(str(error), error.code)
    except ConnectionError as error:
        _fail(f"a server is away ({type(error).__name__}): is the suite up? see `perseverance doctor`", 4)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"perseverance: {message}\n")
    sys.exit(int(ExitCode(code)))


if __name__ == "__main__":
    main()
