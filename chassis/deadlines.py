"""Deadlines as rows: written in the transaction of the event that opens them, taken by whoever comes first."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock, DatabaseClock
from chassis.database import Database, Transaction

_TAKE = (
    "WITH due AS ("
    " SELECT aggregate_id, kind FROM deadlines AS it WHERE fired_at IS NULL AND due_at <= %(now)s AND kind = {kind}"
    " AND aggregate_id <> ALL(%(but)s::uuid[])"
    " ORDER BY due_at, aggregate_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
    " UPDATE deadlines SET fired_at = %(now)s FROM due"
    " WHERE deadlines.aggregate_id = due.aggregate_id AND deadlines.kind = due.kind"
    " RETURNING deadlines.aggregate_id, deadlines.kind, deadlines.due_at"
)
_FIRST_OPEN = (
    "(SELECT kind FROM deadlines WHERE aggregate_id = it.aggregate_id AND fired_at IS NULL"
    " ORDER BY due_at, kind LIMIT 1)"
)
_TAKE_KIND, _TAKE_ANY = _TAKE.format(kind="%(kind)s"), _TAKE.format(kind=_FIRST_OPEN)

_ANY = (
    "SELECT 1 FROM deadlines WHERE fired_at IS NULL"
    " AND due_at <= coalesce(%(now)s::timestamptz, statement_timestamp()){kind} LIMIT 1"
)
_ANY_KIND, _ANY_AT_ALL = _ANY.format(kind=" AND kind = %(kind)s"), _ANY.format(kind="")


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something to look at again at `due_at`; one of each kind for an aggregate."""

    aggregate_id: UUID
    kind: str
    due_at: datetime


def schedule(tx: Transaction, aggregate_id: UUID, kind: str, due_at: datetime) -> None:
    """Open a deadline, or move it; one that had fired is open again."""
    schedule_many(tx, [Deadline(aggregate_id, kind, due_at)])


def schedule_many(tx: Transaction, deadlines: Sequence[Deadline]) -> None:
    """Open or move many deadlines in one statement; of two for the same kind the last counts."""
    last = {(deadline.aggregate_id, deadline.kind): deadline for deadline in deadlines}.values()
    if last:
        tx.execute(
            "INSERT INTO deadlines (aggregate_id, kind, due_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[])"
            " ON CONFLICT (aggregate_id, kind) DO UPDATE SET due_at = excluded.due_at, fired_at = NULL",
            ([d.aggregate_id for d in last], [d.kind for d in last], [d.due_at for d in last]),
        )


def cancel(tx: Transaction, aggregate_id: UUID, kind: str | None = None) -> None:
    """Close the deadline of this kind, or all those of the aggregate."""
    cancel_many(tx, [aggregate_id], kind)


def cancel_many(tx: Transaction, aggregate_ids: Iterable[UUID], kind: str | None = None) -> None:
    """Close the deadlines of these aggregates, of one kind or of all."""
    ids = list(aggregate_ids)
    if ids:
        tx.execute(
            "DELETE FROM deadlines WHERE aggregate_id = ANY(%s) AND (%s::text IS NULL OR kind = %s)",
            (ids, kind, kind),
        )


def take_due(
    tx: Transaction, now: datetime, limit: int, kind: str | None = None, but: Collection[UUID] = ()
) -> list[Deadline]:
    """Take what is due, oldest first, at most `limit`; never one that another replica holds, nor of `but`.

    Without `kind`, never one of an aggregate that has an older one still open: what replicas take side by side
    then reaches each aggregate in due order, whoever of them is slow or dies. They count as fired when the
    transaction commits; if it does not, they are due again.
    """
    tx.execute(_TAKE_ANY if kind is None else _TAKE_KIND, {"now": now, "kind": kind, "limit": limit, "but": list(but)})
    return sorted((Deadline(*row) for row in tx.fetchall()), key=lambda each: (each.due_at, each.aggregate_id))


def any_due(database: Database, kind: str | None = None, clock: Clock | None = None) -> bool:
    """Whether something is due, by the database's own clock or by `clock` where that is another; nothing is taken.

    For whoever looks again and again: nearly always nothing is, and one statement is all it takes to know.
    """
    now = None if clock is None or isinstance(clock, DatabaseClock) else clock.now()
    return bool(database.rows(_ANY_AT_ALL if kind is None else _ANY_KIND, {"now": now, "kind": kind}))


def next_due(tx: Transaction, kind: str | None = None) -> datetime | None:
    """When the next deadline falls due, if any is open."""
    tx.execute(
        "SELECT min(due_at) FROM deadlines WHERE fired_at IS NULL AND (%(kind)s::text IS NULL OR kind = %(kind)s)",
        {"kind": kind},
    )
    row = tx.fetchone()
    return row[0] if row else None


def late(tx: Transaction, now: datetime) -> tuple[int, datetime | None]:
    """How many deadlines are due and open, and when the oldest of them fell due."""
    tx.execute("SELECT count(*), min(due_at) FROM deadlines WHERE fired_at IS NULL AND due_at <= %s", (now,))
    row = tx.fetchone()
    return (row[0], row[1]) if row else (0, None)


def count(tx: Transaction, kinds: Collection[str]) -> int:
    """How many deadlines of these kinds are open, due or not."""
    tx.execute("SELECT count(*) FROM deadlines WHERE fired_at IS NULL AND kind = ANY(%s)", (list(kinds),))
    row = tx.fetchone()
    return int(row[0]) if row else 0
