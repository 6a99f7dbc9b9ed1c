"""The `eventsourcing` recorder with a batch path: many aggregates in one query, all their events in one append."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from struct import Struct
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import Mapper, StoredEvent
from eventsourcing.postgres import PostgresDatastore, PostgresProcessRecorder
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

from chassis import events
from chassis.database import Database, Transaction, in_pipeline, take_role
from chassis.events import Recorded

TABLE = "stored_events"
_LOCK_TIMEOUT_S = 5
_WORTH_A_COPY = 200


# PostgreSQL's binary COPY: a head, then for each row the number of fields and each field after its length.
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TAIL = b"\xff\xff"


@cache
def _row_of(topic: str) -> Callable[[bytes, int, int, int], bytes]:
    """A row with this topic up to its state, from: the id, the size of a version (8), the version, the state's size."""
    name = topic.encode()
    return partial(Struct(f">hi{len(name)}si16siqi").pack, 4, len(name), name, 16)


def _rows(recorded: Sequence[Recorded]) -> bytes:
    parts = [_COPY_HEAD]
    for each in recorded:
        event = each.event
        state = events.encode(event)
        row = _row_of(event.TOPIC)
        parts += (row(each.originator_id.int.to_bytes(16), 8, each.originator_version, len(state)), state)
    parts.append(_COPY_TAIL)
    return b"".join(parts)


class VersionConflict(Exception):
    """Somebody else recorded something on one of these aggregates meanwhile: load and decide again."""


@contextmanager
def conflicts() -> Iterator[None]:
    """Raises VersionConflict for what the server says of a version that is taken. In a pipeline, its end tells."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        if error.diag.table_name != TABLE:
            raise
        raise VersionConflict from error


class Datastore(PostgresDatastore):
    """The library's pool, acting as one service.

    Its `enable_db_functions` stays off, for good: with it a tailing reader misses events and the
    tracking of a process is not recorded.
    """

    def __init__(self, database: Database) -> None:
        self._role = database.role
        self._adapted = False
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            schema=database.schema,
            lock_timeout=_LOCK_TIMEOUT_S,
            pool_size=1,
            max_overflow=3,
            single_row_tracking=True,
        )
        # The library knows a few parameters by name; ours may say more, how to trust the server for one.
        self.pool.conninfo = database.url
        self.pool.kwargs = {"row_factory": dict_row}
        self.pool.connection_class = database.login.connection_class()

    def register_type_adapters(self) -> None:
        """Not yet: a service is put together without a database, and says by itself what is missing there."""

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that knows the library's types, asked from the database the first time."""
        if not self._adapted:
            self._adapted = True
            super().register_type_adapters()
        with super().get_connection() as connection:
            yield connection

    def after_connect_func(self) -> Callable[[psycopg.Connection[Any]], None]:
        """Also take the service's role."""
        library_setup, role = super().after_connect_func(), self._role

        def after_connect(connection: psycopg.Connection[Any]) -> None:
            library_setup(connection)
            take_role(connection, role)

        return after_connect


class Recorder(PostgresProcessRecorder):
    """Stores events in `stored_events`; positions (notification ids) are given in commit order.

    One transaction at a time appends: otherwise a reader of the log could pass over the id of one that commits late.
    The library locks the table for that, in a mode in which PostgreSQL can neither vacuum nor analyze it: whenever it
    did, nobody could append. Ours is an advisory lock named like the table; we and who takes the library's still
    wait for each other, at the rows.
    """

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore, events_table_name=TABLE)
        table = sql.Identifier(datastore.schema, TABLE)
        name = f"{datastore.schema}.{TABLE}"
        self._lock = sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))").format(sql.Literal(name))
        self._insert = sql.SQL(
            "INSERT INTO {} (originator_id, originator_version, topic, state)"
            " SELECT id, version, topic, state"
            " FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[])"
            " WITH ORDINALITY AS rows (id, version, topic, state, place) ORDER BY place"
        ).format(table)
        self._copy = sql.SQL(
            "COPY {} (topic, originator_id, originator_version, state) FROM STDIN (FORMAT binary)"
        ).format(table)
        self._load = sql.SQL(
            "SELECT originator_id, topic, state FROM {}"
            " WHERE originator_id = ANY(%b::uuid[]) ORDER BY originator_id, originator_version"
        ).format(table)

    def append(self, tx: Transaction, recorded: Sequence[Recorded]) -> None:
        """Add `recorded` to the log in the caller's transaction. Raises VersionConflict."""
        if not recorded:
            return
        with conflicts():
            if in_pipeline(tx) or len(recorded) < _WORTH_A_COPY:
                self._append_few(tx, recorded)
            else:
                self._append_many(tx, recorded)

    def _append_few(self, tx: Transaction, recorded: Sequence[Recorded]) -> None:
        columns = (
            [entry.originator_id for entry in recorded],
            [entry.originator_version for entry in recorded],
            [entry.event.TOPIC for entry in recorded],
            [events.encode(entry.event) for entry in recorded],
        )
        tx.execute(self._lock)
        tx.execute(self._insert, columns, prepare=True)

    def _append_many(self, tx: Transaction, recorded: Sequence[Recorded]) -> None:
        """Rows as the server takes them fastest."""
        tx.execute(self._lock)
        with tx.copy(self._copy) as copy:
            copy.write(_rows(recorded))

    def load(self, tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[tuple[str, bytes]]]:
        """Topic and state of every event of these aggregates, in order, in one query."""
        found: dict[UUID, list[tuple[str, bytes]]] = defaultdict(list)
        cursor = tx.connection.cursor(binary=True, row_factory=tuple_row)
        for aggregate_id, topic, state in cursor.execute(self._load, (list(ids),), prepare=True):
            found[aggregate_id].append((topic, state))
        return found


class EventMapper(Mapper[UUID]):
    """Between our events and the library's stored form, so that its repository reads our rows."""

    def __init__(self) -> None:
        pass  # no transcoder, compressor or cipher: events know their own stored form

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The row of a `Recorded`."""
        event = domain_event.event
        return StoredEvent(
            domain_event.originator_id, domain_event.originator_version, event.TOPIC, events.encode(event)
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The `Recorded` of a row."""
        assert isinstance(stored_event.originator_id, UUID)
        return Recorded(
            stored_event.originator_id,
            stored_event.originator_version,
            events.decode(stored_event.topic, stored_event.state),
        )
