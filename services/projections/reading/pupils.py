"""Pupils in sight."""

from uuid import UUID

from services.projections.folding.roster import plain
from services.projections.reading.filters import NOT_LEFT
from services.projections.reading.readings import Reading, Row

_WHO = "SELECT student_id, ine, uai, last_name, first_name, birth_date, class_name FROM identities"
# The register is a stream of its own, and may be behind those that tell of a pupil. A roll that the pupil left tells
# that there is one, not where; row-level security holds each table to the territory.
_WITHOUT_A_NAME = """
SELECT student_id, NULL AS ine, uai, NULL AS last_name, NULL AS first_name, NULL AS birth_date, NULL AS class_name
FROM ({}) told ORDER BY uai IS NULL, at DESC, uai LIMIT 1
"""
_FOLLOWED = (
    "SELECT student_id, uai, began_at AS at FROM parcours WHERE student_id = %(id)s",
    "SELECT student_id, uai, started_at FROM delays WHERE student_id = %(id)s",
)
_NOTED = (
    "SELECT student_id, uai, raised_at FROM alerts WHERE student_id = %(id)s",
    "SELECT student_id, uai, at FROM approaching WHERE student_id = %(id)s",
    f"SELECT student_id, CASE WHEN {NOT_LEFT} THEN uai END, coalesce(enrolled_at, left_at) FROM enrolments a"
    " WHERE student_id = %(id)s",
)


def one(reading: Reading, student_id: UUID) -> Row | None:
    """Who this pupil is, if in sight; without a name while the register has not told who a pupil in sight is.

    Whoever sees parcours only has no right to what a school notes: a pupil without a name is in sight by those alone.
    """
    found = reading.cursor.execute(f"{_WHO} WHERE student_id = %s", (student_id,)).fetchone()
    if found is not None:
        return found
    told = _FOLLOWED + _NOTED if reading.scope.sees_alerts else _FOLLOWED
    query = _WITHOUT_A_NAME.format(" UNION ALL ".join(told))
    return reading.cursor.execute(query.encode(), {"id": student_id}).fetchone()


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


def class_of(reading: Reading, pupil: Row, rolls: list[Row]) -> str | None:
    """The class of a pupil by the latest of the `enrolments` in sight, or by the register where it speaks of a school
    in sight: the school that enrolled the pupil last may be another one."""
    by_register: str | None = pupil["class_name"] if pupil["uai"] in reading.uais else None
    return (rolls[0]["class_name"] if rolls else None) or by_register


# Who is in sight, table by table: asked of `identities` alone, the guard would look at every pupil of the database.
_IN_SIGHT = " UNION ALL ".join(
    f"SELECT student_id FROM {table} WHERE uai = ANY(%(uais)s)"
    for table in ("identities", "enrolments", "alerts", "parcours", "delays")
)


def find(reading: Reading, search: str, size: int) -> list[Row]:
    """The first `size` pupils in sight of that name or INE, in the order of their names."""
    terms = [f"%{term}%" for term in plain(search).split()]
    if not terms:
        return []
    return reading.cursor.execute(
        f"{_WHO} WHERE student_id IN ({_IN_SIGHT}) AND (search LIKE ALL (%(terms)s) OR ine = %(ine)s)"
        " ORDER BY search, student_id LIMIT %(size)s",
        {"uais": reading.uais, "terms": terms, "ine": search.strip().upper(), "size": size},
    ).fetchall()
