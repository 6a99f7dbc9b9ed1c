"""`perseverance settings`: every setting there is, and what is wrong with those of this environment."""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from chassis.settings import Settings, WrongSettings, load, unknown, variables
from cli.errors import CliError, ExitCode
from cli.output import emit
from contracts.catalogue import SERVICES
from services import VARIABLES

app = typer.Typer()

DOCUMENT = Path(__file__).parent.parent / "docs" / "settings.md"
OF_COMMANDS = {
    "PERSEVERANCE_URL": "Where the pages of the suite are, for commands that go through its door.",
    "PERSEVERANCE_BACKUPS": "Where backups are, each in a directory of its own: `doctor` looks there.",
    "PERSEVERANCE_SERVICES": "Where services listen that `up` did not start, as"
    " `alerts=http://alerts,intake=http://intake:8080`: `doctor` asks there.",
}


@app.command()
def main(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every setting; exit code 78 when one in this environment is none of ours."""
    if as_json:
        emit([{"variable": v, "of": of, "meaning": told, "default": by_itself} for of, v, told, by_itself in rows()])
    else:
        typer.echo(reference())
    if faults := unknown(known()):
        raise CliError("; ".join(faults), code=ExitCode.SETTINGS)


def classes() -> dict[str, type[Settings]]:
    """The settings of each service."""
    found: dict[str, type[Settings]] = {}
    for name in SERVICES:
        module = f"services.{name}.settings"
        if find_spec(module):
            import_module(module)
        own = [each for each in Settings.__subclasses__() if each.__module__ == module]
        found[name] = own[0] if own else Settings
    return found


def known() -> frozenset[str]:
    """Every variable of the suite, services and commands."""
    return frozenset({variable for _, variable, _, _ in rows()})


def check(environments: Mapping[str, Mapping[str, str]]) -> None:
    """Try the settings of each service in the environment it will have. Raises CliError that tells every fault."""
    ours = dict(os.environ)
    faults: dict[str, None] = {}
    for name, environment in environments.items():
        os.environ.update(environment)  # settings are read from there, and nowhere else
        try:
            load(classes()[name], known())
        except WrongSettings as error:
            faults |= dict.fromkeys(error.faults)
        finally:
            os.environ.clear()
            os.environ.update(ours)
    if faults:
        raise CliError("; ".join(faults), code=ExitCode.SETTINGS)


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Of each setting: whose it is, its variable, what it means, its default."""
    common = variables(Settings)
    for variable, info in common.items():
        yield "every service", variable, _meaning(info), _default(info)
    for name, settings in classes().items():
        for variable, info in variables(settings).items():
            if variable not in common:
                yield name, variable, _meaning(info), _default(info)
    for variable, meaning in OF_COMMANDS.items():
        yield "commands", variable, meaning, ""


def reference() -> str:
    """The page `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Everything is set by environment variables; an empty one counts as not set. A service with a wrong setting, or"
        " with a variable that begins with `PERSEVERANCE_` and is none of these, says so on stderr and in its log and"
        " ends with code 78. This page is made by `make schemas`; `perseverance settings` prints it.",
    ]
    section = ""
    for of, variable, meaning, default in rows():
        if of != section:
            lines += ["", f"## {of.capitalize()}", "", "| variable | what it is | default |", "|---|---|---|"]
            section = of
        lines.append(f"| `{variable}` | {meaning} | {default} |")
    return "\n".join(lines) + "\n"


def write() -> None:
    """Write the page, and the list that services compare their environment with."""
    DOCUMENT.write_text(reference())
    VARIABLES.write_text("\n".join(sorted(known())) + "\n")


def _meaning(info: FieldInfo) -> str:
    meaning = (info.description or "").replace("\n", " ")
    if get_origin(info.annotation) is Literal:
        meaning += f" One of {', '.join(f'`{value}`' for value in get_args(info.annotation))}."
    return meaning


def _default(info: FieldInfo) -> str:
    value: Any = info.default
    if info.is_required():
        return "**must be set**"
    if value is PydanticUndefined or value is None or value == "" or isinstance(value, Path):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    write()
