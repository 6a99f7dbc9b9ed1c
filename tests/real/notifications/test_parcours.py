"""Parcours and delays, on a real database: who is told of them, once, and what is not told."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chassis.clock import PARIS
from contracts.directory import Role
from services.notifications import events
from services.notifications.domain import State
from services.notifications.facts import (
    DelayApproaching,
    DelayReached,
    Fact,
    OutcomeMissing,
    ParcoursOpened,
    ReviewOverdue,
    Share,
    StatusExpired,
    StatusExpiring,
)
from tests.real.notifications.conftest import Post, Sending, about, alert
from tests.real.notifications.scripted_relay import ScriptedRelay
from tests.unit.notifications.given import actor, school

SHARE = Share(28, 115, 76)
START, END = date(2025, 9, 8), date(2025, 12, 31)
MLDS = actor("mlds", Role.COORD_MLDS, "R1")
ALL = (
    school(cio="CIO-1", mission_locale="ML-1"),
    actor("head", Role.CHEF_ETAB),
    MLDS,
    actor("cio", Role.DCIO, "CIO-1"),
    actor("ml", Role.MISSION_LOCALE, "ML-1"),
    actor("elsewhere", Role.MISSION_LOCALE, "ML-2"),
)


@pytest.fixture(autouse=True)
def everybody(post: Post) -> None:
    post.appoint(*ALL)


def expiring(days: int, ends_on: date = END, scheme: str = "AMBITION_EMPLOI") -> StatusExpiring:
    return StatusExpiring(scheme=scheme, days=days, ends_on=ends_on, share=SHARE)


def opened(scheme: str = "TDO") -> ParcoursOpened:
    return ParcoursOpened(scheme=scheme, starts_on=START, ends_on=END, share=SHARE)


def summons(days: int | None = None) -> Fact:
    dates = {"since": date(2025, 10, 31), "until": END}
    return (
        DelayReached(kind="OF_SUMMONS", **dates)
        if days is None
        else DelayApproaching(kind="OF_SUMMONS", days=days, **dates)
    )


def told(post: Post) -> list[str]:
    return sorted(str(mail.about.actor_id) for mail in post.mails())


def on(post: Post, day: date) -> None:
    """It is the morning of `day`."""
    post.clock.set(datetime(day.year, day.month, day.day, 8, tzinfo=PARIS))


@pytest.mark.parametrize(
    ("fact", "who"),
    [
        (opened(), ["cio", "head", "ml", "mlds"]),
        (opened("AVENIR_PRO_PLUS"), ["head", "ml", "mlds"]),
        (expiring(30), ["ml", "mlds"]),
        (expiring(15), ["mlds"]),
        (expiring(7), ["head", "ml", "mlds"]),
        (expiring(1), ["head", "mlds"]),
        (StatusExpired(scheme="TDO", ends_on=END), ["cio", "head", "ml", "mlds"]),
        (OutcomeMissing(scheme="TDO", weeks=1, ends_on=END), ["head", "mlds"]),
        (ReviewOverdue(scheme="TDO", review_on=END), ["mlds"]),
        (summons(15), ["cio", "ml", "mlds"]),
        (summons(), ["cio", "ml", "mlds"]),
    ],
)
def test_each_fact_is_told_to_its_people(post: Post, fact: Fact, who: list[str]) -> None:
    post.tell(about(fact))
    assert told(post) == who
    assert {mail.state for mail in post.mails()} == {State.WAITING}


def test_the_same_reminder_twice_in_a_batch_or_later_is_told_once(post: Post) -> None:
    one = about(expiring(15))
    post.tell(one, one)
    post.application.forget()
    post.tell(one)
    assert post.counts() == {"FactAnnounced": 1, "MailRequested": 1}


def test_each_reminder_and_each_week_is_told(post: Post) -> None:
    student, parcours = uuid4(), uuid4()
    weekly = [OutcomeMissing(scheme="TDO", weeks=weeks, ends_on=END) for weeks in (1, 2, 3)]
    facts: list[Fact] = [expiring(30), expiring(15), expiring(7), expiring(1), *weekly]
    for fact in facts:
        post.tell(about(fact, student=student, about_id=parcours))
    assert told(post).count("mlds") == 7
    assert told(post).count("head") == 5
    assert len({mail.id for mail in post.mails()}) == len(post.mails())


def test_of_the_weeks_without_outcome_read_late_only_the_last_is_told(post: Post) -> None:
    on(post, END + timedelta(weeks=6))
    weekly = [OutcomeMissing(scheme="TDO", weeks=weeks, ends_on=END) for weeks in range(1, 6)]
    post.tell(*(about(fact) for fact in weekly))
    assert told(post) == ["head", "mlds"]


def test_a_parcours_extended_after_the_first_reminder_is_told_of_again(post: Post) -> None:
    student, parcours = uuid4(), uuid4()
    for ends_on in (END, date(2026, 1, 7)):
        post.tell(about(expiring(30, ends_on), student=student, about_id=parcours))
    assert told(post) == ["ml", "ml", "mlds", "mlds"]


@pytest.mark.parametrize("fact", [expiring(1), summons(5)])
def test_a_reminder_read_after_the_last_day_is_ignored(post: Post, fact: Fact) -> None:
    late = about(fact)
    on(post, END + timedelta(days=1))
    post.tell(late)
    assert post.events() == []
    on(post, END)
    post.tell(late)
    assert post.counts()["FactAnnounced"] == 1


def test_what_happened_is_told_however_late(post: Post) -> None:
    on(post, END + timedelta(days=90))
    post.tell(about(StatusExpired(scheme="TDO", ends_on=END)), about(summons()))
    assert len(post.mails()) == 7


def test_a_partner_nobody_is_in_makes_no_e_mail_but_a_coordinator_is_waited_for(post: Post) -> None:
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    post.tell(about(StatusExpired(scheme="TDO", ends_on=END)))
    assert [(mail.about.role, mail.state) for mail in post.mails() if not mail.about.actor_id] == [
        ("COORD_MLDS", State.UNADDRESSED)
    ]
    assert len(post.mails()) == 2
    post.appoint(*ALL)
    post.look_again()
    assert told(post) == ["head", "mlds"]


@pytest.mark.parametrize(
    "fact",
    [summons(15), summons(), DelayReached(kind="RETURN_INTERVIEW", since=date(2025, 10, 31), until=END)],
)
def test_where_no_partner_can_be_told_of_a_delay_the_head_is(post: Post, fact: Fact) -> None:
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    post.tell(about(fact), alert(1))
    assert told(post) == ["None", "None", "head", "head"]  # no CPE, and a coordinator is waited for
    assert [parcel.letter.address for parcel in post.outbox().claim(10)] == ["head@example.org"] * 2


def test_a_delay_that_nobody_can_be_told_of_waits_for_a_coordinator_and_a_head(post: Post) -> None:
    post.appoint(school())
    post.tell(about(summons()))
    assert {(mail.about.role, mail.state) for mail in post.mails()} == {
        ("COORD_MLDS", State.UNADDRESSED),
        ("CHEF_ETAB", State.UNADDRESSED),
    }
    post.appoint(school(), actor("head", Role.CHEF_ETAB), MLDS)
    post.look_again()
    assert told(post) == ["head", "mlds"]


def test_a_reminder_that_waited_for_somebody_past_the_last_day_is_not_sent(post: Post) -> None:
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    post.tell(about(expiring(30)), about(ReviewOverdue(scheme="TDO", review_on=date(2025, 11, 6))))
    on(post, END + timedelta(days=1))
    post.appoint(*ALL)
    assert post.look_again() == 2
    assert {mail.about.template: mail.about.actor_id for mail in post.mails()} == {
        "status_expiring": None,
        "review_overdue": "mlds",
    }
    assert post.look_again() == 0


async def test_the_days_left_are_counted_from_when_somebody_was_found(
    post: Post, relay: ScriptedRelay, sending: Sending
) -> None:
    on(post, date(2025, 12, 1))
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    post.tell(about(expiring(30)))
    on(post, date(2025, 12, 21))
    post.appoint(school(), MLDS)
    post.look_again()
    async with sending():
        await post.drained()
    (message,) = relay.messages()
    assert "dans 10\u00a0jours" in message["Subject"]
    assert message["Date"].datetime.astimezone(PARIS).date() == date(2025, 12, 21)


def erased_after(post: Post, student: UUID, *facts: Fact) -> None:
    post.tell(alert(1, student=student), *(about(fact, student=student) for fact in facts))
    post.erase(student)


def test_an_erased_pupil_s_e_mails_about_parcours_and_delays_are_cancelled_too(post: Post) -> None:
    student, other = uuid4(), about(opened())
    post.tell(other)
    erased_after(post, student, opened(), expiring(30), summons(15))
    of_pupil = [mail for mail in post.mails() if mail.about.student_id == student]
    assert len(of_pupil) == 4 + 2 + 3 + 2  # the school has no CPE: that one waited for nobody yet
    assert {mail.state for mail in of_pupil} == {State.CANCELLED}
    assert post.unsent() == 4
    post.tell(about(StatusExpired(scheme="TDO", ends_on=END), student=student))
    assert len([mail for mail in post.mails() if mail.about.student_id == student]) == len(of_pupil)


def test_an_erasure_that_comes_before_the_parcours_counts_too(post: Post) -> None:
    student = uuid4()
    post.erase(student)
    post.tell(about(opened(), student=student))
    assert post.mails() == []


async def test_sent_through_the_relay_with_its_proof_and_nothing_before_it_is_committed(
    post: Post, relay: ScriptedRelay, sending: Sending
) -> None:
    on(post, date(2025, 12, 24))
    one = about(expiring(7))
    post.tell(one)
    assert relay.taken == []
    async with sending():
        await post.drained()
    assert {message["To"].addresses[0].addr_spec for message in relay.messages()} == {
        "head@example.org",
        "ml@example.org",
        "mlds@example.org",
    }
    assert all(f"/parcours/{one.about_id}" in message.as_string() for message in relay.messages())
    assert {sent.message_id for sent in post.of(events.Sent)} == set(relay.message_ids())
    kinds = [type(event).__name__ for event in post.events()]
    assert kinds.index("AttemptStarted") < kinds.index("Sent")
