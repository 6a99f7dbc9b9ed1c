"""How partitions are shared out: evenly, in one piece each, at rest once shared, and not always to the same member."""

from collections import Counter
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from chassis.leases import shares

_PARTITIONS = 16
_members = st.sets(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=24)


def claimed(held: dict[str, set[int]], member: str) -> None:
    """A member takes of its share what nobody else holds, and gives back the rest."""
    share = set(shares("c", _PARTITIONS, held)[member])
    elsewhere = set(chain.from_iterable(others for name, others in held.items() if name != member))
    held[member] = share - elsewhere


@given(members=_members)
def test_every_partition_is_of_one_share_and_shares_differ_by_one_at_most(members: set[str]) -> None:
    given_out = shares("c", _PARTITIONS, members)
    assert given_out.keys() == members
    assert Counter(chain(*given_out.values())) == Counter(range(_PARTITIONS))
    sizes = [len(share) for share in given_out.values()]
    assert max(sizes) - min(sizes) <= 1


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=40), st.permutations("abcdef"))
def test_whoever_comes_and_goes_all_have_their_share_after_two_claims(
    moves: list[tuple[str, bool]], order: list[str]
) -> None:
    held: dict[str, set[int]] = {"a": set()}
    for member, comes in moves:
        if comes:
            held.setdefault(member, set())
            claimed(held, member)
        elif len(held) > 1:
            held.pop(member, None)
    for member in 2 * [each for each in order if each in held]:
        claimed(held, member)
    assert held == {member: set(share) for member, share in shares("c", _PARTITIONS, held).items()}


@given(members=_members)
def test_who_is_there_keeps_its_place_when_others_come_and_go(members: set[str]) -> None:
    before = shares("c", _PARTITIONS, members | {"new"})
    after = shares("c", _PARTITIONS, members)
    assert list(after) == [name for name in before if name != "new"]


def test_two_four_or_eight_have_halves_quarters_or_eighths() -> None:
    for members in (2, 4, 8, 16):
        firsts = {share.start for share in shares("c", _PARTITIONS, [f"pod-{n}" for n in range(members)]).values()}
        assert firsts == set(range(0, _PARTITIONS, _PARTITIONS // members))


@given(members=st.integers(1, 20), consumer=st.text("abc", min_size=1))
def test_a_relay_moves_to_who_joins_or_stays(members: int, consumer: str) -> None:
    names = [f"pod-{n}" for n in range(members)]
    before, after = shares(consumer, 1, names), shares(consumer, 1, [*names, "new"])
    assert sum(map(len, after.values())) == 1
    assert after["new"] or all(len(after[name]) == len(before[name]) for name in names)


def _favoured(partitions: int, most: int) -> Counter[str]:
    """How often each of four has the largest share, over many consumers."""
    names = [f"pod-{n}" for n in range(4)]
    found = Counter(
        name for n in range(200) for name, share in shares(f"c{n}", partitions, names).items() if len(share) == most
    )
    assert found.keys() == set(names)
    return found


def test_relays_are_spread_over_the_members() -> None:
    favoured = _favoured(1, 1)
    assert max(favoured.values()) < 80, favoured  # 50 each on average


def test_what_cannot_be_divided_does_not_always_fall_to_the_same_member() -> None:
    favoured = _favoured(17, 5)
    assert max(favoured.values()) < 80, favoured  # 50 each on average
