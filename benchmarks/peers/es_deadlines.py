"""Peer: deadlines one by one, in the style of the `eventsourcing` documentation.

A table of deadlines, of which each is taken in a transaction of its own (FOR UPDATE SKIP LOCKED), while the
application gets the aggregate from its repository, lets it decide, and saves it.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.peers.es_domain import environment

TABLE = """
CREATE TABLE deadlines (
    aggregate_id uuid NOT NULL, kind text NOT NULL, due_at timestamptz NOT NULL, PRIMARY KEY (aggregate_id, kind)
);
CREATE INDEX ON deadlines (due_at);
"""
_AT_ONCE = 500
Waiting = tuple[UUID, str, datetime]


class Timed(Aggregate):
    """Something with instants to come."""

    class Opened(Aggregate.Created):
        to_come: dict[str, str]

    class FellDue(Aggregate.Event):
        kind: str
        due_at: str

    @event(Opened)
    def __init__(self, to_come: dict[str, str]) -> None:
        self.to_come = dict(to_come)

    def fire(self, kind: str, due_at: datetime) -> None:
        if self.to_come.get(kind) == due_at.isoformat():
            self.fall_due(kind, due_at.isoformat())

    @event(FellDue)
    def fall_due(self, kind: str, due_at: str) -> None:
        del self.to_come[kind]


class Alarm(Application[UUID]):
    """Opens what will fall due, and fires it."""

    name = "alarm"

    def open(self, several: Iterable[dict[str, datetime]]) -> list[Waiting]:
        """Open one aggregate for each, and return its deadlines."""
        opened = [(Timed({k: due.isoformat() for k, due in to_come.items()}), to_come) for to_come in several]
        self.save(*(timed for timed, _ in opened))
        return [(timed.id, kind, due) for timed, to_come in opened for kind, due in to_come.items()]

    def fire(self, aggregate_id: UUID, kind: str, due_at: datetime) -> None:
        """Let the aggregate decide."""
        timed: Timed = self.repository.get(aggregate_id)
        timed.fire(kind, due_at)
        self.save(timed)


def plant(database_url: str, several: Sequence[dict[str, datetime]]) -> int:
    """Tables, aggregates and their deadlines; how many deadlines there are."""
    application, left, planted = Alarm(environment(database_url) | {"CREATE_TABLE": "yes"}), iter(several), 0
    with psycopg.connect(database_url) as connection:
        connection.execute(TABLE)
        while batch := list(islice(left, _AT_ONCE)):
            waiting = application.open(batch)
            planted += len(waiting)
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO deadlines VALUES (%s, %s, %s)", waiting)
    application.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return planted


def catch_up(database_url: str, now: datetime) -> tuple[int, float]:
    """Fire everything that is due; how many that were, and the seconds it took."""
    application, fired = Alarm(environment(database_url)), 0
    with psycopg.connect(database_url) as connection:
        started = time.perf_counter()
        while _fire_one(application, connection, now):
            fired += 1
        seconds = time.perf_counter() - started
        found = connection.execute("SELECT count(*) FROM alarm_events WHERE topic LIKE '%FellDue'").fetchone()
    application.close()
    if found != (fired,):
        raise RuntimeError(f"{found} deadlines fired of {fired} taken")
    return fired, seconds


def _fire_one(application: Alarm, connection: psycopg.Connection[Waiting], now: datetime) -> bool:
    with connection.transaction():
        row = connection.execute(
            "SELECT aggregate_id, kind, due_at FROM deadlines WHERE due_at <= %s"
            " ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
            (now,),
        ).fetchone()
        if row is None:
            return False
        application.fire(*row)
        connection.execute("DELETE FROM deadlines WHERE aggregate_id = %s AND kind = %s", row[:2])
    return True
