from datetime import date

import pytest

from contracts.parcours import Why
from services.projections.web.forms import Sent, day_of
from services.projections.web.parcours_opening import last_day


@pytest.mark.parametrize("text", ["2025-10-12", "12/10/2025", " 12/10/2025 "])
def test_a_day_may_be_written_both_ways(text: str) -> None:
    assert day_of(text) == date(2025, 10, 12)


@pytest.mark.parametrize("text", ["", "hier", "2025-13-01", "31/02/2025", "1/2", "\x00"])
def test_what_is_no_day_is_said_at_its_field(text: str) -> None:
    form = Sent("point", {"le": text})
    form.day("le", "Indiquez la date.")
    assert form.error("point", "le") == "Indiquez la date."
    assert form.error("autre", "le") == ""


def test_what_was_typed_is_shown_again_in_its_own_form_only() -> None:
    form = Sent("point", {"le": "hier"})
    assert form.get("point", "le", "2025-10-12") == "hier"
    assert form.get("autre", "le", "2025-10-12") == "2025-10-12"


def test_a_field_that_may_be_empty_is_not_an_error_when_it_is() -> None:
    form = Sent("ouverture", {"gpds": " ", "session": ""})
    assert form.maybe_day("gpds", "faux") is None
    assert form.number("session", 2000, 2100, "faux") is None
    assert not form.errors


@pytest.mark.parametrize("text", ["1999", "2101", "²", "-1", "20e2", "9" * 50])
def test_a_number_out_of_bounds_is_an_error(text: str) -> None:
    form = Sent("ouverture", {"session": text})
    assert form.number("session", 2000, 2100, "faux") is None
    assert form.errors == {"session": "faux"}


def test_a_code_that_is_not_one_is_an_error() -> None:
    form = Sent("point", {"pourquoi": "PARCE QUE"})
    form.choice("pourquoi", Why, "Dites pourquoi.")
    assert form.errors == {"pourquoi": "Dites pourquoi."}


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2023, 9, 4), 4, date(2024, 1, 3)),
        (date(2025, 10, 31), 4, date(2026, 2, 28)),
        (date(2025, 11, 1), 3, date(2026, 1, 31)),
    ],
)
def test_months_are_counted_to_thelast_day_included(first: date, months: int, last: date) -> None:
    assert last_day(first, months) == last
