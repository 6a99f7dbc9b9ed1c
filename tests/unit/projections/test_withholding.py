"""No number below five of one school can be worked out from what is told of a territory, its sum included."""

from collections import defaultdict
from itertools import product

import pytest

from services.projections.withholding import FEW, told

HIGHEST = 11
JUDGED = HIGHEST - FEW + 1  # what could also be higher numbers than those looked at is not judged


@pytest.mark.parametrize("schools", [1, 2, 3, 4])
def test_whoever_knows_the_rule_and_subtracts_learns_nobody_s_number(schools: int) -> None:
    """Every territory of that many schools, side by side with all those that look the same from outside."""
    alike: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for numbers in product(range(HIGHEST + 1), repeat=schools):
        column = told({str(each): number for each, number in enumerate(numbers)})
        alike[column and (*column.values(), sum(numbers))].append(numbers)
    judged = [each for each in alike.values() if max(map(max, each)) <= JUDGED]
    assert judged
    for each in judged:
        for school in range(schools):
            possible = {numbers[school] for numbers in each}
            assert len(possible) > 1 or min(possible) >= FEW or not any(each[0]), each


def test_five_and_more_are_told() -> None:
    assert told({"a": 5, "b": 12}) == {"a": 5, "b": 12}


def test_none_is_withheld_like_few() -> None:
    assert told({"a": 0, "b": 4, "c": 7}) == {"a": None, "b": None, "c": 7}


def test_one_alone_takes_the_next_with_it() -> None:
    assert told({"a": 9, "b": 3, "c": 30, "d": 6}) == {"a": 9, "b": None, "c": None, "d": 6}
    assert told({"a": 9, "b": 6, "c": 3}) == {"a": None, "b": 6, "c": None}


def test_as_many_as_can_be_withheld_take_the_next_with_them() -> None:
    assert told({"a": 4, "b": 4, "c": 7, "d": 8}) == {"a": None, "b": None, "c": None, "d": 8}


@pytest.mark.parametrize("numbers", [{"a": 0}, {"a": 3}, {"a": 4, "b": 4}, {"a": 4, "b": 3}])
def test_a_territory_too_small_is_told_nothing_of(numbers: dict[str, int]) -> None:
    assert told(numbers) is None


def test_where_all_that_is_withheld_is_nothing_the_next_is_withheld_too() -> None:
    assert told({"a": 0, "b": 0, "c": 6, "d": 9}) == {"a": None, "b": None, "c": None, "d": 9}


def test_a_territory_where_nothing_happened_is_not_too_small_to_say_so() -> None:
    assert told({"a": 0, "b": 0}) == {"a": None, "b": None}


def test_a_territory_without_a_school_hides_nothing() -> None:
    assert told({}) == {}
