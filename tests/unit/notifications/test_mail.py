"""The life of one e-mail: what each thing that happens to it records, and what is ignored."""

from uuid import uuid4

import pytest

from chassis.events import Event
from services.notifications import events
from services.notifications.domain import State
from tests.unit.notifications.given import (
    ABOUT,
    ASKED_FOR,
    CANCELLED,
    LATER,
    MESSAGE_ID,
    NOW,
    REACHED,
    REQUESTED,
    SENT,
    STARTED,
    UNCERTAIN,
    VACANT,
    mail,
)


def test_a_request_is_recorded_once() -> None:
    new = mail()
    assert new.request(NOW, ABOUT, REACHED)
    assert new.pending == [REQUESTED]
    assert not new.request(LATER, ABOUT, REACHED)
    assert new.pending == [REQUESTED]


def test_with_nobody_in_the_role_it_is_unaddressed_and_not_lost() -> None:
    new = mail()
    new.request(NOW, VACANT, REACHED)
    assert [type(event) for event in new.pending] == [events.MailRequested, events.Unaddressed]
    assert new.state is State.UNADDRESSED


def test_it_is_addressed_when_somebody_is_appointed() -> None:
    vacant = mail()
    vacant.request(NOW, VACANT, REACHED)
    assert vacant.address(LATER, "cpe-9")
    assert vacant.about.actor_id == "cpe-9"
    assert vacant.written_at == LATER  # what it says of days is true when it is sent
    assert vacant.state is State.WAITING
    assert not vacant.address(LATER, "cpe-10")


def test_an_attempt_is_recorded_before_it_is_made_and_only_one_at_a_time() -> None:
    waiting = mail(REQUESTED)
    assert waiting.start(NOW, MESSAGE_ID, "h1")
    assert waiting.pending == [STARTED]
    assert not waiting.start(NOW, MESSAGE_ID, "h1")


def test_accepted_by_the_relay_it_is_sent_with_its_proof() -> None:
    sending = mail(REQUESTED, STARTED)
    assert sending.accept(NOW, 1, "h1", "250 kept")
    (sent,) = sending.pending
    assert isinstance(sent, events.Sent)
    assert (sent.message_id, sent.rendered_hash, sent.doubtful, sent.answer) == (MESSAGE_ID, "h1", False, "250 kept")
    assert not sending.accept(LATER, 1, "h1", "250 again")


def test_all_that_becomes_of_it_tells_what_it_follows_from() -> None:
    fact = uuid4()
    new = mail()
    new.request(NOW, ABOUT, REACHED, "alert.3", fact)
    new.start(NOW, MESSAGE_ID, "h1")
    new.defer(NOW, 1, 451, "later")
    new.start(LATER, MESSAGE_ID, "h1")
    new.accept(LATER, 2, "h1", "250 kept")
    assert {event.correlation for event in new.pending} == {fact}
    asked, first, second = (f"{new.id}.{version}" for version in (1, 2, 4))
    assert [event.cause for event in new.pending] == ["alert.3", asked, first, first, second]


def test_one_that_cannot_be_written_is_put_aside_as_an_attempt_that_is_made_again() -> None:
    waiting = mail(REQUESTED)
    assert waiting.put_aside(NOW)
    assert waiting.pending == [
        events.Deferred(at=NOW, cause=ASKED_FOR, about=ABOUT, attempt=1, code=None, answer="not written")
    ]
    assert (waiting.state, waiting.attempts, waiting.in_flight) == (State.WAITING, 1, 0)
    waiting.start(LATER, MESSAGE_ID, "h1")
    assert waiting.in_flight == 2


@pytest.mark.parametrize("then", [STARTED, SENT, CANCELLED])
def test_one_that_does_not_wait_is_not_put_aside(then: Event) -> None:
    assert not mail(REQUESTED, then).put_aside(NOW)


def test_deferred_it_waits_for_another_attempt() -> None:
    sending = mail(REQUESTED, STARTED)
    assert sending.defer(NOW, 1, 451, "later")
    assert sending.state is State.WAITING
    assert sending.start(LATER, MESSAGE_ID, "h1")
    assert sending.attempts == 2


def test_refused_it_is_never_tried_again() -> None:
    sending = mail(REQUESTED, STARTED)
    assert sending.refuse(NOW, 1, 550, "no such mailbox")
    assert not sending.start(LATER, MESSAGE_ID, "h1")
    assert not sending.cancel(LATER)


def test_a_lost_answer_leaves_a_doubt_that_stays_on_the_record() -> None:
    sending = mail(REQUESTED, STARTED)
    assert sending.doubt(NOW, 1)
    sending.start(LATER, MESSAGE_ID, "h1")
    sending.accept(LATER, 2, "h1", "")
    sent = sending.pending[-1]
    assert isinstance(sent, events.Sent)
    assert sent.doubtful


def test_the_doubt_survives_further_deferrals() -> None:
    later = mail(REQUESTED, STARTED, UNCERTAIN)
    later.start(NOW, MESSAGE_ID, "h1")
    later.defer(NOW, 2, 421, "")
    later.start(NOW, MESSAGE_ID, "h1")
    later.accept(NOW, 3, "h1", "")
    assert later.doubtful
    assert later.pending[-1].doubtful  # type: ignore[attr-defined]


@pytest.mark.parametrize("attempt", [0, 2, 7])
def test_the_outcome_of_another_attempt_is_ignored(attempt: int) -> None:
    sending = mail(REQUESTED, STARTED)
    assert not sending.defer(NOW, attempt, 451, "")
    assert not sending.refuse(NOW, attempt, 550, "")
    assert not sending.doubt(NOW, attempt)
    assert sending.pending == []


def test_an_acceptance_that_comes_after_it_was_given_up_is_believed() -> None:
    given_up = mail(REQUESTED, STARTED, UNCERTAIN)
    assert given_up.accept(LATER, 1, "h1", "")
    assert given_up.state is State.SENT
    assert not given_up.start(LATER, MESSAGE_ID, "h1")


def test_a_pupil_erased_cancels_what_waits() -> None:
    waiting = mail(REQUESTED)
    assert waiting.cancel(NOW)
    assert waiting.pending == [CANCELLED]
    assert not waiting.start(LATER, MESSAGE_ID, "h1")
    assert not waiting.cancel(LATER)


def test_what_is_on_its_way_when_the_pupil_is_erased_ends_with_the_truth() -> None:
    on_its_way = mail(REQUESTED, STARTED)
    assert on_its_way.cancel(NOW)
    assert on_its_way.accept(LATER, 1, "h1", "")
    assert on_its_way.state is State.SENT


def test_what_is_on_its_way_when_the_pupil_is_erased_is_not_tried_again() -> None:
    deferred, lost = mail(REQUESTED, STARTED, CANCELLED), mail(REQUESTED, STARTED, CANCELLED)
    assert not deferred.defer(LATER, 1, 451, "")
    assert not lost.doubt(LATER, 1)
    assert isinstance(lost.pending[-1], events.Uncertain)  # the person may have it, and that stays known
    assert lost.state is State.CANCELLED


def test_what_was_sent_cannot_be_cancelled() -> None:
    assert not mail(REQUESTED, STARTED, SENT).cancel(NOW)
