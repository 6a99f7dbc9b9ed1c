"""Identities and enrolments into their tables, a whole batch at a time."""

from msgspec.structs import astuple

from chassis.database import Transaction
from services.projections.folding.roster import RosterFold
from services.projections.stores.rows import Unnest

_IDENTIFY = Unnest("""
INSERT INTO identities (student_id, ine, uai, last_name, first_name, birth_date, class_name, search)
SELECT new.* FROM unnest(%t::uuid[], %t::text[], %t::text[], %t::text[], %t::text[], %t::date[], %t::text[],
    %t::text[]) AS new (student_id)
WHERE NOT EXISTS (SELECT FROM forgotten f WHERE f.student_id = new.student_id)
ON CONFLICT (student_id) DO UPDATE SET (ine, uai, last_name, first_name, birth_date, class_name, search) =
    (excluded.ine, excluded.uai, excluded.last_name, excluded.first_name, excluded.birth_date,
    excluded.class_name, excluded.search)
""")
_FORGET = "DELETE FROM identities WHERE student_id = ANY(%t::uuid[]) RETURNING coalesce(uai, '')"
# Schools send their facts in any order: what each one says stands until a later one says otherwise.
_ENROL = Unnest("""
INSERT INTO enrolments (student_id, uai, class_name, mef, status, since, enrolled_at, left_on, left_at)
SELECT new.* FROM unnest(%t::uuid[], %t::text[], %t::text[], %t::text[], %t::text[], %t::date[],
    %t::timestamptz[], %t::date[], %t::timestamptz[]) AS new (student_id)
WHERE NOT EXISTS (SELECT FROM forgotten f WHERE f.student_id = new.student_id)
ON CONFLICT (student_id, uai) DO UPDATE SET
    (class_name, mef, status, since, enrolled_at) = (SELECT latest.class_name, latest.mef, latest.status,
        latest.since, latest.enrolled_at
        FROM (VALUES (excluded.class_name, excluded.mef, excluded.status, excluded.since,
                excluded.enrolled_at, 2),
            (enrolments.class_name, enrolments.mef, enrolments.status, enrolments.since,
                enrolments.enrolled_at, 1))
            AS latest (class_name, mef, status, since, enrolled_at, place)
        ORDER BY latest.enrolled_at DESC NULLS LAST, latest.place DESC LIMIT 1),
    (left_on, left_at) = (SELECT latest.left_on, latest.left_at
        FROM (VALUES (excluded.left_on, excluded.left_at, 2), (enrolments.left_on, enrolments.left_at, 1))
            AS latest (left_on, left_at, place)
        ORDER BY latest.left_at DESC NULLS LAST, latest.place DESC LIMIT 1)
""")


def write(tx: Transaction, fold: RosterFold) -> set[str]:
    """Write what the batch made; return the schools it touched."""
    touched = {row.uai for row in fold.identities.values() if row.uai}
    touched |= {row.uai for row in fold.enrolments.values()}
    if fold.gone:
        tx.execute(_FORGET, (list(fold.gone),))
        touched |= {uai for (uai,) in tx.fetchall() if uai}
    if fold.identities:
        _IDENTIFY.execute(tx, fold.identities.values())
    if fold.enrolments:
        _ENROL.execute(tx, map(astuple, fold.enrolments.values()))
    return touched
