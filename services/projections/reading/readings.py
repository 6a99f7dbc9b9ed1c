"""The only way into the read models: a transaction that holds the territory of whoever asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from chassis.database import Database
from chassis.login import Login
from services.projections.scope import Scope, Sees

Row = dict[str, Any]

READER = "perseverance_projections_reader"
COUNTER = "perseverance_projections_counter"
PARTNER = "perseverance_projections_partner"


class NotForThisRole(Exception):
    """This person's role does not see that."""


@dataclass(frozen=True)
class Reading:
    """An open read-only transaction that sees one person's territory and nothing else."""

    cursor: psycopg.Cursor[Row]
    scope: Scope

    @property
    def uais(self) -> list[str]:
        """The schools in sight, for the WHERE of every query."""
        return list(self.scope.uais)


class Readings:
    """Opens readings. `pool_size` connections for each role: who sees pupils, who counts, who sees parcours only."""

    def __init__(self, login: Login | str, pool_size: int = 4) -> None:
        self._pupils = Database(login, "projections", role=READER, pool_size=pool_size)
        self._counts = Database(login, "projections", role=COUNTER, pool_size=pool_size)
        self._partners = Database(login, "projections", role=PARTNER, pool_size=pool_size)

    @contextmanager
    def of_pupils(self, scope: Scope) -> Iterator[Reading]:
        """Lists and names. Raises NotForThisRole for those who only see figures."""
        if not scope.sees_alerts:
            raise NotForThisRole
        with self._open(self._pupils, scope) as reading:
            yield reading

    @contextmanager
    def of_parcours(self, scope: Scope) -> Iterator[Reading]:
        """Parcours and delays, with names; to a partner the database shows nothing else. Raises NotForThisRole."""
        if not scope.sees_parcours:
            raise NotForThisRole
        with self._open(self._pupils if scope.sees_alerts else self._partners, scope) as reading:
            yield reading

    @contextmanager
    def of_counts(self, scope: Scope) -> Iterator[Reading]:
        """Figures; the database gives no column that names anybody. Raises NotForThisRole."""
        if scope.sees not in (Sees.PUPILS, Sees.COUNTS):
            raise NotForThisRole
        with self._open(self._counts, scope) as reading:
            yield reading

    def close(self) -> None:
        """Give the connections back."""
        self._pupils.close()
        self._counts.close()
        self._partners.close()

    @contextmanager
    def _open(self, database: Database, scope: Scope) -> Iterator[Reading]:
        with database.transaction() as tx, tx.connection.cursor(row_factory=dict_row) as cursor:
            # For this transaction only: a session-level setting would pass to the pool's next user.
            cursor.execute(
                "SELECT set_config('perseverance.uais', %s, true), set_config('transaction_read_only', 'on', true)",
                (",".join(scope.uais),),
            )
            yield Reading(cursor, scope)
