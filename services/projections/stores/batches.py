"""What every batch of a read model does beside its rows: take its place, say how far it got, tell the pages."""

from collections.abc import Collection

from chassis.database import Transaction
from chassis.positions import Fenced

CHANNEL = "perseverance_projections"
EVERYWHERE = "*"
_ERASURE = 4_815_162  # any number, the same for all: who writes about pupils, and who erases one
_MOST_SCHOOLS = 500  # a notification holds 8 000 bytes

# What a batch touches is found by its key. A plan made while a table was small would read it whole, and would go on
# doing so as it grows, until the server's next look at its size.
WRITING = """
set_config('synchronous_commit', 'off', true), set_config('enable_seqscan', 'off', true),
set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
"""


class OtherForm(Fenced):
    """The live read model was built by another version, for which its own readers write."""


def begin(tx: Transaction, model: str, version: int) -> None:
    """Begin a batch that writes about pupils. Raises OtherForm when the live tables are not of this version.

    No wait for the disk: rows and position are lost together if the server falls, and read again.
    The shared lock keeps an erasure from passing between a look at `forgotten` and the rows written.
    """
    tx.execute(f"SELECT {WRITING}, pg_advisory_xact_lock_shared(%s)", (_ERASURE,), prepare=True)
    # A statement of its own: while the one above waited, a rebuild may have switched.
    tx.execute("SELECT version FROM read_models WHERE name = %s", (model,), prepare=True)
    if tx.fetchone() != (version,):
        raise OtherForm


def begin_erasure(tx: Transaction) -> None:
    """Begin a batch that erases pupils: alone, and waiting for the disk."""
    tx.execute("SELECT pg_advisory_xact_lock(%s)", (_ERASURE,))


def finish(tx: Transaction, reader: str, times: dict[int, str], schools: Collection[str]) -> None:
    """Keep the time of the last fact of each partition, and tell the pages of these schools at commit."""
    tx.execute(
        "INSERT INTO freshness (reader, partition, at)"
        " SELECT %s, * FROM unnest(%s::smallint[], %s::timestamptz[])"
        " ON CONFLICT (reader, partition) DO UPDATE SET at = greatest(freshness.at, excluded.at)",
        (reader, list(times), list(times.values())),
        prepare=True,
    )
    if schools:
        told = EVERYWHERE if len(schools) > _MOST_SCHOOLS else ",".join(sorted(schools))
        tx.execute("SELECT pg_notify(%s, %s)", (CHANNEL, told), prepare=True)
