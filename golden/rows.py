"""Rows as a release writes them: put there by its own code, taken out as JSON, put back by a later release.

Not in it: the read models, which are rebuilt, and leases, which last some seconds.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid5

import msgspec
import psycopg
from psycopg import sql

from chassis import deadlines, events, positions, quarantine
from chassis.database import Database
from chassis.events import Recorded
from chassis.messages import Message, header_of
from chassis.positions import Position
from chassis.store import EventStore
from contracts.examples import EXAMPLES, INE, STUDENT, UAI
from contracts.school import AbsenceReported
from golden import stored
from services.intake import ledger, refusals, register, senders
from services.intake.codes import Code
from services.intake.pupils import Pupil
from services.intake.verdicts import Refusal

NOW = datetime(2025, 10, 6, 12, tzinfo=UTC)
_TABLES = {
    "alerts": ("stored_events", "positions", "quarantine"),
    "parcours": ("stored_events", "deadlines"),
    "notifications": ("stored_events", "deadlines"),
    "intake": ("senders", "register", "ledger", "refusals", "positions"),
    "projections": ("forgotten", "freshness"),
}


def fill(url: str) -> None:
    """Write into a freshly provisioned database, as the services do."""
    for service in stored.SERVICES:
        _store(Database(url, service), service)
    database = Database(url, "intake")
    try:
        with database.transaction() as tx:
            _register(tx)
    finally:
        database.close()
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO projections.forgotten VALUES (%s, %s)", (uuid5(STUDENT, "forgotten"), NOW))
        connection.execute("INSERT INTO projections.freshness VALUES ('projections-alerts', 3, %s)", (NOW,))


def _store(database: Database, service: str) -> None:
    store = EventStore(database)
    told = Message(7, 3, "school.0.0.1.1.absence_reported", b'{"subject": "somebody"}', header_of("7"))
    try:
        with database.transaction() as tx:
            for event in stored.classes(service):
                states = stored.examples(event)
                aggregate = uuid5(STUDENT, event.TOPIC)
                store.append(
                    tx,
                    [
                        Recorded(aggregate, version, events.decode(event.TOPIC, msgspec.json.encode(state)))
                        for version, state in enumerate(states, 1)
                    ],
                )
            deadlines.schedule(tx, uuid5(STUDENT, "deadline"), "send", NOW)
            quarantine.put(tx, f"{service}-school", "SCHOOL", told, "not what the contract says")
            read = positions.load(tx, f"{service}-school", range(16))
            positions.move(tx, f"{service}-school", read, Position(7, "7"))
    finally:
        store.close()
        database.close()


def _register(tx: Any) -> None:
    ledger.hold_door(tx)
    senders.add(tx, "vie-scolaire", [UAI])
    senders.add(tx, "everywhere", None)
    known = Pupil(STUDENT, INE, b"a salt", UAI, "Dupont", "Zoé", date(2009, 5, 17), "2NDE1", {"uai": "a stamp"})
    erased = Pupil(uuid5(STUDENT, "erased"), "000000000AB", b"another salt")
    register.save(tx, [known, erased], NOW)
    register.erase(tx, erased.student_id, NOW)
    payload = json.dumps(EXAMPLES[AbsenceReported]).encode()
    key = ledger.event_key("/school-systems/vie-scolaire", "ABS-N1")
    ledger.append(tx, [ledger.Entry(1, key, b"a hash", NOW, STUDENT, AbsenceReported.FACT, "vie-scolaire", payload)])
    refusals.put(tx, NOW, [("vie-scolaire", Refusal("data.ine", Code.MISSING, id="ABS-N2"))])
    read = positions.load(tx, "intake-raw", [0])
    positions.move(tx, "intake-raw", read, Position(12, "ABS-N1"))


def dump(url: str) -> Iterator[dict[str, Any]]:
    """Every row, with its schema and table."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        for schema, tables in _TABLES.items():
            for table in tables:
                query = sql.SQL("SELECT row_to_json(t) FROM {} AS t ORDER BY t::text").format(
                    sql.Identifier(schema, table)
                )
                for (row,) in connection.execute(query):
                    yield {"schema": schema, "table": table, "row": row}


def load(url: str, rows: Iterable[dict[str, Any]]) -> None:
    """Put rows back into the tables they came from."""
    with psycopg.connect(url) as connection:
        for each in rows:
            table = sql.Identifier(each["schema"], each["table"])
            statement = sql.SQL(
                "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
                " SELECT {columns} FROM json_populate_record(NULL::{table}, %s)"
            ).format(table=table, columns=sql.SQL(", ").join(map(sql.Identifier, each["row"])))
            connection.execute(statement, (json.dumps(each["row"]),))
