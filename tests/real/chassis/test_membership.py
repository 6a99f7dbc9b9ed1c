"""What a process holds is kept by one statement, whoever of it asks first; and only for those of it who live."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from threading import Event, Thread

import psycopg
import pytest

from chassis import membership
from chassis.database import Database
from chassis.leases import Leases
from chassis.membership import Membership

_CONSUMERS = ("first", "second", "third")
_UNTIL_CALM = 6  # claims, after which who finds nothing new looks as seldom as can be


def _ends(database: Database) -> dict[str, object]:
    return dict(database.rows("SELECT consumer, until FROM members"))


def _settled(database: Database) -> dict[str, Leases]:
    us = Membership(database, "us")
    held = {consumer: Leases(us, consumer, 4) for consumer in _CONSUMERS}
    for each in held.values():
        for _ in range(_UNTIL_CALM):
            assert each.claim() == frozenset(range(4))
    us._found.clear()
    return held


def test_one_statement_renews_all_that_a_process_holds(database: Database, asked: list[object]) -> None:
    held = _settled(database)
    before = _ends(database)
    asked.clear()
    for each in held.values():
        assert each.claim() == frozenset(range(4))
    assert len(asked) == 1
    after = _ends(database)
    assert after.keys() == before.keys() == set(_CONSUMERS)
    assert all(after[consumer] > before[consumer] for consumer in _CONSUMERS)  # type: ignore[operator]


def test_who_is_told_that_nothing_changed_waits_for_nothing(database: Database, asked: list[object]) -> None:
    held = _settled(database)
    assert held["second"].unchanged() is None, "nobody has looked"
    held["first"].claim()
    asked.clear()
    assert held["second"].unchanged() == frozenset(range(4))
    assert held["second"].unchanged() is None, "once"
    assert not asked


def test_who_is_told_that_something_changed_claims(database: Database) -> None:
    held = _settled(database)
    other = Leases(Membership(database, "another"), "second", 4)
    other.claim()
    held["first"].claim()
    assert held["second"].unchanged() is None
    assert len(held["second"].claim()) == 2


def test_all_of_a_process_are_due_together(database: Database) -> None:
    held = _settled(database)
    for each in held.values():
        each.claim()
    first, *others = (each.due_in_s for each in held.values())
    assert 0 < first <= membership.RENEW_EVERY_S
    assert all(first < other <= first + membership.FOLLOW_S for other in others), "who is told comes after who looks"


def test_who_hangs_loses_what_it_holds_whoever_lives_beside_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = _settled(database)
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 0.0)  # two rounds have gone by since anybody asked
    before = _ends(database)
    held["first"].claim()
    after = _ends(database)
    assert after["first"] > before["first"]  # type: ignore[operator]
    assert after["second"] == before["second"]


def test_who_left_is_renewed_no_more(database: Database) -> None:
    held = _settled(database)
    held["second"].release()
    held["first"].claim()
    assert _ends(database).keys() == {"first", "third"}
    assert held["second"].claim() == frozenset(range(4)), "and comes back as if it were new"


def test_what_was_found_long_ago_is_looked_for_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    held = _settled(database)
    held["first"].claim()
    with database.transaction() as tx:
        tx.execute("DELETE FROM members WHERE consumer = 'second'")
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 0.0)
    held["second"].claim()
    assert _ends(database).keys() == set(_CONSUMERS)


def test_who_asks_while_others_look_waits_for_what_they_find(
    database: Database, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = _settled(database)
    asked.clear()
    with _looking(database, held, monkeypatch, lambda: None) as both:
        pass
    assert len(asked) == 1
    assert both == dict.fromkeys(("first", "second"), frozenset(range(4)))


def test_a_look_that_fails_fails_for_all_who_waited_and_the_next_one_is_new(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = _settled(database)

    def away() -> None:
        raise psycopg.OperationalError("away")

    with monkeypatch.context() as patch, _looking(database, held, patch, away) as both:
        pass
    assert [type(each) for each in both.values()] == 2 * [psycopg.OperationalError]
    assert held["second"].claim() == held["first"].claim() == frozenset(range(4))


def test_a_look_that_never_ends_holds_nobody_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is dead and nobody says so: whoever else asks looks by themselves, on another one."""
    held = _settled(database)
    monkeypatch.setattr(membership, "LEASE_S", 0.2)
    rows, over = database.rows, Event()
    silent = [True]

    def dead(*arguments: object) -> list[tuple[object, ...]]:
        if silent and silent.pop():
            over.wait(20)
        return rows(*arguments)

    monkeypatch.setattr(database, "rows", dead)
    stuck = Thread(target=held["first"].claim)
    stuck.start()
    while held["first"]._membership._looking is None:
        time.sleep(0.001)
    assert held["second"].claim() == held["third"].claim() == frozenset(range(4))
    held["third"].release()
    over.set()
    stuck.join(10)
    assert held["second"].claim() == held["first"].claim() == frozenset(range(4))


def test_what_is_being_shared_out_holds_up_nothing_else(database: Database) -> None:
    held = _settled(database)
    before = _ends(database)
    with database.transaction() as tx:
        tx.execute("SELECT * FROM members WHERE consumer = 'second' FOR UPDATE")
        held["first"].claim()
        after = _ends(database)
    assert after["first"] > before["first"]  # type: ignore[operator]
    assert after["third"] > before["third"]  # type: ignore[operator]
    assert after["second"] == before["second"]


def test_who_asks_for_the_first_time_while_others_look_looks_too(
    database: Database, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = _settled(database)
    newcomer = held["second"]
    newcomer.release()
    newcomer._membership._asked["second"] = 0.0
    asked.clear()
    with _looking(database, held, monkeypatch, lambda: None) as both:
        pass
    assert len(asked) == 2
    assert both == dict.fromkeys(("first", "second"), frozenset(range(4)))


def test_those_who_look_apart_come_to_look_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    held = _settled(database)
    clock = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    looks = []
    rows = database.rows
    monkeypatch.setattr(database, "rows", lambda *arguments: (looks.append(clock[0]), rows(*arguments))[1])
    due = {"first": 1_000.0, "second": 1_001.4, "third": 1_002.1}
    for _ in range(20):
        consumer = min(due, key=due.__getitem__)
        clock[0] = due[consumer]
        if held[consumer].unchanged() is None:
            held[consumer].claim()
        due[consumer] = held[consumer]._due
    rounds = [look for look in looks if look > 1_008]
    assert len(rounds) >= 3
    assert all(later - sooner >= membership.RENEW_EVERY_S for sooner, later in pairwise(rounds)), looks


@contextmanager
def _looking(
    database: Database, held: dict[str, Leases], patch: pytest.MonkeyPatch, then: Callable[[], None]
) -> Iterator[dict[str, object]]:
    """The first looks, the second asks meanwhile, `then` the look goes on; what came of both is there at the end."""
    rows, go_on, came = database.rows, Event(), dict[str, object]()

    def slow(*arguments: object) -> list[tuple[object, ...]]:
        go_on.wait(10)
        then()
        return rows(*arguments)

    def claim(consumer: str) -> None:
        try:
            came[consumer] = held[consumer].claim()
        except psycopg.Error as error:
            came[consumer] = error

    patch.setattr(database, "rows", slow)
    threads = []
    for consumer in ("first", "second"):
        before = time.monotonic()
        threads.append(Thread(target=claim, args=(consumer,)))
        threads[-1].start()
        while held[consumer]._membership._asked[consumer] < before:
            time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join(10)
    yield came
