"""What was announced about a pupil: each fact once, and nothing after the pupil was erased."""

from uuid import uuid4

from services.notifications.domain import Announcements
from tests.unit.notifications.given import FACT_ID, NOW, PUPIL


def test_a_fact_is_announced_once() -> None:
    pupil = Announcements(PUPIL)
    assert pupil.may_announce(FACT_ID)
    pupil.announce(NOW, FACT_ID, (uuid4(),))
    assert not pupil.may_announce(FACT_ID)
    assert pupil.may_announce(uuid4())


def test_e_mails_added_later_belong_to_the_same_fact() -> None:
    pupil, first, second = Announcements(PUPIL), uuid4(), uuid4()
    pupil.announce(NOW, FACT_ID, (first,))
    pupil.announce(NOW, FACT_ID, (second,))
    assert pupil.mail_ids == [first, second]


def test_after_erasure_nothing_is_announced_even_if_nothing_ever_was() -> None:
    pupil = Announcements(PUPIL)
    assert pupil.erase(NOW)
    assert not pupil.may_announce(FACT_ID)
    assert not pupil.erase(NOW)
    assert len(pupil.pending) == 1


def test_a_fact_that_nobody_is_told_of_is_announced_all_the_same() -> None:
    pupil = Announcements(PUPIL)
    pupil.announce(NOW, FACT_ID, ())
    assert not pupil.may_announce(FACT_ID)
