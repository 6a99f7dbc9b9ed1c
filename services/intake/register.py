"""The register of identities in PostgreSQL: the only table that knows who a pseudonym is."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.database import Transaction
from services.intake.pupils import Pupil

_BY_INE = (
    "SELECT student_id, ine, salt, uai, last_name, first_name, birth_date, class_name, stamps"
    " FROM register WHERE ine = ANY(%s)"
)
_SAVE = """
INSERT INTO register AS known (student_id, ine, salt, uai, last_name, first_name, birth_date, class_name,
                               stamps, change_seq, changed_at)
SELECT student_id, ine, salt, uai, last_name, first_name, birth_date, class_name, stamps::jsonb,
       %s + place, %s
FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::text[], %s::date[], %s::text[],
            %s::text[]) WITH ORDINALITY
     AS rows (student_id, ine, salt, uai, last_name, first_name, birth_date, class_name, stamps, place)
ON CONFLICT (student_id) DO UPDATE SET
    uai = excluded.uai, last_name = excluded.last_name, first_name = excluded.first_name,
    birth_date = excluded.birth_date, class_name = excluded.class_name, stamps = excluded.stamps,
    change_seq = excluded.change_seq, changed_at = excluded.changed_at
"""
_CHANGES = (
    "SELECT change_seq, student_id, ine, uai, last_name, first_name, birth_date, class_name, changed_at"
    " FROM register WHERE change_seq > %s ORDER BY change_seq LIMIT %s"
)
_ERASE = (
    "UPDATE register SET ine = NULL, salt = '', uai = NULL, last_name = NULL, first_name = NULL,"
    " birth_date = NULL, class_name = NULL, stamps = '{}', change_seq = %s, changed_at = %s,"
    " erased_at = %s WHERE student_id = %s"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the register as it stands, at its place in the order of changes."""

    position: int
    student_id: UUID
    changed_at: datetime
    pupil: Pupil | None  # None: erased


def by_ine(tx: Transaction, ines: Collection[str]) -> dict[str, Pupil]:
    """The pupils of these INE that the register knows."""
    tx.execute(_BY_INE, (list(ines),), prepare=True)
    return {row[1]: Pupil(*row) for row in tx.fetchall()}


def by_id(tx: Transaction, student_id: UUID) -> str | None:
    """The INE of a pseudonym; None if it is unknown or erased."""
    row = tx.execute("SELECT ine FROM register WHERE student_id = %s", (student_id,)).fetchone()
    return row[0] if row else None


def save(tx: Transaction, pupils: Sequence[Pupil], now: datetime) -> None:
    """Keep these pupils as they are now, at the end of the order of changes. The door must be held."""
    if not pupils:
        return
    columns = [
        [p.student_id for p in pupils],
        [p.ine for p in pupils],
        [p.salt for p in pupils],
        [p.uai for p in pupils],
        [p.last_name for p in pupils],
        [p.first_name for p in pupils],
        [p.birth_date for p in pupils],
        [p.class_name for p in pupils],
        [json.dumps(p.stamps) for p in pupils],
    ]
    tx.execute(_SAVE, (_last_change(tx), now, *columns), prepare=True)


def erase(tx: Transaction, student_id: UUID, now: datetime) -> None:
    """Forget who this is; the pseudonym alone remains, so that the stream can say so. The door must be held."""
    tx.execute(_ERASE, (_last_change(tx) + 1, now, now, student_id))


def drop_quarantined(tx: Transaction, ine: str) -> int:
    """Drop raw messages that were put aside and mention this INE; return how many."""
    tx.execute("DELETE FROM quarantine WHERE position(%s::bytea IN payload) > 0", (ine.encode(),))
    return tx.rowcount


def changes(tx: Transaction, after: int, limit: int) -> Sequence[Change]:
    """The lines changed after `after`, in the order of their last change."""
    tx.execute(_CHANGES, (after, limit), prepare=True)
    return [
        Change(seq, student_id, at, None if ine is None else Pupil(student_id, ine, b"", *identity))
        for seq, student_id, ine, *identity, at in tx.fetchall()
    ]


def _last_change(tx: Transaction) -> int:
    row = tx.execute("SELECT coalesce(max(change_seq), 0) FROM register").fetchone()
    assert row is not None
    return int(row[0])
