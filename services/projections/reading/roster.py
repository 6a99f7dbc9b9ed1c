"""The pupils on the rolls in sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from contracts.alerts import AlertState
from services.projections.reading.filters import IDENTITY, NOT_LEFT, Condition
from services.projections.reading.parcours import RUNNING
from services.projections.reading.readings import Reading, Row

_CLASS = "coalesce(a.class_name, i.class_name)"
_NAME = "search NULLS LAST, student_id, uai"
SORTS = {"nom": _NAME, "classe": f"class_name NULLS LAST, {_NAME}"}
_BY_KEY = "student_id, uai"
_OPEN = [AlertState.RAISED.value, AlertState.ACKNOWLEDGED.value, AlertState.FOLLOWED_UP.value]
# What is looked up for each pupil is so for the page only: not for those that were skipped, nor before the sort.
_PAGE = f"""
SELECT p.student_id, p.uai, p.ine, p.last_name, p.first_name, p.class_name,
    (SELECT count(*) FROM alerts x WHERE x.student_id = p.student_id AND x.uai = p.uai AND x.state = ANY(%(open)s))
        AS alerts_open,
    (SELECT min(x.scheme) FROM parcours x WHERE x.student_id = p.student_id AND x.uai = p.uai
        AND x.state = ANY(%(running)s)) AS scheme
FROM (
    SELECT a.student_id, a.uai, i.ine, i.last_name, i.first_name, {_CLASS} AS class_name, i.search
    FROM enrolments a {IDENTITY} WHERE {{condition}} ORDER BY {{order}} LIMIT %(size)s OFFSET %(skip)s
) p ORDER BY {{order}}
"""


@dataclass(frozen=True)
class RosterFilters:
    """Which pupils; what is None or empty does not narrow anything."""

    uai: str | None = None
    class_name: str | None = None
    search: str = ""

    def where(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The condition on `a` (enrolments) and `i`, always within the territory, and its parameters."""
        condition = Condition(reading)
        condition.also(NOT_LEFT)
        condition.also("a.uai = %(uai)s", uai=self.uai)
        condition.pupil(self.class_name, self.search, _CLASS)
        return condition.text, condition.parameters


class Place(NamedTuple):
    """Where a page ended, where no name orders it: neither part of it ever changes, nor names anybody."""

    student_id: UUID
    uai: str


def page(reading: Reading, filters: RosterFilters, size: int, after: Place | None = None) -> list[Row]:
    """The next `size` pupils in the order of their ids, after `after`; the rows are as those of `table`."""
    condition, parameters = filters.where(reading)
    if after:
        condition += " AND (a.student_id, a.uai) > (%(after_id)s, %(after_uai)s)"
        parameters |= {"after_id": after.student_id, "after_uai": after.uai}
    return _page(reading, condition, _BY_KEY, parameters | {"size": size, "skip": 0})


def table(reading: Reading, filters: RosterFilters, sort: str, size: int, skip: int = 0) -> list[Row]:
    """`size` pupils in the order of SORTS[`sort`], after the first `skip`; a pupil on two rolls is there twice.

    `alerts_open`: its alerts that have not ended, how many; `scheme`: of the parcours that runs there, if one does.
    """
    condition, parameters = filters.where(reading)
    return _page(reading, condition, SORTS[sort], parameters | {"size": size, "skip": skip})


def count(reading: Reading, filters: RosterFilters) -> int:
    """How many."""
    condition, parameters = filters.where(reading)
    row = reading.cursor.execute(
        f"SELECT count(*) AS total FROM enrolments a {IDENTITY} WHERE {condition}", parameters
    ).fetchone()
    return int(row["total"]) if row else 0


def classes(reading: Reading, uai: str) -> Sequence[str]:
    """The classes of a school in sight that have pupils."""
    rows = reading.cursor.execute(
        f"SELECT DISTINCT {_CLASS} AS name FROM enrolments a {IDENTITY} WHERE a.uai = ANY(%(uais)s)"
        f" AND a.uai = %(uai)s AND {NOT_LEFT} AND {_CLASS} IS NOT NULL ORDER BY 1",
        {"uais": reading.uais, "uai": uai},
    ).fetchall()
    return [row["name"] for row in rows]


def _page(reading: Reading, condition: str, order: str, parameters: dict[str, Any]) -> list[Row]:
    query = _PAGE.format(condition=condition, order=order)
    return reading.cursor.execute(query.encode(), parameters | {"open": _OPEN, "running": list(RUNNING)}).fetchall()
