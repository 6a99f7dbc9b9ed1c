from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.examples import pupil_forgotten, pupil_identified, student_enrolled, student_left
from contracts.examples.common import STUDENT, UAI
from services.projections.folding.roster import RosterFold, plain
from tests.unit.projections.given import folded

MORNING = datetime(2025, 9, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Éloïse LE-GOFF", "eloise le goff"),
        ("D’ARTAGNAN  Zoë", "d artagnan zoe"),
        ("Œdipe Ñuñez", "oedipe nunez"),
        ("İpek Çelik", "ipek celik"),
        ("𝓐nna", "anna"),
        ("", ""),
        ("100% _bizarre_", "100 bizarre"),
    ],
)
def test_names_are_looked_for_without_accents_case_or_punctuation(written: str, searched: str) -> None:
    assert plain(written) == searched


@given(st.text())
def test_what_is_searched_holds_nothing_a_pattern_would_mean_something_by(text: str) -> None:
    assert not set("%_\\") & set(plain(text))
    assert plain(plain(text)) == plain(text)


def test_the_last_identity_stands_and_a_forgotten_one_is_gone() -> None:
    fold = folded(RosterFold(), [pupil_identified(first_name="Camille"), pupil_identified(first_name="Zoé")])
    assert [row.first_name for row in fold.identities.values()] == ["Zoé"]
    fold = folded(RosterFold(), [pupil_identified(), pupil_forgotten()])
    assert not fold.identities
    assert fold.gone == {str(STUDENT)}


def test_the_latest_word_of_a_school_stands_in_whatever_order_it_comes() -> None:
    early = student_enrolled(class_name="2A", time=MORNING)
    # As text, this later instant sorts before the earlier one.
    late = student_enrolled(class_name="2B", time=MORNING + timedelta(microseconds=500_000))
    for order in ([early, late], [late, early]):
        row = folded(RosterFold(), order).enrolments[str(STUDENT), UAI]
        assert row.class_name == "2B"


def test_leaving_and_being_on_the_roll_are_told_apart() -> None:
    row = folded(RosterFold(), [student_left(time=MORNING + timedelta(days=9)), student_enrolled(time=MORNING)])
    enrolment = row.enrolments[str(STUDENT), UAI]
    assert enrolment.left_on == "2025-10-10"
    assert enrolment.class_name == "1MELEC2"
