"""The tables of alerts filled from nothing: COPY where rows are new, one update for those that changed since."""

from collections.abc import Iterable

import psycopg
from msgspec.structs import astuple

from chassis.database import Transaction
from services.projections.folding.alerts import AlertsFold
from services.projections.stores import alerts
from services.projections.stores.rows import Row, copy


def load(tx: Transaction, fold: AlertsFold) -> set[str]:
    """Write what a large batch made, into tables that nobody reads yet and that have no secondary index."""
    if not _copied(tx, "alerts", map(astuple, fold.raised.values())):
        alerts.write_raised(tx, fold)
    alerts.write_changed(tx, fold)
    copy(tx, "timeline", map(astuple, fold.happened))
    alerts.delete_reached(tx, fold)
    if not _copied(tx, "approaching", fold.approaching()):
        alerts.write_approached(tx, fold)
    return set()


def _copied(tx: Transaction, table: str, rows: Iterable[Row]) -> bool:
    """Whether all these rows were new; if one was not, none is there."""
    try:
        with tx.connection.transaction():
            copy(tx, table, rows)
    except psycopg.errors.UniqueViolation:
        return False
    return True
