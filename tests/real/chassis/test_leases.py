"""Members share the partitions of a consumer, and share anew when one joins, leaves or dies."""

import asyncio
from collections import Counter
from itertools import chain, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import leases as leases_module
from chassis import membership
from chassis.database import Database
from chassis.leases import Leases, shares
from chassis.membership import Membership
from tests.real.chassis.programs import launch
from tests.real.chassis.trial import Trial, assert_once_in_order
from tests.real.eventually import eventually

_PARTITIONS = 16
_MOVES = ("claim", "claim", "leave", "die")


def _members(database: Database, *names: str) -> dict[str, Leases]:
    return {name: Leases(Membership(database, name), "c", _PARTITIONS) for name in names}


def _settle(members: dict[str, Leases], rounds: int = 3) -> dict[str, frozenset[int]]:
    """What each holds once everybody has claimed a few times."""
    for _ in range(rounds):
        shares = {name: member.claim() for name, member in members.items()}
    return shares


def _assert_shared_out(held: dict[str, frozenset[int]]) -> None:
    """Every partition belongs to one member, and each has its piece."""
    assert Counter(chain(*held.values())) == Counter(range(_PARTITIONS))
    assert held == {member: frozenset(share) for member, share in shares("c", _PARTITIONS, held).items()}


def test_a_member_alone_has_every_partition(database: Database) -> None:
    assert _members(database, "a")["a"].claim() == frozenset(range(_PARTITIONS))


@pytest.mark.parametrize("count", [2, 3, 5, 9, 15, 16])
def test_members_share_the_partitions_out_evenly(database: Database, count: int) -> None:
    _assert_shared_out(_settle(_members(database, *(f"m{n}" for n in range(count)))))


def test_of_more_members_than_partitions_some_wait(database: Database) -> None:
    shares = _settle(_members(database, *(f"m{n}" for n in range(20))))
    assert Counter(chain(*shares.values())) == Counter(range(_PARTITIONS))
    assert sum(1 for share in shares.values() if not share) == 4


def test_who_joins_is_given_a_share(database: Database) -> None:
    members = _members(database, "a", "b", "c")
    _settle({"a": members["a"]})
    _assert_shared_out(_settle({name: members[name] for name in ("a", "b")}))
    _assert_shared_out(_settle(members))


def test_who_leaves_gives_its_share_back_at_once(database: Database) -> None:
    members = _members(database, "a", "b")
    _settle(members)
    members["a"].release()
    assert members["b"].claim() == frozenset(range(_PARTITIONS))


def test_the_share_of_who_died_is_free_when_its_lease_is_over(database: Database) -> None:
    members = _members(database, "a", "b")
    before = _settle(members)
    assert members["b"].claim() == before["b"], "not before"
    with database.transaction() as tx:  # as if the lease's seconds had gone by
        tx.execute("UPDATE members SET until = now() - interval '1 s' WHERE member = 'a'")
    assert members["b"].claim() == frozenset(range(_PARTITIONS))


def test_a_member_late_to_renew_keeps_what_nobody_took(database: Database) -> None:
    member = _members(database, "a")["a"]
    member.claim()
    with database.transaction() as tx:
        tx.execute("UPDATE members SET until = now() - interval '1 s'")
    assert member.claim() == frozenset(range(_PARTITIONS))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(_MOVES)), max_size=25))
def test_whatever_members_do_no_partition_has_two_owners_and_in_the_end_none_has_no_owner(
    database: Database, moves: list[tuple[str, str]]
) -> None:
    with database.transaction() as tx:
        tx.execute("DELETE FROM leases")
        tx.execute("DELETE FROM members")
    members = _members(database, *"abcde")
    present: set[str] = {"a"}
    for name, move in moves:
        if move == "claim":
            members[name].claim()
            present.add(name)
        elif move == "leave":
            members[name].release()
            present.discard(name)
        else:
            with database.transaction() as tx:
                tx.execute("UPDATE members SET until = now() - interval '1 s' WHERE member = %s", (name,))
            present.discard(name)
    _assert_shared_out(_settle({name: members[name] for name in sorted(present or {"a"})}))


async def test_while_readers_join_leave_and_die_each_effect_is_there_once(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "LEASE_S", 1)
    monkeypatch.setattr(membership, "RENEW_EVERY_S", 0.2)
    await trial.fill(1_000)
    dying = launch(
        "reader",
        nats=trial.nats_url,
        database=trial.database_url,
        name=trial.reader_name,
        member="dying",
        lease_s=1,
    )
    await trial.until_effects(1_000)
    async with trial.reading(member="staying"):
        async with trial.reading(member="leaving"):
            await eventually(lambda: _owners(trial, {"dying", "staying", "leaving"}))
            await trial.fill(2_000, first=1_001)
            await trial.until_effects(2_000)
        dying.kill()
        await asyncio.to_thread(dying.wait)
        await trial.fill(3_000, first=2_001)
        assert_once_in_order(await trial.until_effects(3_000), 3_000)
        await eventually(lambda: _owners(trial, {"staying"}))


async def _owners(trial: Trial, wanted: set[str]) -> bool:
    return {owner for (owner,) in trial.rows("SELECT DISTINCT owner FROM leases")} == wanted


def test_where_nothing_changes_one_statement_is_a_claim(
    database: Database, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    members = _members(database, "a", "b")
    before = _settle(members)
    asked.clear()
    monkeypatch.setattr(database, "pipelined", lambda: pytest.fail("shared out anew"))
    assert {name: member.claim() for name, member in members.items()} == before
    assert len(asked) == 2


def test_who_was_taken_for_gone_is_there_again_at_its_next_claim(database: Database) -> None:
    """Somebody of the version before, who takes away only what says itself that it is over, leaves the leases."""
    members = _members(database, "a", "b")
    before = _settle(members)
    with database.transaction() as tx:
        tx.execute("DELETE FROM members WHERE member = 'a'")
    assert members["a"].claim() == before["a"]
    with database.transaction() as tx:
        tx.execute("SELECT count(*) FROM members WHERE member = 'a'")
        assert tx.fetchone() == (1,)


def test_what_a_member_held_that_is_there_no_more_is_shared_out(database: Database) -> None:
    members = _members(database, "a", "b")
    _settle(members)
    with database.transaction() as tx:
        tx.execute("DELETE FROM members WHERE member = 'a'")
    assert members["b"].claim() == frozenset(range(_PARTITIONS))


def test_who_has_no_claim_any_more_stops_looking_in_haste(database: Database) -> None:
    """One partition: a newcomer that chance prefers waits for it, until one comes that chance prefers still more."""
    last_choice, second, first = _by_chance(["a", "b", "c"])
    members = {name: Leases(Membership(database, name), "c", 1) for name in "abc"}
    members[last_choice].claim()
    members[second].claim()
    assert members[second].due_in_s <= leases_module.SOON_S
    members[first].claim()
    members[second].claim()
    members[second].claim()
    assert members[second].due_in_s > leases_module.SOON_S


def test_where_one_came_others_are_looked_for_soon_and_then_ever_less_often(database: Database) -> None:
    """A service is started with several replicas at once: they must not wait a whole round for each other."""
    member = _members(database, "a")["a"]
    due = []
    for _ in range(8):
        member.claim()
        due.append(member.due_in_s)
    *growing, last, usual = due
    assert growing[0] <= leases_module.SOON_S
    assert all(earlier < later for earlier, later in pairwise(growing[:4]))
    assert min(last, usual) > membership.RENEW_EVERY_S - 0.5

    _members(database, "a", "b")["b"].claim()
    member.claim()
    assert member.due_in_s <= leases_module.SOON_S, "somebody came"


def test_who_is_told_by_another_of_its_process_looks_ever_less_often_too(database: Database) -> None:
    process = Membership(database, "a")
    asks, is_told = Leases(process, "asks", 4), Leases(process, "told", 4)
    is_told.claim()
    due = []
    for _ in range(6):
        asks.claim()
        assert is_told.unchanged() == frozenset(range(4))
        due.append(is_told.due_in_s)
    assert due[0] < due[1] < due[2] < due[-1]


def _by_chance(names: list[str]) -> list[str]:
    """Least preferred first."""
    left, found = list(names), []
    while left:
        (preferred,) = (name for name, share in shares("c", 1, left).items() if share)
        found.insert(0, preferred)
        left.remove(preferred)
    return found
