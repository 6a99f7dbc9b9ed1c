"""What the NATS door refused, kept in the transaction that passes over it, until it is published."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.database import Transaction
from services.intake.verdicts import Refusal

_KEPT_FOR = timedelta(days=30)


def put(tx: Transaction, now: datetime, refused: Sequence[tuple[str, Refusal]]) -> None:
    """Keep refusals with the sender they answer. The door must be held: readers follow the order of commits."""
    if not refused:
        return
    tx.execute(
        "INSERT INTO refusals (refused_at, sender, payload)"
        " SELECT %s, sender, payload FROM unnest(%s::text[], %s::bytea[])"
        " WITH ORDINALITY AS rows (sender, payload, place) ORDER BY place",
        (now, [sender for sender, _ in refused], [_document(now, refusal) for _, refusal in refused]),
    )


def after(tx: Transaction, position: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
    """Position, sender and document of what follows `position`, in order."""
    tx.execute(
        "SELECT position, sender, payload FROM refusals WHERE position > %s ORDER BY position LIMIT %s",
        (position, limit),
    )
    return tx.fetchall()


def forget_old(tx: Transaction, published: int, now: datetime) -> int:
    """Drop what is older than the stream keeps it, once published; return how many.

    A stream that has emptied with age no longer tells what it published: after twice that time, drop all the same.
    """
    tx.execute(
        "DELETE FROM refusals WHERE refused_at < %s AND (position <= %s OR refused_at < %s)",
        (now - _KEPT_FOR, published, now - 2 * _KEPT_FOR),
    )
    return tx.rowcount


def _document(now: datetime, refusal: Refusal) -> bytes:
    return json.dumps(
        {
            "id": refusal.id,
            "source": refusal.source,
            "field": refusal.field,
            "code": refusal.code,
            "reason": refusal.reason,
            "time": now.isoformat(),
        }
    ).encode()
