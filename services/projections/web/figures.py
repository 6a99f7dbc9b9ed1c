"""Figures of a territory, added up the ways the pages show them."""

from collections import Counter
from collections.abc import Sequence

from services.projections.reading.readings import Row
from services.projections.scope import Scope
from services.projections.withholding import told

Told = dict[str, int | None]


class Figures:
    """Counts of alerts, as they are."""

    def __init__(self, by_school: Sequence[Row], by_month: Sequence[Row]) -> None:
        self._cells: Counter[tuple[str, int, str]] = Counter()
        for row in by_school:
            self._cells[row["uai"], row["level"], row["state"]] += row["total"]
        self.months: dict[str, Counter[int]] = {}
        for row in by_month:
            self.months.setdefault(row["month"], Counter())[row["level"]] += row["total"]

    def total(self, *, level: int | None = None, state: str | None = None, uai: str | None = None) -> int:
        """How many alerts of this level, state and school; all of them where None."""
        return sum(
            number
            for (of_uai, of_level, of_state), number in self._cells.items()
            if uai in (None, of_uai) and level in (None, of_level) and state in (None, of_state)
        )

    def told(self, scope: Scope) -> Told | None:
        """The alerts of level 1 of each school, for those far from pupils: None where it is withheld.

        Not by state, and not those of level 2, which nearly always come after one of level 1: either would tell of
        what is withheld here. Nothing at all where the territory is so small that its own figures would tell.
        """
        return told({uai: self.total(level=1, uai=uai) for uai in scope.uais})
