"""The pupils on the rolls in sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.alerts import AlertState
from services.projections.reading.filters import CLASS_NAME, NOT_LEFT, PUPIL, Condition
from services.projections.reading.parcours import RUNNING
from services.projections.reading.readings import Reading, Row

SORTS = {
    "nom": "i.search NULLS LAST, a.student_id, a.uai",
    "classe": f"{CLASS_NAME} NULLS LAST, i.search NULLS LAST, a.student_id, a.uai",
}
_WAITING = [AlertState.RAISED.value, AlertState.ACKNOWLEDGED.value, AlertState.FOLLOWED_UP.value]
_COLUMNS = f"""
a.student_id, a.uai, i.ine, i.last_name, i.first_name, {CLASS_NAME} AS class_name,
(SELECT count(*) FROM alerts x WHERE x.student_id = a.student_id AND x.uai = a.uai AND x.state = ANY(%(waiting)s))
    AS waiting,
(SELECT min(x.scheme) FROM parcours x WHERE x.student_id = a.student_id AND x.uai = a.uai
    AND x.state = ANY(%(running)s)) AS scheme
"""


@dataclass(frozen=True)
class RosterFilters:
    """Which pupils; what is None or empty does not narrow anything."""

    uai: str | None = None
    class_name: str | None = None
    search: str = ""

    def where(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The condition on `a` (enrolments), `i` and `e`, always within the territory, and its parameters."""
        condition = Condition(reading)
        condition.also(NOT_LEFT)
        condition.also("a.uai = %(uai)s", uai=self.uai)
        condition.pupil(self.class_name, self.search)
        return condition.text, condition.parameters


def table(reading: Reading, filters: RosterFilters, sort: str, size: int, skip: int = 0) -> list[Row]:
    """`size` pupils in the order of SORTS[`sort`], after the first `skip`; a pupil on two rolls is there twice.

    `waiting`: how many alerts of that school wait for an end; `scheme`: of the parcours that runs there, if one does.
    """
    condition, parameters = filters.where(reading)
    return reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM enrolments a {PUPIL} WHERE {condition} ORDER BY {SORTS[sort]}"
        " LIMIT %(size)s OFFSET %(skip)s",
        parameters | {"size": size, "skip": skip, "waiting": _WAITING, "running": list(RUNNING)},
    ).fetchall()


def count(reading: Reading, filters: RosterFilters) -> int:
    """How many."""
    condition, parameters = filters.where(reading)
    row = reading.cursor.execute(
        f"SELECT count(*) AS total FROM enrolments a {PUPIL} WHERE {condition}", parameters
    ).fetchone()
    return int(row["total"]) if row else 0


def classes(reading: Reading) -> Sequence[str]:
    """The classes that have pupils in sight."""
    rows = reading.cursor.execute(
        f"SELECT DISTINCT {CLASS_NAME} AS name FROM enrolments a {PUPIL} WHERE a.uai = ANY(%s) AND {NOT_LEFT}"
        f" AND {CLASS_NAME} IS NOT NULL ORDER BY 1",
        (reading.uais,),
    ).fetchall()
    return [row["name"] for row in rows]
