"""What a server is asked for: the subjects of the partitions somebody owns, in as few filters as can be."""

from hypothesis import given
from hypothesis import strategies as st

from chassis.messages import partition_of
from chassis.source import PARTITIONS, Source
from contracts.streams import PLACES

ALL = frozenset(range(PARTITIONS))
WHOLE = Source("TRIAL", "trial")
FEW = Source("TRIAL", "trial", ("noted", "struck"))
SIFTED = Source("TRIAL", "trial", ("noted",), sifted=True)
owned = st.frozensets(st.integers(0, PARTITIONS - 1), min_size=1)


def let_through(filters: list[str], subject: str) -> int:
    """How many of these filters take in a subject, as the server understands them."""
    tokens = subject.split(".")
    taken = [list(zip(each.split("."), tokens, strict=True)) for each in filters]
    return sum(all(wanted in ("*", token) for wanted, token in pairs) for pairs in taken)


def sent(partition: int, fact: str = "noted") -> str:
    return f"trial.{PLACES[partition]}.{fact}"


@given(owned)
def test_filters_take_in_each_owned_partition_once_and_no_other(owned: frozenset[int]) -> None:
    for source in (WHOLE, FEW, SIFTED):
        found = [let_through(source.filters(owned), sent(partition)) for partition in range(PARTITIONS)]
        assert found == [int(partition in owned) for partition in range(PARTITIONS)]


@given(owned)
def test_what_is_asked_for_holds_what_is_owned_and_at_most_as_much_again(owned: frozenset[int]) -> None:
    for source in (WHOLE, FEW, SIFTED):
        asked = source.asked(owned)
        sent_to_us = {each for each in range(PARTITIONS) if let_through(asked, sent(each))}
        assert owned <= sent_to_us
        assert len(sent_to_us) <= 2 * len(owned)
        assert {each for each in sent_to_us if source.wants(sent(each), owned)} == owned


def test_shares_that_are_halves_quarters_or_eighths_are_one_filter() -> None:
    assert WHOLE.filters(ALL) == ["trial.*.*.*.*.*"]
    assert WHOLE.filters(frozenset(range(8, 16))) == ["trial.1.*.*.*.*"]
    assert WHOLE.filters(frozenset(range(4, 8))) == ["trial.0.1.*.*.*"]
    assert WHOLE.filters(frozenset({5})) == ["trial.0.1.0.1.*"]


def test_a_share_of_three_is_asked_for_with_some_that_are_passed_over() -> None:
    first = frozenset(range(6))
    assert WHOLE.filters(first) == ["trial.0.0.*.*.*", "trial.0.1.0.*.*"]
    assert WHOLE.asked(first) == ["trial.0.*.*.*.*"]
    assert not WHOLE.wants(sent(7), first)


def test_of_a_stream_of_which_few_facts_are_read_only_these_are_asked_for() -> None:
    assert FEW.asked(frozenset(range(8))) == ["trial.0.*.*.*.noted", "trial.0.*.*.*.struck"]
    assert SIFTED.asked(ALL) == ["trial.*.*.*.*.*"]
    assert not SIFTED.wants(sent(3, "struck"), ALL)


def test_a_stream_without_partitions_is_read_as_one() -> None:
    plain = Source.plain("INTAKE", "intake.raw.*")
    assert plain.asked(frozenset({0})) == plain.filters(frozenset({0})) == ["intake.raw.*"]
    assert plain.wants("intake.raw.a-sender", frozenset({0}))


def test_a_partition_is_read_back_from_its_subject() -> None:
    for partition, place in enumerate(PLACES):
        assert partition_of(f"trial.{place}.noted") == partition
    assert partition_of("intake.raw.a-sender") == 0
