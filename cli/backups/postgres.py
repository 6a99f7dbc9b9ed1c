"""pg_dump and pg_restore, as they come with the embedded server; a password goes by the environment."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cli.errors import CliError

Step = Callable[[str], None]
"""Told what the program is at, a line for each object of the database."""


class Refused(CliError):
    """The program ended with an error; its last line says which, without a row of a table."""


def address(url: str, connection: psycopg.Connection[Any]) -> str:
    """`url` with the password that let `connection` in: that of a file stands in no url."""
    password = connection.info.password
    return make_conninfo(url, password=password) if password else url


def dump(url: str, schemas: Sequence[str], snapshot: str, file: Path, step: Step) -> None:
    """Write these schemas, as `snapshot` shows them, into one compressed file. Raises Refused."""
    wanted = [f"--schema={schema}" for schema in schemas]
    _run("pg_dump", url, ["--format=custom", f"--file={file}", f"--snapshot={snapshot}", *wanted], step)


def restore(url: str, file: Path, step: Step) -> None:
    """Put everything back, or nothing. Raises Refused."""
    _run("pg_restore", url, ["--no-owner", "--exit-on-error", "--single-transaction", str(file)], step)


def objects(file: Path) -> int:
    """How many objects a dump holds."""
    listed = subprocess.run([_program("pg_restore"), "--list", str(file)], capture_output=True, text=True, check=False)
    return sum(not line.startswith(";") for line in listed.stdout.splitlines())


def _program(name: str) -> str:
    """The embedded server's own, else the machine's. Raises CliError."""
    try:
        from chassis.embedded import postgres_program
    except ImportError:
        found = shutil.which(name)
        if found is None:
            raise CliError(f"{name} is not installed", "install PostgreSQL's client") from None
        return found
    return postgres_program(name)


def _run(program: str, url: str, arguments: Sequence[str], step: Step) -> None:
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    password = {"PGPASSWORD": parts.pop("password")} if "password" in parts else {}
    process = subprocess.Popen(
        [_program(program), "--verbose", f"--dbname={make_conninfo(**parts)}", *arguments],
        env={**os.environ, **password, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        umask=0o077,
    )
    last = ""
    assert process.stderr is not None
    with process.stderr as said:
        for line in said:
            text = line.strip().removeprefix(f"{program}: ")
            if text.startswith("error:"):
                last = text
            step(text)
    if process.wait() != 0:
        raise Refused(f"{program} failed ({_without_values(last)})", "its documentation says what this means")


def _without_values(error: str) -> str:
    """The error as it is said, without what follows about a row (DETAIL, CONTEXT are on lines of their own)."""
    return error.removeprefix("error: ").partition("DETAIL")[0].strip()[:200] or "no reason given"
