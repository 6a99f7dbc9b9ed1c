"""The ledger in PostgreSQL: every fact ever accepted, once, in the order of commits. Inbox and outbox at once."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from chassis.database import Transaction
from contracts.envelope import correlation_of

_DOOR = "SELECT pg_advisory_xact_lock(hashtextextended('intake.door', 0))"
_LAST = "SELECT position, accepted_at FROM ledger ORDER BY position DESC LIMIT 1"
_KNOWN = "SELECT event_key, body_hash FROM ledger WHERE event_key = ANY(%b::bytea[])"
_TIMES = """SELECT event_key, convert_from(payload, 'UTF8')::json->>'time' FROM ledger
    WHERE event_key = ANY(%b::bytea[])"""
_APPEND = "COPY ledger (position, event_key, body_hash, accepted_at, student_id, fact, sender, payload) FROM STDIN"
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """One accepted fact. `payload` is the pseudonymous envelope, as it is published."""

    position: int
    event_key: bytes
    body_hash: bytes | None
    accepted_at: datetime
    student_id: UUID
    fact: str
    sender: str
    payload: bytes


def event_key(source: str, event_id: str) -> bytes:
    """What an event is known by, for ever: its source and its id, neither of which says anything of a pupil."""
    return correlation_of(source, event_id).bytes


def hold_door(tx: Transaction) -> tuple[int, datetime]:
    """Let nobody else write until this transaction ends; return the last position and its moment.

    Positions are then given in the order of commits, without gaps, and no reader of the log can pass
    over one that is committed late.
    """
    tx.execute(_DOOR)
    row = tx.execute(_LAST, prepare=True).fetchone()
    return (row[0], row[1]) if row else (0, _NEVER)


def known(tx: Transaction, keys: Collection[bytes]) -> dict[bytes, bytes | None]:
    """The hash of the content kept under each of these keys; None where its pupil was erased."""
    tx.execute(_KNOWN, (list(keys),), prepare=True)
    return dict(tx.fetchall())


def times(tx: Transaction, keys: Collection[bytes]) -> dict[bytes, datetime]:
    """The `time` of the fact kept under each of these keys."""
    if not keys:
        return {}
    tx.execute(_TIMES, (list(keys),))
    return {key: datetime.fromisoformat(time) for key, time in tx.fetchall()}


def append(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Add these facts at the end. The door must be held."""
    if not entries:
        return
    with tx.copy(_APPEND) as copy:
        for entry in entries:
            copy.write_row(entry)


def after(tx: Transaction, position: int, limit: int) -> Sequence[tuple[int, UUID, str, bytes]]:
    """Position, pupil, fact and payload of what follows `position`, in order."""
    tx.execute(
        "SELECT position, student_id, fact, payload FROM ledger WHERE position > %s ORDER BY position LIMIT %s",
        (position, limit),
        prepare=True,
    )
    return tx.fetchall()


def forget_contents(tx: Transaction, student_id: UUID) -> int:
    """Drop the content hashes of a pupil's facts; return how many facts there are."""
    tx.execute("UPDATE ledger SET body_hash = NULL WHERE student_id = %s", (student_id,))
    return tx.rowcount
