"""Alerts, erasures and appointments, on a real database: who is told, once, and who no longer is."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest

from chassis.recorder import VersionConflict
from contracts.directory import Role
from services.notifications import events
from services.notifications.courier import Ending, Outcome
from services.notifications.domain import State
from tests.real.notifications.conftest import PEOPLE, Post, alert
from tests.unit.notifications.given import actor, school


def told(post: Post) -> set[tuple[str, str | None]]:
    return {(mail.about.role, mail.about.actor_id) for mail in post.mails()}


def sent(post: Post) -> list[str]:
    """Where what is due goes now."""
    outbox = post.outbox()
    parcels = outbox.claim(10)
    outbox.conclude([(parcel, Outcome(Ending.ACCEPTED, 250)) for parcel in parcels])
    return sorted(parcel.letter.address for parcel in parcels)


def test_each_level_tells_its_people(post: Post) -> None:
    post.tell(alert(1))
    assert told(post) == {("CHEF_ETAB", "head"), ("CPE", "cpe")}
    post.tell(alert(2))
    assert ("COORD_MLDS", "mlds") in told(post)
    assert post.unsent() == 5


def test_the_same_alert_twice_in_a_batch_or_later_is_one_mail_for_each_person(post: Post) -> None:
    one = alert(2)
    post.tell(one, one)
    post.application.forget()
    post.tell(one)
    assert post.counts() == {"FactAnnounced": 1, "MailRequested": 3}


def test_somebody_newly_appointed_is_not_told_of_the_past_when_it_is_read_again(post: Post) -> None:
    one = alert(1)
    post.tell(one)
    post.appoint(*PEOPLE, actor("cpe-new", Role.CPE))
    post.application.forget()
    post.tell(one)
    assert ("CPE", "cpe-new") not in told(post)
    post.tell(alert(1))
    assert ("CPE", "cpe-new") in told(post)


def test_the_day_decides_who_is_in_charge(post: Post) -> None:
    leaves = actor("old", Role.CPE, until=post.clock.now().date())
    comes = actor("new", Role.CPE, since=post.clock.now().date() + timedelta(days=1))
    post.appoint(school(), actor("head", Role.CHEF_ETAB), leaves, comes)
    post.tell(alert(1))
    assert ("CPE", "old") in told(post)
    post.clock.advance(timedelta(days=1))
    post.tell(alert(1))
    assert ("CPE", "new") in told(post)


def test_nobody_in_a_role_is_visible_and_waits_for_an_appointment(post: Post) -> None:
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    post.tell(alert(1))
    (vacant,) = [mail for mail in post.mails() if mail.state is State.UNADDRESSED]
    assert (vacant.about.role, vacant.about.actor_id) == ("CPE", None)
    assert post.unsent() == 1  # the head's
    assert post.look_again() == 1
    assert post.counts()["Addressed"] == 0
    post.appoint(*PEOPLE)
    post.look_again()
    assert told(post) == {("CHEF_ETAB", "head"), ("CPE", "cpe")}
    assert post.unsent() == 2
    assert post.look_again() == 0


def test_a_second_alert_that_nobody_was_told_of_is_looked_at_beside_the_first(post: Post) -> None:
    """Who looks again remembers the pupil as of the first; the second was announced by a reader meanwhile."""
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    pupil = uuid4()
    post.tell(alert(1, student=pupil))
    assert post.look_again() == 1
    post.tell(alert(1, student=pupil))
    assert post.look_again() == 2
    post.appoint(*PEOPLE)
    post.look_again()
    assert Counter(mail.about.actor_id for mail in post.mails()) == {"head": 2, "cpe": 2}


def test_all_who_are_appointed_are_told_once_each(post: Post) -> None:
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    one = alert(1)
    post.tell(one)
    post.appoint(*PEOPLE, actor("cpe-2", Role.CPE), actor("cpe-3", Role.CPE))
    post.look_again()
    assert told(post) == {("CHEF_ETAB", "head"), ("CPE", "cpe"), ("CPE", "cpe-2"), ("CPE", "cpe-3")}
    assert post.unsent() == 4
    post.erase(one.student_id)
    assert {mail.state for mail in post.mails()} == {State.CANCELLED}


def test_two_who_left_are_not_both_replaced_by_the_same_person(post: Post) -> None:
    post.appoint(school(), actor("head", Role.CHEF_ETAB), actor("cpe-1", Role.CPE), actor("cpe-2", Role.CPE))
    post.tell(alert(1))
    post.appoint(school(), actor("head", Role.CHEF_ETAB), actor("cpe-3", Role.CPE))
    assert len(post.outbox().claim(10)) == 1
    post.look_again()
    assert sorted(mail.about.actor_id or "" for mail in post.mails() if mail.state is State.WAITING) == ["cpe-3"]


def test_a_directory_that_was_empty_for_a_moment_costs_no_e_mail_and_doubles_none(post: Post) -> None:
    post.tell(alert(2))
    post.appoint()
    assert post.outbox().claim(10) == []
    assert {mail.state for mail in post.mails()} == {State.UNADDRESSED}
    assert post.look_again() == 3  # in vain
    post.appoint(*PEOPLE)
    assert post.look_again() == 3
    assert post.look_again() == 0
    assert sent(post) == ["cpe@example.org", "head@example.org", "mlds@example.org"]
    assert post.counts()["MailRequested"] == 3


def test_somebody_whose_time_was_over_and_was_prolonged_is_told_after_all(post: Post) -> None:
    day = post.clock.now().date()
    others = school(), actor("head", Role.CHEF_ETAB)
    post.appoint(*others, actor("cpe", Role.CPE, until=day))
    post.tell(alert(1))
    post.clock.advance(timedelta(days=1))
    assert sent(post) == ["head@example.org"]
    post.appoint(*others, actor("cpe", Role.CPE, until=day + timedelta(days=30)))
    post.look_again()
    assert sent(post) == ["cpe@example.org"]


def test_two_who_are_back_are_each_told_by_their_own_and_a_third_by_another(post: Post) -> None:
    head = actor("head", Role.CHEF_ETAB)
    two = actor("cpe-1", Role.CPE), actor("cpe-2", Role.CPE)
    post.appoint(school(), head, *two)
    post.tell(alert(1))
    post.appoint(school(), head)
    assert sent(post) == ["head@example.org"]
    post.appoint(school(), head, actor("cpe-0", Role.CPE), *two)  # its id comes before theirs
    post.look_again()
    assert sent(post) == ["cpe-0@example.org", "cpe-1@example.org", "cpe-2@example.org"]
    assert post.look_again() == 0


def test_a_successor_who_left_for_a_moment_too_is_told_once(post: Post) -> None:
    head, successor = actor("head", Role.CHEF_ETAB), actor("cpe-2", Role.CPE)
    post.appoint(school(), head, actor("cpe-1", Role.CPE))
    post.tell(alert(1))
    post.appoint(school(), head, successor)
    assert sent(post) == ["head@example.org"]
    post.look_again()
    post.appoint(school(), head)
    assert sent(post) == []
    post.look_again()
    post.appoint(school(), head, successor)
    post.look_again()
    assert sent(post) == ["cpe-2@example.org"]
    assert post.counts()["MailRequested"] == 2


def test_an_erased_pupil_s_mails_are_cancelled_and_nothing_more_is_said(post: Post) -> None:
    one, other = alert(2), alert(1)
    post.tell(one, other)
    post.erase(one.student_id)
    assert post.unsent() == 2
    assert len(post.of(events.Cancelled)) == 3
    post.tell(alert(1, student=one.student_id))
    assert post.unsent() == 2
    post.erase(one.student_id)
    assert len(post.of(events.Cancelled)) == 3
    assert {mail.about.student_id for mail in post.mails() if mail.state is State.WAITING} == {other.student_id}


def test_an_erasure_that_comes_before_the_alert_counts_too(post: Post) -> None:
    student = uuid4()
    post.erase(student)
    post.tell(alert(2, student=student))
    assert post.mails() == []


def test_a_vacancy_of_an_erased_pupil_is_not_filled(post: Post) -> None:
    post.appoint(school())
    one = alert(1)
    post.tell(one)
    post.erase(one.student_id)
    post.appoint(*PEOPLE)
    post.look_again()
    assert post.counts()["Addressed"] == 0


def test_an_alert_and_an_erasure_at_once_do_not_pass_each_other_by(post: Post, postgres_url: str) -> None:
    student, other = uuid4(), Post(postgres_url)
    post.tell(alert(1, student=student))  # the first remembers the pupil
    other.erase(student)
    with pytest.raises(VersionConflict), post.database.transaction() as tx:
        post.application.announce(tx, [alert(1, student=student)])
    post.application.forget()  # what the reader does, before it reads the batch again
    post.tell(alert(1, student=student))
    assert {mail.state for mail in post.mails()} == {State.CANCELLED}
    other.close()
