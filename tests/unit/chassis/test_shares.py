"""How partitions are shared out: evenly, with the fewest moves, and not always to the same member."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from chassis.leases import shares

_PARTITIONS = 16
_held = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 16), min_size=1, max_size=24)


@given(held=_held)
def test_shares_add_up_and_differ_by_one_at_most(held: dict[str, int]) -> None:
    given_out = shares("c", _PARTITIONS, held)
    assert given_out.keys() == held.keys()
    assert sum(given_out.values()) == _PARTITIONS
    assert max(given_out.values()) - min(given_out.values()) <= 1


@given(members=st.integers(1, 15))
def test_who_joins_takes_what_it_needs_and_nothing_else_moves(members: int) -> None:
    settled = shares("c", _PARTITIONS, dict.fromkeys(map(str, range(members)), 0))
    after = shares("c", _PARTITIONS, settled | {"new": 0})
    given_up = sum(max(0, settled[name] - after[name]) for name in settled)
    assert given_up == after["new"] == _PARTITIONS // (members + 1)


@given(members=st.integers(2, 16), leaves=st.integers(0, 15))
def test_when_one_leaves_nobody_gives_anything_up(members: int, leaves: int) -> None:
    settled = shares("c", _PARTITIONS, dict.fromkeys(map(str, range(members)), 0))
    settled.pop(str(leaves % members))
    after = shares("c", _PARTITIONS, settled)
    assert all(after[name] >= settled[name] for name in settled)


@given(members=st.integers(1, 20), consumer=st.text("abc", min_size=1))
def test_a_relay_moves_to_who_joins_or_stays(members: int, consumer: str) -> None:
    names = [f"pod-{n}" for n in range(members)]
    before = shares(consumer, 1, dict.fromkeys(names, 0))
    after = shares(consumer, 1, before | {"new": 0})
    assert sum(after.values()) == 1
    assert after["new"] == 1 or all(after[name] == before[name] for name in names)


def test_relays_are_spread_over_the_members_wherever_they_were() -> None:
    owners = Counter(
        name
        for n in range(100)
        for name, share in shares(f"relay:{n}", 1, {"pod-0": 1, "pod-1": 0, "pod-2": 0, "pod-3": 0}).items()
        if share
    )
    assert max(owners.values()) < 50, owners  # 25 each on average


def test_what_cannot_be_divided_does_not_always_fall_to_the_same_member() -> None:
    names = [f"pod-{n}" for n in range(5)]
    favoured = Counter(
        name
        for n in range(200)
        for name, share in shares(f"c{n}", _PARTITIONS, dict.fromkeys(names, 0)).items()
        if share == 4
    )
    assert favoured.keys() == set(names)
    assert max(favoured.values()) < 80, favoured  # 40 each on average
