"""Identifiers of the French school system, checked once at the edge."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import permutations
from string import ascii_uppercase
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.identifiers import (
    UAI_LETTERS,
    HalfDay,
    Ine,
    Month,
    Period,
    SchoolYear,
    Uai,
    check_ine,
    check_month,
    check_school_year,
    check_uai,
    file_number,
    month_of,
    school_year_of,
)

VALID_UAIS = (
    *("0310000G", "0319999A", "0319001R", "0319002S", "0090001C", "0820500Y", "0121234B", "0310017A"),
    *("0310028M", "0090002D", "0120006S", "0320002D", "0460007H", "0650005C", "0810003N", "0820001F"),
)
digits = st.text("0123456789", min_size=7, max_size=7)


@pytest.mark.parametrize("uai", VALID_UAIS)
def test_a_uai_with_its_check_letter_is_accepted(uai: str) -> None:
    assert check_uai(uai) == uai


@pytest.mark.parametrize(
    "uai", ["0310000A", "0319001A", "0319001", "0319001RR", "0319001r", " 0319001R", "٠319001R", ""]
)
def test_any_other_uai_is_refused(uai: str) -> None:
    with pytest.raises(ValueError, match="UAI"):
        check_uai(uai)


@given(digits)
def test_seven_digits_have_one_check_letter_and_only_one(number: str) -> None:
    accepted = [letter for letter in ascii_uppercase if _accepts(check_uai, number + letter)]
    assert accepted == [UAI_LETTERS[int(number) % 23]]


@given(digits, st.integers(0, 6), st.integers(1, 9))
def test_one_mistyped_digit_of_a_uai_is_always_noticed(number: str, place: int, shift: int) -> None:
    letter = UAI_LETTERS[int(number) % 23]
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert not _accepts(check_uai, wrong + letter)


@given(st.from_regex(r"[0-9]{9}[A-Z]|[0-9]{10}|[0-9]{4}A[0-9]{5}", fullmatch=True))
def test_an_ine_is_never_refused_for_its_last_character(start: str) -> None:
    for letter in ascii_uppercase:
        assert check_ine(start + letter) == start + letter


@pytest.mark.parametrize(
    "ine",
    ["", "99000000", "990000001A", "990000001ABC", "990000001ab", "1234B56789C", "990000001A1", "Ä" * 11],
)
def test_an_ine_in_none_of_the_three_formats_is_refused(ine: str) -> None:
    with pytest.raises(ValueError, match="INE"):
        check_ine(ine)


@given(st.integers(1000, 9998), st.integers(-3, 3))
def test_a_school_year_is_two_consecutive_years(first: int, step: int) -> None:
    assert _accepts(check_school_year, f"{first:04d}-{first + step:04d}") == (step == 1)


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(9998, 12, 31)))
def test_every_day_belongs_to_one_school_year_that_starts_on_the_first_of_august(day: date) -> None:
    year = check_school_year(school_year_of(day))
    first = int(year[:4])
    assert date(first, 8, 1) <= day <= date(first + 1, 7, 31)


def test_the_school_year_turns_between_july_and_august() -> None:
    assert school_year_of(date(2025, 7, 31)) == "2024-2025"
    assert school_year_of(date(2025, 8, 1)) == "2025-2026"


@given(st.dates(min_value=date(1000, 1, 1)))
def test_the_month_of_a_day_is_the_start_of_its_iso_date(day: date) -> None:
    assert check_month(month_of(day)) == day.isoformat()[:7]


@pytest.mark.parametrize("month", ["2025-00", "2025-13", "2025-1", "25-10", "2025-10-01", "2025/10"])
def test_anything_else_is_no_month(month: str) -> None:
    assert not _accepts(check_month, month)


half_days = st.builds(HalfDay, date=st.dates(), period=st.sampled_from(Period))


def test_the_morning_comes_before_the_afternoon_and_the_day_before_both() -> None:
    monday, tuesday = date(2025, 10, 6), date(2025, 10, 7)
    in_order = [HalfDay(date=day, period=period) for day in (monday, tuesday) for period in Period]
    for shuffled in permutations(in_order):
        assert sorted(shuffled) == in_order


@given(half_days, half_days, half_days)
def test_half_days_are_totally_ordered(a: HalfDay, b: HalfDay, c: HalfDay) -> None:
    assert (a < b) + (b < a) + (a == b) == 1
    assert not (a < b < c) or a < c


@given(half_days)
def test_a_half_day_is_read_back_as_it_was_written(half_day: HalfDay) -> None:
    again = HalfDay.model_validate_json(half_day.model_dump_json())
    assert again == half_day
    assert hash(again) == hash(half_day)


@given(half_days.filter(lambda h: h.date < date.max))
def test_a_half_day_is_before_any_of_the_next_day(half_day: HalfDay) -> None:
    for period in Period:
        assert half_day < HalfDay(date=half_day.date + timedelta(days=1), period=period)


@pytest.mark.parametrize(
    ("kind", "secret"),
    [(Uai, "0310000A"), (Ine, "SECRET-1234"), (SchoolYear, "2025-2027"), (Month, "2025-13")],
)
def test_the_reason_of_a_refusal_never_holds_the_value(kind: Any, secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(secret)
    assert secret not in caught.value.errors()[0]["msg"]


def _accepts(check: Callable[[str], str], value: str) -> bool:
    try:
        check(value)
    except ValueError:
        return False
    return True


def test_a_file_is_named_by_the_first_half_of_its_id() -> None:
    assert file_number(UUID("2c731370-0000-4000-8000-000000000001")) == "2C73-1370"
