"""Deadlines as rows: each taken once, oldest first, in due order for each aggregate, whoever takes and whoever dies."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, timedelta
from uuid import UUID

import psycopg
import pytest

from chassis import deadlines
from chassis.clock import DatabaseClock, FixedClock
from chassis.database import Database, Transaction
from chassis.deadlines import Deadline
from tests.real.chassis.programs import launch
from tests.real.chassis.trial import NOON, SCHEMA

A, B, C = (UUID(int=number) for number in (1, 2, 3))
HOUR = timedelta(hours=1)
ALL = 100


class Stopped(Exception):
    """The transaction is not to be committed."""


@pytest.fixture
def database(trial_database: str) -> Iterator[Database]:
    opened = Database(trial_database, SCHEMA)
    yield opened
    opened.close()


def given(database: Database, *opened: Deadline) -> None:
    with database.transaction() as tx:
        deadlines.schedule_many(tx, opened)


@contextmanager
def transaction(database: Database, *, commits: bool) -> Iterator[Transaction]:
    """One that commits, or fails at its end."""
    with suppress(Stopped), database.transaction() as tx:
        yield tx
        if not commits:
            raise Stopped


def take(database: Database, limit: int = ALL, kind: str | None = None) -> list[Deadline]:
    """What is taken at noon, and committed."""
    with database.transaction() as tx:
        return deadlines.take_due(tx, NOON, limit, kind)


def test_what_is_due_is_taken_once_oldest_first_and_the_rest_stays(database: Database) -> None:
    first, second, third = (Deadline(each, "end", NOON - n * HOUR) for each, n in ((B, 2), (C, 1), (A, 0)))
    given(database, third, first, second, Deadline(A, "later", NOON + timedelta(microseconds=1)))
    assert take(database, limit=2) == [first, second]
    assert take(database) == [third]
    assert take(database) == []


def test_whether_something_is_due_is_known_without_taking_it(database: Database) -> None:
    noon = FixedClock(NOON)
    assert not deadlines.any_due(database, clock=noon)
    given(database, Deadline(A, "end", NOON), Deadline(B, "later", NOON + HOUR))
    assert deadlines.any_due(database, clock=noon)
    assert deadlines.any_due(database, "end", noon)
    assert not deadlines.any_due(database, "later", noon)
    assert len(take(database)) == 1
    assert not deadlines.any_due(database, clock=noon), "what fired is not due again"
    assert deadlines.any_due(database, clock=FixedClock(NOON + HOUR))


def test_without_another_clock_the_database_s_own_says_what_is_due(database: Database) -> None:
    now = DatabaseClock(database).now()
    given(database, Deadline(A, "later", now + HOUR))
    assert not deadlines.any_due(database)
    given(database, Deadline(B, "end", now - HOUR))
    assert deadlines.any_due(database)
    assert deadlines.any_due(database, clock=DatabaseClock(database))


def test_two_who_take_at_once_never_take_the_same_nor_wait_for_each_other(database: Database) -> None:
    due = [Deadline(UUID(int=number), "end", NOON - number * HOUR) for number in range(1, 7)]
    given(database, *due)
    with database.transaction() as one, database.transaction() as other:
        mine = deadlines.take_due(one, NOON, 4)
        yours = deadlines.take_due(other, NOON, 4)
    assert (mine, yours) == (due[:1:-1], due[1::-1])
    assert take(database) == []


@pytest.mark.parametrize("older_is_kept", [True, False])
def test_an_aggregate_waits_for_its_older_deadline_to_be_decided(database: Database, *, older_is_kept: bool) -> None:
    older, newer = Deadline(A, "reminder", NOON - 2 * HOUR), Deadline(A, "end", NOON - HOUR)
    elsewhere = Deadline(B, "end", NOON)
    given(database, newer, older, elsewhere)
    with database.transaction() as other, transaction(database, commits=older_is_kept) as one:
        assert deadlines.take_due(one, NOON, 1) == [older]
        assert deadlines.take_due(other, NOON, ALL) == [elsewhere]
    assert take(database) == [newer if older_is_kept else older]


def test_of_two_at_the_same_instant_one_comes_after_the_other(database: Database) -> None:
    given(database, Deadline(A, "review", NOON), Deadline(A, "end", NOON))
    assert [take(database), take(database)] == [[Deadline(A, "end", NOON)], [Deadline(A, "review", NOON)]]


def test_whoever_asks_for_one_kind_gets_that_kind_alone(database: Database) -> None:
    given(database, Deadline(A, "send", NOON - HOUR), Deadline(A, "lost", NOON), Deadline(B, "send", NOON))
    assert take(database, kind="lost") == [Deadline(A, "lost", NOON)]
    assert take(database, kind="send") == [Deadline(A, "send", NOON - HOUR), Deadline(B, "send", NOON)]


def test_a_deadline_that_moves_is_due_when_it_says_now(database: Database) -> None:
    given(database, Deadline(A, "end", NOON), Deadline(B, "end", NOON))
    given(database, Deadline(A, "end", NOON + HOUR), Deadline(B, "end", NOON + HOUR), Deadline(B, "end", NOON - HOUR))
    assert take(database) == [Deadline(B, "end", NOON - HOUR)]


def test_one_that_fired_is_open_again_once_scheduled(database: Database) -> None:
    given(database, Deadline(A, "end", NOON))
    assert take(database)
    given(database, Deadline(A, "end", NOON))
    assert take(database) == [Deadline(A, "end", NOON)]


def test_what_is_cancelled_is_never_due(database: Database) -> None:
    given(database, *(Deadline(each, kind, NOON) for each in (A, B, C) for kind in ("end", "review")))
    with database.transaction() as tx:
        deadlines.cancel(tx, A)
        deadlines.cancel_many(tx, [B, C], "review")
    assert take(database) == [Deadline(B, "end", NOON), Deadline(C, "end", NOON)]


def test_what_was_taken_in_a_transaction_that_failed_is_due_again(database: Database) -> None:
    given(database, Deadline(A, "end", NOON))
    with transaction(database, commits=False) as tx:
        assert deadlines.take_due(tx, NOON, ALL)
    assert take(database) == [Deadline(A, "end", NOON)]


def test_the_next_one_and_how_many_are_open_fired_ones_left_out(database: Database) -> None:
    given(database, Deadline(A, "end", NOON), Deadline(B, "end", NOON + HOUR), Deadline(C, "review", NOON + 2 * HOUR))
    assert take(database)
    with database.transaction() as tx:
        assert deadlines.next_due(tx) == NOON + HOUR
        assert deadlines.next_due(tx, "review") == NOON + 2 * HOUR
        assert deadlines.next_due(tx, "other") is None
        assert deadlines.count(tx, ("end", "other")) == 1


async def test_workers_that_die_leave_each_deadline_its_one_effect(trial_database: str, database: Database) -> None:
    due = [Deadline(UUID(int=n % 40), f"kind-{n}", NOON - n * HOUR) for n in range(200)]
    given(database, *due)
    for turn in (1, 2, 3):
        dying = launch("deadline_worker", database=trial_database, die_at_turn=turn)
        assert await asyncio.to_thread(dying.wait, 60) == -9
    workers = [launch("deadline_worker", database=trial_database) for _ in range(3)]
    assert [await asyncio.to_thread(worker.wait, 60) for worker in workers] == [0, 0, 0]
    effects = [key for (key,) in database.rows("SELECT key FROM effects ORDER BY place")]
    assert sorted(effects) == sorted(each.kind for each in due)


@pytest.mark.parametrize(("kind", "index"), [(None, "deadlines_due_any"), ("kind-7", "deadlines_due")])
def test_a_long_backlog_is_taken_in_the_order_of_an_index(database: Database, kind: str | None, index: str) -> None:
    """Not sorted anew for each batch."""
    given(database, *(Deadline(UUID(int=n), f"kind-{n % 20}", NOON - n * HOUR) for n in range(20_000)))
    with psycopg.connect(database.url, autocommit=True) as owner:
        owner.execute(f"ANALYZE {SCHEMA}.deadlines")
    with database.transaction() as tx:
        statement = deadlines._TAKE_KIND if kind else deadlines._TAKE_ANY
        tx.execute("EXPLAIN " + statement, {"now": NOON, "limit": ALL, "kind": kind, "but": []})
        plan = [line for (line,) in tx.fetchall()]
    assert any(f"Index Scan using {index} " in line for line in plan), plan


def test_the_clock_of_the_database_is_the_same_for_everybody(trial_database: str, database: Database) -> None:
    other = Database(trial_database, SCHEMA)
    instants = [DatabaseClock(each).now() for each in (database, other, database, other)]
    other.close()
    (present,) = database.rows("SELECT clock_timestamp()")
    assert instants == sorted(instants)
    assert instants[-1] <= present[0]
    assert {instant.tzinfo for instant in instants} == {UTC}
