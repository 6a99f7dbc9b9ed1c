from datetime import UTC, date, datetime
from enum import StrEnum

import pytest

from contracts.alerts import AlertState, CloseMotive, FollowUp, LiftCause
from contracts.directory import Role, SchoolType
from contracts.notifications import MailTemplate
from contracts.school import ReasonCategory
from services.projections.reading.alerts import SORTS
from services.projections.reading.mails import STATES
from services.projections.web import words


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (AlertState, words.STATES),
        (FollowUp, words.FOLLOW_UPS),
        (CloseMotive, words.MOTIVES),
        (LiftCause, words.CAUSES),
        (ReasonCategory, words.CATEGORIES),
        (Role, words.ROLES),
        (SchoolType, words.SCHOOL_TYPES),
        (MailTemplate, words.TEMPLATES),
    ],
)
def test_every_code_has_a_french_name(codes: type[StrEnum], said: dict[str, str]) -> None:
    assert set(said) == {code.value for code in codes}
    assert len(set(said.values())) == len(said)


def test_every_state_and_order_has_its_words() -> None:
    assert set(words.STATE_SLUGS.values()) == set(AlertState)
    assert set(words.MAIL_STATES) == set(words.MAIL_MEANINGS) == set(STATES)
    assert set(words.SORT_NAMES) == set(SORTS)


def test_days_are_written_as_in_french() -> None:
    assert words.day(date(2025, 10, 12)) == "12\u00a0oct.\u00a02025"
    assert words.day("2025-09-01") == "1er\u00a0sept.\u00a02025"
    assert words.month("2026-02") == "février\u00a02026"


def test_an_instant_is_told_on_the_clock_of_paris() -> None:
    assert words.instant(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == "1er\u00a0juil.\u00a02026 à 0\u00a0h\u00a030"


def test_zero_is_singular_and_thousands_are_set_apart() -> None:
    assert words.count(0, "alerte", "alertes") == "0\u00a0alerte"
    assert words.count(1, "alerte", "alertes") == "1\u00a0alerte"
    assert words.count(12345, "alerte", "alertes") == "12\u202f345\u00a0alertes"


def test_typography_puts_the_spaces_that_do_not_break() -> None:
    assert words.typeset("Pourquoi ? Voir : « ceci » ; 20 %") == (
        "Pourquoi\u00a0? Voir\u00a0: «\u00a0ceci\u00a0»\u00a0; 20\u00a0%"
    )


def test_a_source_is_not_cut_between_a_number_and_its_word() -> None:
    assert words.typeset("BO n° 29 du 20 juillet 2023") == "BO\u00a0n°\u00a029 du 20\u00a0juillet\u00a02023"
    assert words.typeset("JO du 10 décembre 2025") == "JO du 10\u00a0décembre\u00a02025"
    assert words.typeset("avant le 1er septembre.") == "avant le 1er\u00a0septembre."
    assert words.typeset("5 maisons, 2 juins") == "5 maisons, 2 juins"


def test_a_pupil_without_a_name_still_has_words() -> None:
    assert words.full_name({"last_name": "DUPONT", "first_name": None}) == "DUPONT"
    assert words.full_name({"last_name": None, "first_name": None}) == "Identité non communiquée"
