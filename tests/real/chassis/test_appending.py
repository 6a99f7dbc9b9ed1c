"""Events are appended a few at a time or many: the same rows, the same conflicts, read by the library all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import EventStore as LibraryStore

from chassis.database import Database, Transaction
from chassis.events import Event, Recorded, stored_as
from chassis.provision import provision_database
from chassis.recorder import _WORTH_A_COPY, TABLE, EventMapper, VersionConflict
from chassis.revisions import Schema
from chassis.store import EventStore
from tests.real.chassis.trial import SCHEMA, Trial

FEW, MANY = 3, 2 * _WORTH_A_COPY


@stored_as("trial.Said.1")
class Said(Event, frozen=True):
    """Any words."""

    words: str


@pytest.fixture
def store(trial: Trial) -> Iterator[EventStore]:
    store = EventStore(trial.database())
    yield store
    store.close()
    store.database.close()


@pytest.fixture
def second(trial: Trial) -> Iterator[EventStore]:
    """The log of another service, in the same database."""
    provision_database(trial.database_url, [Schema("second")])
    store = EventStore(Database(trial.database_url, "second"))
    yield store
    store.close()
    store.database.close()


def said(aggregate: UUID, first: int, count: int) -> list[Recorded]:
    at = datetime(2025, 10, 6, tzinfo=UTC)
    return [Recorded(aggregate, first + n, Said(at=at, words=f'"é\\{n}\t\n')) for n in range(count)]


def append(store: EventStore, *recorded: Recorded) -> None:
    with store.database.transaction() as tx:
        store.append(tx, recorded)


@pytest.mark.parametrize("count", [1, FEW, _WORTH_A_COPY - 1, _WORTH_A_COPY, MANY])
def test_what_is_appended_is_loaded_in_order_by_us_and_by_the_library(store: EventStore, count: int) -> None:
    aggregate = uuid4()
    recorded = said(aggregate, 1, count)
    append(store, *recorded)
    with store.database.transaction() as tx:
        assert store.load(tx, [aggregate]) == {aggregate: [each.event for each in recorded]}
    library: LibraryStore[UUID] = LibraryStore(EventMapper(), store.recorder)
    assert list(library.get(aggregate)) == recorded


@pytest.mark.parametrize("count", [FEW, MANY])
def test_positions_follow_the_order_of_the_rows(store: EventStore, count: int) -> None:
    one, other = uuid4(), uuid4()
    mixed = [entry for pair in zip(said(one, 1, count), said(other, 1, count), strict=True) for entry in pair]
    append(store, *mixed)
    rows = store.recorder.select_notifications(None, 2 * count)
    assert [(row.originator_id, row.originator_version) for row in rows] == [
        (entry.originator_id, entry.originator_version) for entry in mixed
    ]


@pytest.mark.parametrize("count", [FEW, MANY])
def test_an_aggregate_that_moved_on_meanwhile_is_a_conflict_and_nothing_is_kept(store: EventStore, count: int) -> None:
    aggregate, bystander = uuid4(), uuid4()
    append(store, *said(aggregate, 1, 1))
    with pytest.raises(VersionConflict):
        append(store, *said(bystander, 1, 1), *said(aggregate, 1, count))
    with store.database.transaction() as tx:
        assert [len(events) for events in store.load(tx, [aggregate, bystander]).values()] == [1]


@pytest.mark.parametrize("count", [FEW, MANY])
def test_events_are_appended_while_the_server_vacuums_or_analyzes_the_log(store: EventStore, count: int) -> None:
    """Trap: the library's lock and a vacuum of the table wait for each other."""
    with holding(store, "SHARE UPDATE EXCLUSIVE"), at_once(store) as tx:
        store.append(tx, said(uuid4(), 1, count))


@pytest.mark.parametrize("pipelined", [False, True])
@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("before", [FEW, MANY])
def test_one_transaction_at_a_time_appends(store: EventStore, before: int, count: int, pipelined: bool) -> None:
    """Were it not so, one that commits late would have positions that whoever reads the log has passed."""
    with store.database.transaction() as late:
        store.append(late, said(uuid4(), 1, before))
        with pytest.raises(psycopg.errors.LockNotAvailable), at_once(store, pipelined=pipelined) as tx:
            store.append(tx, said(uuid4(), 1, count))


@pytest.mark.parametrize("count", [FEW, MANY])
def test_whoever_appends_by_the_library_is_waited_for(store: EventStore, count: int) -> None:
    with holding(store, "EXCLUSIVE"), pytest.raises(psycopg.errors.LockNotAvailable), at_once(store) as tx:
        store.append(tx, said(uuid4(), 1, count))


@pytest.mark.parametrize("count", [FEW, MANY])
def test_whoever_appends_by_the_library_waits_for_us(store: EventStore, count: int) -> None:
    with at_once(store) as tx:
        store.append(tx, said(uuid4(), 1, count))
        with pytest.raises(psycopg.errors.LockNotAvailable), holding(store, "EXCLUSIVE"):
            pytest.fail("the library could have taken positions before ours")


def test_two_services_do_not_wait_for_each_other(store: EventStore, second: EventStore) -> None:
    with store.database.transaction() as late, at_once(second) as tx:
        store.append(late, said(uuid4(), 1, MANY))
        second.append(tx, said(uuid4(), 1, MANY))


@contextmanager
def holding(store: EventStore, mode: str) -> Iterator[None]:
    """Somebody else has locked the table of events, as the server itself or the library does."""
    with psycopg.connect(store.database.url, autocommit=True) as owner, owner.transaction():
        owner.execute("SET LOCAL lock_timeout TO '200ms'")
        owner.execute(f"LOCK TABLE {SCHEMA}.{TABLE} IN {mode} MODE")
        yield


@contextmanager
def at_once(store: EventStore, *, pipelined: bool = False) -> Iterator[Transaction]:
    """A transaction that waits for nobody."""
    with store.database.pipelined() if pipelined else store.database.transaction() as tx:
        tx.execute("SET LOCAL lock_timeout TO '200ms'")
        yield tx
