"""No command is forgotten: each is given canaries, or it is said why not."""

from importlib import import_module

from typer.core import TyperGroup
from typer.main import get_command

from cli.main import COMMANDS
from tests.real.sight.commands import AT_WORK, NOT_HERE, SHOWING_ADDRESSES, WITH_A_STREAM_AHEAD


def existing() -> set[str]:
    """Every command there is, those of a group by both their words."""
    found = set()
    for name, (module, _) in COMMANDS.items():
        command = get_command(import_module(module).app)
        found |= {f"{name} {each}" for each in command.commands} if isinstance(command, TyperGroup) else {name}
    return found


def test_every_command_is_looked_at_or_it_is_said_why_not() -> None:
    known = existing()
    runs = [run.words.removeprefix("--data {directory}/restored ").split() for run in AT_WORK]
    runs += [run.words.split() for run in (*SHOWING_ADDRESSES, *WITH_A_STREAM_AHEAD)]
    looked_at = {" ".join(words[:2]) if " ".join(words[:2]) in known else words[0] for words in runs}
    assert {"backup", "keys next", "register erase", "streams rewind"} <= looked_at
    assert looked_at & set(NOT_HERE) == set()
    assert looked_at | set(NOT_HERE) == known
