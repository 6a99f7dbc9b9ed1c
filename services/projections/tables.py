"""What projections has in the database: the read models and what stands around them.

Three roles read, each the rows of its territory. The reader sees them whole; the counter only columns that name
nobody; the partner (a mission locale, a CIO) parcours and delays, and who they are about, but no absence.
"""

from pathlib import Path

from chassis.revisions import Connection, Schema


def _finish(connection: Connection) -> None:
    from services.projections.stores.generations import make_missing

    make_missing(connection)


SCHEMA = Schema(
    "projections",
    Path(__file__).with_name("migrations"),
    tuple(f"perseverance_projections_{reader}" for reader in ("reader", "counter", "partner")),
    _finish,
)
