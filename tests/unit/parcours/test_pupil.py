"""One open parcours a pupil, and what is to be forgotten with the pupil."""

from dataclasses import replace
from uuid import UUID

import pytest

from contracts.parcours import Scheme
from services.parcours.pupil import Pupil
from services.parcours.refusals import Refused
from services.parcours.rules import Once, Regulation, Replaced
from tests.unit.parcours.given import NOW, PUPIL, REGULATION, day, kinds

ONE, TWO = UUID(int=1), UUID(int=2)


def following(scheme: Scheme = Scheme.TDO) -> Pupil:
    """A pupil with an open parcours."""
    pupil = Pupil(PUPIL)
    pupil.take(ONE, scheme, NOW)
    return pupil


def once(scheme: Scheme, starts: str = "01/12/2025") -> Once | None:
    """What the regulation says of following it again, for a start on that day."""
    rules = REGULATION.scheme(scheme, day(starts))
    assert rules
    return REGULATION.once(rules)


def refusal(pupil: Pupil, scheme: Scheme, once: Once | None = None) -> Refused:
    """What another opening is refused with."""
    with pytest.raises(Refused) as refused:
        pupil.take(TWO, scheme, NOW, once)
    return refused.value


def after(scheme: Scheme) -> Pupil:
    """A pupil who followed a parcours of this scheme to its end."""
    pupil = following(scheme)
    pupil.free(ONE, NOW)
    return pupil


def test_one_at_a_time() -> None:
    assert refusal(following(), Scheme.TDO).code == "another_is_open"


def test_then_another() -> None:
    pupil = following()
    pupil.free(ONE, NOW)
    pupil.take(TWO, Scheme.TDO, NOW)
    assert pupil.open == TWO


def test_a_scheme_that_is_not_renewed_is_followed_once() -> None:
    pupil = after(Scheme.AMBITION_EMPLOI)
    answer = refusal(pupil, Scheme.AMBITION_EMPLOI, once(Scheme.AMBITION_EMPLOI))
    assert answer.code == "not_renewable"
    assert answer.basis
    assert (answer.basis.rule, answer.basis.shown) == ("AE-05", "Paramètre fixé par l’académie")
    pupil.take(TWO, Scheme.TDO, NOW, once(Scheme.TDO))


@pytest.mark.parametrize(
    ("followed", "asked", "starts"),
    [
        (Scheme.AMBITION_EMPLOI, Scheme.AVENIR_PRO_PLUS, "05/01/2026"),
        (Scheme.AVENIR_PRO_PLUS, Scheme.AMBITION_EMPLOI, "01/12/2025"),  # entered late, after its new name
    ],
)
def test_a_scheme_that_changed_its_name_is_followed_once_under_both(
    followed: Scheme, asked: Scheme, starts: str
) -> None:
    """AE-22: AvenirPro+ is the new name of Ambition emploi; the four months are the same."""
    answer = refusal(after(followed), asked, once(asked, starts))
    assert answer.code == "not_renewable"
    assert "même dispositif" in answer.reason
    assert "Note de service du 15 décembre 2025" in answer.reason
    assert answer.remedy
    assert answer.basis
    assert answer.basis.shown == "Paramètre fixé par l’académie"


def test_another_scheme_may_follow_one_that_is_followed_once() -> None:
    after(Scheme.AMBITION_EMPLOI).take(TWO, Scheme.TDO, NOW, once(Scheme.TDO))
    after(Scheme.TDO).take(TWO, Scheme.AVENIR_PRO_PLUS, NOW, once(Scheme.AVENIR_PRO_PLUS, "05/01/2026"))


def test_a_scheme_that_may_be_followed_again_is() -> None:
    after(Scheme.PAFI).take(TWO, Scheme.PAFI, NOW, once(Scheme.PAFI))


def test_a_name_changed_twice_is_still_one_scheme() -> None:
    other, emploi = (REGULATION.scheme(code, day("01/12/2025")) for code in (Scheme.TDO, Scheme.AMBITION_EMPLOI))
    latest = REGULATION.scheme(Scheme.AVENIR_PRO_PLUS, day("05/01/2026"))
    assert other
    assert emploi
    assert latest
    again = replace(other, renewable=False, replaces=Replaced(Scheme.AVENIR_PRO_PLUS, other.basis))
    for several in ((again, latest, emploi), (emploi, latest, again)):
        found = Regulation(several, (), {}).once(emploi)
        assert found
        assert found.names == {Scheme.TDO, Scheme.AVENIR_PRO_PLUS, Scheme.AMBITION_EMPLOI}


def test_the_end_of_one_that_is_not_open_is_ignored() -> None:
    pupil = following()
    pupil.free(TWO, NOW)
    assert kinds(pupil.pending) == ["PupilTaken"]


def test_an_erased_pupil_is_taken_nowhere_and_erased_once() -> None:
    pupil = following()
    pupil.free(ONE, NOW)
    for _ in range(2):
        pupil.erase(NOW)
    assert refusal(pupil, Scheme.TDO).code == "pupil_erased"
    assert kinds(pupil.pending) == ["PupilTaken", "PupilFree", "PupilErased"]
    with pytest.raises(Refused):
        pupil.concern(TWO, NOW)


def test_all_that_concerns_the_pupil_is_known_once() -> None:
    pupil = following()
    for _ in range(2):
        pupil.concern(TWO, NOW)
    assert list(pupil.concerned) == [ONE, TWO]
