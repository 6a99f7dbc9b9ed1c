"""A pipelined transaction: all of it or nothing, and whoever fails is named, though the answers come late."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

from chassis import positions
from chassis.database import TRANSIENT, Database, Transaction, in_pipeline
from chassis.positions import Fenced, Position, fencing
from chassis.recorder import VersionConflict, conflicts
from tests.real.chassis.test_lost_connections import cut
from tests.real.chassis.trial import SCHEMA

_KEEP = "INSERT INTO effects (key, number, partition) VALUES (%s, %s, 0)"


@pytest.fixture
def database(trial_database: str) -> Iterator[Database]:
    database = Database(trial_database, SCHEMA, pool_size=1)  # so that each test finds the connection again
    yield database
    database.close()


def kept(database: Database) -> list[int]:
    return [number for (number,) in database.rows("SELECT number FROM effects ORDER BY place")]


def test_what_is_fetched_is_there_and_what_was_done_is_kept(database: Database) -> None:
    with database.pipelined() as tx:
        assert in_pipeline(tx)
        for number in (1, 2):
            tx.execute(_KEEP, ("a", number))
        assert tx.execute("SELECT count(*) FROM effects").fetchall() == [(2,)]
        tx.execute(_KEEP, ("a", 3))
    assert kept(database) == [1, 2, 3]
    with database.transaction() as tx:
        assert not in_pipeline(tx)


def keep(*numbers: int | None) -> Callable[[Transaction], None]:
    """An effect of each number; the table refuses None."""

    def do(tx: Transaction) -> None:
        for number in numbers:
            tx.execute(_KEEP, ("a", number))

    return do


def pipelined(database: Database, *acts: Callable[[Transaction], None]) -> None:
    with database.pipelined() as tx:
        for act in acts:
            act(tx)


def test_the_error_raised_is_that_of_the_statement_that_failed_and_nothing_is_kept(database: Database) -> None:
    """Trap: for what follows it the client says that its pipeline was aborted, which looks like a lost connection."""
    with pytest.raises(psycopg.errors.NotNullViolation):
        pipelined(database, keep(1, None, *range(2, 500)))
    assert kept(database) == []


def test_when_the_caller_fails_nothing_is_kept(database: Database) -> None:
    def fail(_: Transaction) -> None:
        raise ValueError("by the caller")

    with pytest.raises(ValueError, match="by the caller"):
        pipelined(database, keep(1), fail)
    assert kept(database) == []


def test_a_lost_connection_is_worth_another_try(database: Database) -> None:
    with pytest.raises(TRANSIENT):
        pipelined(database, keep(1), lambda tx: cut(tx.connection))
    pipelined(database, keep(2))
    assert kept(database) == [2]


def test_a_position_that_moved_meanwhile_undoes_the_whole_transaction(database: Database) -> None:
    with database.transaction() as tx:
        held = positions.load(tx, "c", [0, 1])
    pipelined(database, keep(1), lambda tx: positions.move(tx, "c", held, Position(10, "ten")))
    with pytest.raises(Fenced), fencing():
        pipelined(database, keep(2), lambda tx: positions.move(tx, "c", held, Position(20, "twenty")), keep(3))
    assert kept(database) == [1]


_AGGREGATE = uuid4()


def same_version_twice(tx: Transaction) -> None:
    for _ in range(2):
        tx.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (%s, 1, 't', '')",
            (_AGGREGATE,),
        )


def same_position_twice(tx: Transaction) -> None:
    for _ in range(2):
        tx.execute("INSERT INTO positions (consumer, partition) VALUES ('c', 0)")


def test_a_version_that_is_taken_is_a_conflict_and_no_other_duplicate_is(database: Database) -> None:
    with pytest.raises(VersionConflict), conflicts():
        pipelined(database, same_version_twice)
    with pytest.raises(psycopg.errors.UniqueViolation), conflicts():
        pipelined(database, same_position_twice)
