"""Figures of a territory, added up the ways the pages show them."""

from collections import Counter
from collections.abc import Sequence

from contracts.alerts import AlertState
from services.projections.reading.readings import Row


class Figures:
    """Counts of alerts; those of one school below `few` are not told, only that they are few."""

    def __init__(self, by_school: Sequence[Row], by_month: Sequence[Row], few: int) -> None:
        self._few = few
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

    def open(self, *, level: int | None = None, uai: str | None = None) -> int:
        """How many alerts that still ask for something."""
        states = (AlertState.RAISED, AlertState.ACKNOWLEDGED, AlertState.FOLLOWED_UP)
        return sum(self.total(level=level, state=state, uai=uai) for state in states)

    def too_few(self, number: int) -> bool:
        """Whether `number`, of one school, could name somebody."""
        return 0 < number < self._few
