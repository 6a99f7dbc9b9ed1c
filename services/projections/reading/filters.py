"""What people narrow a list down by, and the SQL it stands for. Values only ever travel as parameters."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from contracts.alerts import AlertState
from services.projections.folding.roster import plain
from services.projections.reading.readings import Reading

CLASS_NAME = "coalesce(e.class_name, i.class_name)"
PUPIL = """
LEFT JOIN identities i ON i.student_id = a.student_id
LEFT JOIN enrolments e ON e.student_id = a.student_id AND e.uai = a.uai
"""
IDENTITY = "LEFT JOIN identities i ON i.student_id = a.student_id"
NOT_LEFT = "(a.left_at IS NULL OR a.left_at < a.enrolled_at)"  # of a row of `enrolments`
# Where nothing is narrowed or sorted by class: looked up for the rows shown, not joined for all.
CLASS_SHOWN = """
coalesce((SELECT e.class_name FROM enrolments e WHERE e.student_id = a.student_id AND e.uai = a.uai), i.class_name)
"""

_WORST = """
NOT EXISTS (SELECT FROM alerts w WHERE w.student_id = a.student_id AND w.month = a.month AND w.uai = a.uai
    AND w.level > a.level AND w.state = a.state)
"""


@dataclass(frozen=True)
class AlertFilters:
    """Which alerts; what is None or empty does not narrow anything."""

    level: int | None = None
    states: tuple[AlertState, ...] = ()
    uai: str | None = None
    month: str | None = None
    class_name: str | None = None
    search: str = ""
    worst: bool = False  # without those that will be answered with one of a higher level, of the same absences

    def where(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The condition on `a` (alerts), `i` and `e`, always within the territory, and its parameters."""
        condition = Condition(reading)
        condition.also("a.level = %(level)s", level=self.level)
        condition.also("a.state = ANY(%(states)s)", states=[state.value for state in self.states] or None)
        condition.also("a.uai = %(uai)s", uai=self.uai)
        condition.also("a.month = %(month)s", month=self.month)
        if self.worst:
            condition.also(_WORST)
        condition.pupil(self.class_name, self.search)
        return condition.text, condition.parameters


@dataclass(frozen=True)
class ApproachFilters:
    """Which early warnings."""

    month: str | None = None
    level: int | None = None
    uai: str | None = None
    class_name: str | None = None
    search: str = ""
    student_id: UUID | None = None

    def where(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The condition on `a` (approaching), `i` and `e`, always within the territory, and its parameters."""
        condition = Condition(reading)
        condition.also("a.month = %(month)s", month=self.month)
        condition.also("a.level = %(level)s", level=self.level)
        condition.also("a.uai = %(uai)s", uai=self.uai)
        condition.also("a.student_id = %(student_id)s", student_id=self.student_id)
        condition.pupil(self.class_name, self.search)
        return condition.text, condition.parameters


@dataclass(frozen=True)
class ParcoursFilters:
    """Which parcours; `ends_by`: those whose last day is that day or before."""

    states: tuple[str, ...] = ()
    scheme: str | None = None
    uai: str | None = None
    ends_by: date | None = None
    search: str | None = None

    def where(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The condition on `a` (parcours) and `i`, always within the territory, and its parameters."""
        condition = Condition(reading)
        condition.also("a.state = ANY(%(states)s)", states=list(self.states) or None)
        condition.also("a.scheme = %(scheme)s", scheme=self.scheme)
        condition.also("a.uai = %(uai)s", uai=self.uai)
        condition.also("a.ends_on <= %(ends_by)s", ends_by=self.ends_by)
        condition.pupil(None, self.search or "")
        return condition.text, condition.parameters


@dataclass(frozen=True)
class DelayFilters:
    """Which delays; `until_by`: those whose last day is that day or before."""

    states: tuple[str, ...] = ()
    kind: str | None = None
    uai: str | None = None
    until_by: date | None = None
    search: str | None = None

    def where(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The condition on `a` (delays) and `i`, always within the territory, and its parameters."""
        condition = Condition(reading)
        condition.also("a.state = ANY(%(states)s)", states=list(self.states) or None)
        condition.also("a.kind = %(kind)s", kind=self.kind)
        condition.also("a.uai = %(uai)s", uai=self.uai)
        condition.also("a.until <= %(until_by)s", until_by=self.until_by)
        condition.pupil(None, self.search or "")
        return condition.text, condition.parameters


@dataclass
class Condition:
    """Parts that all must hold, the territory first, and their parameters."""

    reading: Reading
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parameters["uais"] = self.reading.uais
        self._parts = ["a.uai = ANY(%(uais)s)"]

    @property
    def text(self) -> str:
        """As it stands in a WHERE."""
        return " AND ".join(self._parts)

    def also(self, part: str, **parameter: Any) -> None:
        """Another part, unless a parameter of it is None."""
        if all(value is not None for value in parameter.values()):
            self._parts.append(part)
            self.parameters |= parameter

    def pupil(self, class_name: str | None, search: str, column: str = CLASS_NAME) -> None:
        """Of this class, as `column` says it; whose name or INE is looked for. Empty narrows nothing."""
        self.also(f"{column} = %(class_name)s", class_name=class_name or None)
        if search.strip():
            terms = [f"%{term}%" for term in plain(search).split()]
            # Signs alone are looked for too, and nobody has them in a name: all are LIKE none.
            names = "i.search LIKE ALL (%(terms)s) OR " if terms else ""
            self.also(f"({names}i.ine = %(ine)s)", terms=terms, ine=search.strip().upper())
