"""When a parcours must be looked at again: reminders before its end, the end, the next review, a missing outcome. Pure.

Each has one instant; what fired is gone from here, so that nothing is said twice.
"""

from collections.abc import Iterable
from datetime import date, datetime

from chassis.events import Event
from services.parcours import events
from services.parcours.days import ONE_DAY, day_of, end_of, start_of
from services.parcours.events import Gauge

EXPIRING, EXPIRY, REVIEW, OUTCOME = "expiring", "expiry", "review", "outcome"
_WEEK = 7


class Timing:
    """The instants that are still to come, made of events alone."""

    def __init__(self) -> None:
        self.weeks = 0  # since the end, that an outcome was asked for
        self.gauge = Gauge(0, 0, None)
        self._running = False
        self._awaits_outcome = False
        self._ends_on = date.min
        self._review_on: date | None = None
        self._reminders: list[int] = []

    def deadlines(self) -> dict[str, datetime]:
        """Each kind of deadline and its instant."""
        found: dict[str, datetime] = {}
        if self._running:
            found = {f"{EXPIRING}-{days}": start_of(self._ends_on - days * ONE_DAY) for days in self._reminders}
            found[EXPIRY] = end_of(self._ends_on)
            if self._review_on:
                found[REVIEW] = end_of(self._review_on)
        elif self._awaits_outcome:
            found[OUTCOME] = self._week_over(self.weeks + 1)
        return found

    def last_week(self, now: datetime) -> tuple[int, datetime]:
        """The last week after the end that is over, counted from 1, and the instant it was: the next one at least."""
        passed = ((day_of(now) - self._ends_on).days - 1) // _WEEK
        weeks = max(passed, self.weeks + 1)
        return weeks, self._week_over(weeks)

    def _week_over(self, number: int) -> datetime:
        return end_of(self._ends_on + _WEEK * number * ONE_DAY)

    def take_in(self, event: Event) -> None:
        """Let `event` move what is to come."""
        self.gauge = getattr(event, "gauge", self.gauge)
        match event:
            case events.Opened() | events.Extended():
                self._running = True
                self._ends_on, self._review_on = event.ends_on, event.next_review_on
                self._reminders = _to_come(event.reminders, event.ends_on, event.at)
            case events.ReviewHeld():
                self._review_on = event.next_review_on
            case events.ReviewOverdue():
                self._review_on = None
            case events.Expiring():
                self._reminders = [days for days in self._reminders if days != event.days]
            case events.Expired():
                self._running, self._awaits_outcome = False, True
            case events.OutcomeMissing():
                self.weeks = event.weeks
            case events.Closed() | events.TurnedDown() | events.Forgotten():
                self._running = self._awaits_outcome = False


def _to_come(reminders: Iterable[int], ends_on: date, now: datetime) -> list[int]:
    """A reminder whose day had begun when the end was set has nothing to remind of."""
    return [days for days in reminders if start_of(ends_on - days * ONE_DAY) > now]
