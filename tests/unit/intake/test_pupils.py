"""The register keeps, field by field, what was said last, in whatever order it is heard."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.incoming import EnrolStudent
from services.intake.pupils import IDENTITY, Pupil
from tests.unit.intake.given import INE, UAI

T0 = datetime(2025, 9, 1, tzinfo=UTC)
NAMES = st.none() | st.sampled_from(["A", "B", "C"])
ENROLMENT = st.builds(
    EnrolStudent, ine=st.just(INE), uai=st.sampled_from([UAI, "0090001C"]), last_name=NAMES, class_name=NAMES
)
SAID = st.lists(
    st.tuples(ENROLMENT, st.integers(0, 3), st.sampled_from(["a", "a-1", "b"]), st.sampled_from(["x", "x-1"])),
    max_size=6,
    unique_by=lambda said: said[1:],
)


def heard(said: list[tuple[EnrolStudent, int, str, str]]) -> dict[str, object]:
    pupil = Pupil.unknown(INE, b"")
    for data, day, event_id, source in said:
        pupil.learn(data, T0 + timedelta(days=day), event_id, source)
    return {name: getattr(pupil, name) for name in IDENTITY}


@given(SAID, st.randoms())
def test_any_order_any_number_of_times_the_same_identity(said, random):
    shuffled = [*said, *random.choices(said, k=3)] if said else []
    random.shuffle(shuffled)
    expected = dict.fromkeys(IDENTITY)
    for data, *_ in sorted(said, key=lambda one: one[1:]):
        expected |= {name: getattr(data, name) for name in IDENTITY if getattr(data, name) is not None}
    assert heard(shuffled) == expected


def test_a_pupil_nobody_enrolled_is_at_the_school_that_reports():
    pupil = Pupil.unknown(INE, b"")
    assert pupil.learn_school(UAI)
    assert not pupil.learn_school("0090001C")
    pupil.learn(EnrolStudent(ine=INE, uai="0090001C"), T0, "a", "x")
    assert pupil.uai == "0090001C"


def test_a_pseudonym_is_never_derived_from_the_ine():
    assert Pupil.unknown(INE, b"").student_id != Pupil.unknown(INE, b"").student_id
