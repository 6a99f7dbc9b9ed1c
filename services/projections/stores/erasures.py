"""Erasing pupils from every read model, for good."""

from collections.abc import Collection, Mapping, Sequence

from chassis import quarantine
from chassis.database import Transaction

_REMEMBER = """
INSERT INTO forgotten (student_id, at) SELECT * FROM unnest(%s::uuid[], %s::timestamptz[])
ON CONFLICT DO NOTHING
"""
# By table. What is found through another table comes before it. An e-mail keeps its place in the counts,
# without its pupil.
_ERASE: Mapping[str, str] = {
    "timeline": "DELETE FROM timeline USING alerts a WHERE a.alert_id = timeline.alert_id"
    " AND a.student_id = ANY(%b::uuid[])",
    "alerts": "DELETE FROM alerts WHERE student_id = ANY(%b::uuid[]) RETURNING uai",
    "approaching": "DELETE FROM approaching WHERE student_id = ANY(%b::uuid[]) RETURNING uai",
    "identities": "DELETE FROM identities WHERE student_id = ANY(%b::uuid[]) RETURNING uai",
    "enrolments": "DELETE FROM enrolments WHERE student_id = ANY(%b::uuid[]) RETURNING uai",
    "mails": "UPDATE mails SET alert_id = NULL, about_id = NULL, student_id = NULL WHERE student_id = ANY(%b::uuid[])"
    " RETURNING uai",
    "parcours_timeline": "DELETE FROM parcours_timeline t USING parcours p WHERE p.parcours_id = t.parcours_id"
    " AND p.student_id = ANY(%b::uuid[])",
    "placements": "DELETE FROM placements t USING parcours p WHERE p.parcours_id = t.parcours_id"
    " AND p.student_id = ANY(%b::uuid[])",
    "parcours": "DELETE FROM parcours WHERE student_id = ANY(%b::uuid[]) RETURNING uai",
    "delay_timeline": "DELETE FROM delay_timeline t USING delays d WHERE d.delay_id = t.delay_id"
    " AND d.student_id = ANY(%b::uuid[])",
    "delays": "DELETE FROM delays WHERE student_id = ANY(%b::uuid[]) RETURNING uai",
}


def erase(tx: Transaction, pupils: Mapping[str, str]) -> set[str]:
    """Erase these pupils (id, instant of the erasure) everywhere; return the schools it touched."""
    wanted = list(pupils)
    tx.execute(_REMEMBER, (wanted, list(pupils.values())))
    touched = sweep(tx, wanted, _ERASE)
    for student_id in wanted:
        quarantine.forget_key(tx, student_id)
    return touched


def sweep(tx: Transaction, pupils: Sequence[str], tables: Collection[str]) -> set[str]:
    """Erase these pupils from these tables; return the schools it touched."""
    touched: set[str] = set()
    for table, statement in _ERASE.items():
        if table in tables:
            tx.execute(statement, (list(pupils),))
            if "RETURNING" in statement:
                touched |= {uai for (uai,) in tx.fetchall() if uai}
    return touched


def forgotten(tx: Transaction) -> list[str]:
    """Every pupil ever erased."""
    tx.execute("SELECT student_id::text FROM forgotten")
    return [student_id for (student_id,) in tx.fetchall()]
