"""Peer, second process: a projection runner with a tracking view in PostgreSQL, as the documentation shows."""

from typing import Any
from uuid import UUID

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.sql import SQL, Identifier

from benchmarks.peers.es_domain import Absences, Pupil, environment


class AlertsView(PostgresTrackingRecorder):
    """The rows people would see, written with the position in one transaction."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        table = Identifier(datastore.schema, "alerts")
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {} (student_id uuid, month text, level int, half_days int,"
                " PRIMARY KEY (student_id, month, level))"
            ).format(table)
        )
        self._insert = SQL("INSERT INTO {} VALUES (%s, %s, %s, %s)").format(table)
        self._update = SQL("UPDATE {} SET half_days = %s WHERE student_id = %s AND month = %s").format(table)

    def add(self, student_id: UUID, month: str, level: int, half_days: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as curs:
            self._insert_tracking(curs, tracking)
            curs.execute(self._insert, (student_id, month, level, half_days), prepare=True)

    def update(self, student_id: UUID, month: str, half_days: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as curs:
            self._insert_tracking(curs, tracking)
            curs.execute(self._update, (half_days, student_id, month), prepare=True)


class AlertsProjection(Projection[AlertsView]):
    """Only the events the view needs are asked of the database."""

    name = "alerts_view"
    topics = (get_topic(Pupil.AlertRaised), get_topic(Pupil.AlertsUpdated))

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Default: nothing."""

    @process_event.register
    def _(self, domain_event: Pupil.AlertRaised, tracking: Tracking) -> None:
        e = domain_event
        self.view.add(e.student_id, e.month, e.level, e.half_days, tracking)

    @process_event.register
    def _(self, domain_event: Pupil.AlertsUpdated, tracking: Tracking) -> None:
        e = domain_event
        self.view.update(e.student_id, e.month, e.half_days, tracking)


def main() -> None:
    """Follow the application, for ever."""
    with ProjectionRunner(
        application_class=Absences,
        projection_class=AlertsProjection,
        view_class=AlertsView,
        env=environment(),
    ) as runner:
        runner.run_forever()


if __name__ == "__main__":
    main()
