"""Which revisions a schema has, and which this version was built for: read at each start, without Alembic.

A revision is a file `NNNN_expand_what.py` or `NNNN_contract_what.py`. An expand revision only adds, so that the
version before goes on working beside it; a contract revision takes away what no running version needs any more.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

EXPAND, CONTRACT = "expand", "contract"
REMEDY = "run `perseverance provision` of this version"
_CHASSIS = "chassis"
_CHASSIS_REVISIONS = Path(__file__).with_name("migrations")
_NAME = re.compile(rf"(\d{{4}})_({EXPAND}|{CONTRACT})_\w+\.py")

Connection = psycopg.Connection[tuple[Any, ...]]


def _nothing(connection: Connection) -> None:
    """What most services do once their tables are made."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One service's part of the database.

    `revisions`: the directory of its own revisions, beside the chassis's; `readers`: roles that only read, each
    granted to the service; `finish`: what it makes each time, once its tables are as they must be.
    """

    name: str
    revisions: Path | None = None
    readers: tuple[str, ...] = ()
    finish: Callable[[Connection], None] = _nothing

    @property
    def role(self) -> str:
        """The role the service acts as."""
        return f"perseverance_{self.name}"

    @property
    def directories(self) -> dict[str, Path]:
        """Where revisions are, by the prefix of their ids."""
        own = {self.name: self.revisions} if self.revisions else {}
        return {_CHASSIS: _CHASSIS_REVISIONS, **own}

    def known(self) -> dict[str, str]:
        """Each revision this version has, and its kind."""
        return {
            f"{owner}_{named[1]}": named[2]
            for owner, directory in self.directories.items()
            for path in sorted(directory.iterdir())
            if (named := _NAME.fullmatch(path.name))
        }

    def applied(self, connection: Connection) -> dict[str, str]:
        """Each revision this schema has in the database, and its kind; empty before the first provisioning."""
        found = connection.execute("SELECT to_regclass(%s)", (f"{self.name}.revisions",)).fetchone()
        if not found or found[0] is None:
            return {}
        query = sql.SQL("SELECT revision, kind FROM {}").format(sql.Identifier(self.name, "revisions"))
        return dict(connection.execute(query).fetchall())

    def problems(self, connection: Connection) -> list[str]:
        """Why this version must not work on the schema as it is, a line each with what to do; empty when it may."""
        return problems(self.name, self.known(), self.applied(connection))


class RevisionFailed(Exception):
    """A revision of a schema could not be applied, and nothing of it was kept; its cause says why."""

    def __init__(self, schema: str, revision: str) -> None:
        super().__init__(revision)
        self.schema = schema
        self.revision = revision


def missing(known: Mapping[str, str], applied: Mapping[str, str]) -> list[str]:
    """What this version needs and the database does not have."""
    return sorted(known.keys() - applied.keys())


def foreign_contracts(known: Mapping[str, str], applied: Mapping[str, str]) -> list[str]:
    """What a newer version took away from the database."""
    return sorted(each for each in applied.keys() - known.keys() if applied[each] == CONTRACT)


def problems(schema: str, known: Mapping[str, str], applied: Mapping[str, str]) -> list[str]:
    """The rule: older than needed, refused; newer by expand revisions alone, accepted; by a contract one, refused."""
    found = []
    if lacking := missing(known, applied):
        found.append(f"schema {schema} is older than this version (without {', '.join(lacking)}): {REMEDY}")
    if beyond := foreign_contracts(known, applied):
        found.append(
            f"schema {schema} is newer than this version (contracted by {', '.join(beyond)}):"
            " run the version that provisioned it"
        )
    return found
