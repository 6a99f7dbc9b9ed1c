"""What a backup says of itself: which version took it, when, what is in it. Nothing personal: counts and digests."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from chassis.login import Login
from cli.errors import CliError

NAME = "manifest.json"
DATABASE, DIRECTORY = "database.dump", "directory.json"
_BLOCK = 1 << 20
# Where rows stand on the way from one server to another: the same text on both.
_PLAINLY = "-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1 -c bytea_output=hex -c row_security=off"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's content: how many rows, and a digest that does not depend on their order."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a stream ends: its last sequence, the log position of that message, how many messages it keeps."""

    seq: int
    position: int
    messages: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of the backup."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read the file through."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return cls(path.stat().st_size, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup."""

    perseverance: str
    postgresql: str
    taken_at: datetime
    revisions: Mapping[str, list[str]]
    tables: Mapping[str, Table]
    streams: Mapping[str, Tail]
    files: Mapping[str, File]

    def write(self, directory: Path) -> None:
        """Last of all: a backup without its manifest is not one."""
        path = directory / NAME
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2, default=str) + "\n")

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Raises CliError when this is no whole backup."""
        try:
            said: dict[str, Any] = json.loads((directory / NAME).read_text())
            return cls(
                perseverance=said["perseverance"],
                postgresql=said["postgresql"],
                taken_at=datetime.fromisoformat(said["taken_at"]),
                revisions=said["revisions"],
                tables={name: Table(**table) for name, table in said["tables"].items()},
                streams={name: Tail(**tail) for name, tail in said["streams"].items()},
                files={name: File(**file) for name, file in said["files"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise CliError(f"{directory} holds no whole backup", "give the directory `backup` wrote") from None

    def check_files(self, directory: Path) -> None:
        """Raises CliError when a file is not as it was written."""
        for name, file in self.files.items():
            path = directory / name
            if not path.exists() or File.of(path) != file:
                raise CliError(f"{path} is missing or damaged", "take another backup")


def connect(login: Login) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection that shows rows as any other server would."""
    return login.connect(options=_PLAINLY)


def tables(
    connection: psycopg.Connection[Any], schemas: list[str], told: Callable[[str], None] = lambda _: None
) -> dict[str, Table]:
    """The content of every table of these schemas, as this connection sees it."""
    found = {}
    names = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2", (schemas,)
    ).fetchall()
    for schema, table in names:
        told(f"{schema}.{table}")
        found[f"{schema}.{table}"] = content(connection, schema, table)
    return found


def content(connection: psycopg.Connection[Any], schema: str, table: str) -> Table:
    """How many rows, and the sum of a hash of each."""
    query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} AS t")
    row = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
    assert row is not None
    return Table(int(row[0]), f"{int(row[1]) % (1 << 64):016x}")
