"""One open parcours a pupil, and what is to be forgotten with the pupil."""

from uuid import UUID

import pytest

from contracts.parcours import Scheme
from services.parcours.pupil import Pupil
from services.parcours.refusals import Refused
from tests.unit.parcours.given import NOW, PUPIL, kinds

ONE, TWO = UUID(int=1), UUID(int=2)


def following(scheme: Scheme = Scheme.TDO) -> Pupil:
    """A pupil with an open parcours."""
    pupil = Pupil(PUPIL)
    pupil.take(ONE, scheme, NOW, again=True)
    return pupil


def refused(pupil: Pupil, scheme: Scheme, *, again: bool) -> str:
    """The code another opening is refused with."""
    with pytest.raises(Refused) as refusal:
        pupil.take(TWO, scheme, NOW, again=again)
    return refusal.value.code


def test_one_at_a_time() -> None:
    assert refused(following(), Scheme.TDO, again=True) == "another_is_open"


def test_then_another() -> None:
    pupil = following()
    pupil.free(ONE, NOW)
    pupil.take(TWO, Scheme.TDO, NOW, again=True)
    assert pupil.open == TWO


def test_a_scheme_that_is_not_renewed_is_followed_once() -> None:
    pupil = following(Scheme.AMBITION_EMPLOI)
    pupil.free(ONE, NOW)
    assert refused(pupil, Scheme.AMBITION_EMPLOI, again=False) == "not_renewable"
    pupil.take(TWO, Scheme.TDO, NOW, again=True)


def test_the_end_of_one_that_is_not_open_is_ignored() -> None:
    pupil = following()
    pupil.free(TWO, NOW)
    assert kinds(pupil.pending) == ["PupilTaken"]


def test_an_erased_pupil_is_taken_nowhere_and_erased_once() -> None:
    pupil = following()
    pupil.free(ONE, NOW)
    for _ in range(2):
        pupil.erase(NOW)
    assert refused(pupil, Scheme.TDO, again=True) == "pupil_erased"
    assert kinds(pupil.pending) == ["PupilTaken", "PupilFree", "PupilErased"]
    with pytest.raises(Refused):
        pupil.concern(TWO, NOW)


def test_all_that_concerns_the_pupil_is_known_once() -> None:
    pupil = following()
    for _ in range(2):
        pupil.concern(TWO, NOW)
    assert list(pupil.concerned) == [ONE, TWO]
