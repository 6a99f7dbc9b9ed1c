"""Pupils in sight."""

from uuid import UUID

from services.projections.folding.roster import plain
from services.projections.reading.readings import Reading, Row

_WHO = "SELECT student_id, ine, uai, last_name, first_name, birth_date, class_name FROM identities"
# The register and the alerts are told by two streams, either of which may be behind.
_WHO_HAS_AN_ALERT = """
SELECT student_id, NULL AS ine, uai, NULL AS last_name, NULL AS first_name, NULL AS birth_date, NULL AS class_name
FROM alerts WHERE student_id = %s ORDER BY raised_at DESC, alert_id LIMIT 1
"""


def one(reading: Reading, student_id: UUID) -> Row | None:
    """Who this pupil is, if in sight; without a name, while nothing but an alert tells of the pupil."""
    found = reading.cursor.execute(f"{_WHO} WHERE student_id = %s", (student_id,)).fetchone()
    if found is None and reading.scope.sees_alerts:
        return reading.cursor.execute(_WHO_HAS_AN_ALERT, (student_id,)).fetchone()
    return found


def by_ine(reading: Reading, ine: str) -> Row | None:
    """Whose INE this is, if in sight; a partner who knows it finds a pupil of the territory, followed or not."""
    reading.cursor.execute("SELECT set_config('perseverance.ine', %s, true)", (ine,))
    return reading.cursor.execute(f"{_WHO} WHERE ine = %s", (ine,)).fetchone()


def enrolments(reading: Reading, student_id: UUID) -> list[Row]:
    """The schools in sight that this pupil is or was on the roll of, the latest first."""
    return reading.cursor.execute(
        "SELECT uai, class_name, mef, status, since,"
        " CASE WHEN left_at IS NOT NULL AND left_at >= coalesce(enrolled_at, left_at) THEN left_on END AS left_on"
        " FROM enrolments WHERE student_id = %s AND uai = ANY(%s)"
        " ORDER BY coalesce(enrolled_at, left_at) DESC, uai",
        (student_id, reading.uais),
    ).fetchall()


def find(reading: Reading, search: str, size: int) -> list[Row]:
    """The first `size` pupils in sight of that name or INE, in the order of their names."""
    terms = [f"%{term}%" for term in plain(search).split()]
    if not terms:
        return []
    return reading.cursor.execute(
        f"{_WHO} WHERE search LIKE ALL (%(terms)s) OR ine = %(ine)s ORDER BY search, student_id LIMIT %(size)s",
        {"terms": terms, "ine": search.strip().upper(), "size": size},
    ).fetchall()
