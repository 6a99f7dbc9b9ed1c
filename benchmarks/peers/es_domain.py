"""The rule as an event-sourced application in the style of the `eventsourcing` documentation.

A process application whose policy receives each fact with its position in the stream and records the new
events of the pupil's aggregate and the position together; see "Process applications" in its tutorial.
"""

import os
from collections import Counter
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, ProcessingEvent
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.system import ProcessApplication
from psycopg.conninfo import conninfo_to_dict

from contracts.school import AbsenceReported

LEVELS = {4: 1, 10: 2}


class Pupil(Aggregate):
    """The half-days one pupil missed, and the alerts they raise."""

    class Registered(Aggregate.Created):
        student_id: UUID

    class HalfDayMissed(Aggregate.Event):
        day: str
        period: str
        justified: bool

    class AlertRaised(Aggregate.Event):
        student_id: UUID
        month: str
        level: int
        half_days: int

    class AlertsUpdated(Aggregate.Event):
        student_id: UUID
        month: str
        half_days: int

    @event(Registered)
    def __init__(self, student_id: UUID) -> None:
        self.student_id = student_id
        self.half_days: dict[str, bool] = {}
        self.unjustified: Counter[str] = Counter()

    @classmethod
    def create_id(cls, student_id: UUID) -> UUID:
        return uuid5(NAMESPACE_URL, f"/pupils/{student_id}")

    def report(self, day: str, period: str, justified: bool) -> None:
        if f"{day} {period}" in self.half_days:
            return
        self.miss(day, period, justified)
        month = day[:7]
        half_days = self.unjustified[month]
        if justified:
            return
        if level := LEVELS.get(half_days):
            self.raise_alert(self.student_id, month, level, half_days)
        if half_days > min(LEVELS):
            self.update_alerts(self.student_id, month, half_days)

    @event(HalfDayMissed)
    def miss(self, day: str, period: str, justified: bool) -> None:
        self.half_days[f"{day} {period}"] = justified
        self.unjustified[day[:7]] += not justified

    @event(AlertRaised)
    def raise_alert(self, student_id: UUID, month: str, level: int, half_days: int) -> None:
        pass

    @event(AlertsUpdated)
    def update_alerts(self, student_id: UUID, month: str, half_days: int) -> None:
        pass


class Absences(ProcessApplication[UUID]):
    """Follows the SCHOOL stream."""

    name = "absences"

    @singledispatchmethod
    def policy(self, domain_event: object, processing_event: ProcessingEvent[UUID]) -> None:
        """Default policy."""

    @policy.register
    def _(self, domain_event: AbsenceReported, processing_event: ProcessingEvent[UUID]) -> None:
        pupil_id = Pupil.create_id(domain_event.student_id)
        try:
            pupil: Pupil = self.repository.get(pupil_id)
        except AggregateNotFoundError:
            pupil = Pupil(domain_event.student_id)
        half_day = domain_event.half_day
        pupil.report(half_day.date.isoformat(), half_day.period.value, domain_event.justified)
        processing_event.collect_events(pupil)


def environment(database_url: str = "") -> dict[str, str]:
    """The library's settings for this database, or that of the run; its cache on, as its documentation advises."""
    target = conninfo_to_dict(database_url or os.environ["DATABASE_URL"])
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(target["dbname"]),
        "POSTGRES_HOST": str(target["host"]),
        "POSTGRES_PORT": str(target.get("port", 5432)),
        "POSTGRES_USER": str(target["user"]),
        "POSTGRES_PASSWORD": str(target.get("password", "")),
        "CREATE_TABLE": "no",
        "AGGREGATE_CACHE_MAXSIZE": "5000",
        "AGGREGATE_CACHE_FASTFORWARD": "n",  # one process writes: looking for others' events would slow it down
    }
