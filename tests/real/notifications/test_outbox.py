"""Due e-mails on a real database: each claimed by one, none forgotten, whatever crashes when."""

import asyncio
import time
from collections import Counter
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from contracts.directory import Role
from services.notifications import events
from services.notifications.backoff import BackOff
from services.notifications.courier import Ending, Outcome
from services.notifications.domain import State
from services.notifications.facts import DelayReached
from services.notifications.outbox import Parcel
from services.notifications.wording import delays
from tests.real.notifications.conftest import PEOPLE, Post, about, alert
from tests.unit.notifications.given import actor, school

ACCEPTED = Outcome(Ending.ACCEPTED, 250, "kept")
DEFERRED = Outcome(Ending.DEFERRED, 451, "later")
UNCERTAIN = Outcome(Ending.UNCERTAIN)
AT_ONCE = BackOff(0.0, 0.0)


def unwritten() -> float:
    return REGISTRY.get_sample_value("perseverance_mail_attempts_total", {"outcome": "unwritten"}) or 0.0


def test_what_is_claimed_is_recorded_as_being_tried_and_claimed_by_nobody_else(post: Post) -> None:
    post.tell(alert(1))
    parcels = post.outbox().claim(10)
    assert {parcel.letter.address for parcel in parcels} == {"head@example.org", "cpe@example.org"}
    assert post.counts()["AttemptStarted"] == 2
    started = {event.rendered_hash for event in post.of(events.AttemptStarted)}
    assert started == {parcel.letter.rendered_hash for parcel in parcels}
    assert post.outbox().claim(10) == []
    assert post.unsent() == 2


def test_sent_with_the_proof(post: Post) -> None:
    post.tell(alert(1))
    outbox = post.outbox()
    outbox.conclude([(parcel, ACCEPTED) for parcel in outbox.claim(10)])
    assert post.unsent() == 0
    assert {sent.answer for sent in post.of(events.Sent)} == {"kept"}
    assert {mail.state for mail in post.mails()} == {State.SENT}


def test_each_attempt_has_the_same_message_id_date_and_bytes(post: Post) -> None:
    post.tell(alert(1))
    outbox = post.outbox(back_off=AT_ONCE)
    first = outbox.claim(10)
    outbox.conclude([(parcel, DEFERRED) for parcel in first])
    second = outbox.claim(10)
    assert {(p.mail_id, p.attempt) for p in second} == {(p.mail_id, 2) for p in first}
    assert {p.letter.content for p in second} == {p.letter.content for p in first}


def test_a_deferred_one_is_not_due_before_its_time(post: Post) -> None:
    post.tell(alert(1))
    outbox = post.outbox(back_off=BackOff(3600, 3600))
    outbox.conclude([(parcel, DEFERRED) for parcel in outbox.claim(10)])
    assert outbox.claim(10) == []
    assert post.unsent() == 2


def test_a_crash_between_the_attempt_and_its_outcome_is_a_doubt_and_another_attempt(post: Post) -> None:
    post.tell(alert(1))
    crashed = post.outbox(lease_s=0.0, back_off=AT_ONCE)
    assert len(crashed.claim(10)) == 2
    restarted = post.outbox(back_off=AT_ONCE)
    assert restarted.recover(10) == 2
    assert post.counts()["Uncertain"] == 2
    restarted.conclude([(parcel, ACCEPTED) for parcel in restarted.claim(10)])
    assert all(sent.doubtful for sent in post.of(events.Sent))
    assert restarted.recover(10) == 0


def test_an_attempt_whose_sender_is_alive_is_left_alone(post: Post) -> None:
    post.tell(alert(1))
    parcels = post.outbox(lease_s=0.0).claim(10)
    outbox = post.outbox()
    outbox.renew([parcel.mail_id for parcel in parcels])
    assert outbox.recover(10) == 0


def test_an_outcome_that_comes_after_it_was_given_up_is_not_sent_again(post: Post) -> None:
    post.tell(alert(1))
    slow = post.outbox(lease_s=0.0, back_off=AT_ONCE)
    parcels = slow.claim(10)
    post.outbox(back_off=AT_ONCE).recover(10)
    slow.conclude([(parcel, ACCEPTED) for parcel in parcels])
    assert post.outbox().claim(10) == []
    assert post.unsent() == 0
    assert all(sent.doubtful for sent in post.of(events.Sent))


def test_whoever_left_before_the_mail_left_is_not_sent_it(post: Post) -> None:
    post.tell(alert(1))
    post.appoint(school(), actor("head", Role.CHEF_ETAB), actor("successor", Role.CPE))
    outbox = post.outbox()
    assert {parcel.letter.address for parcel in outbox.claim(10)} == {"head@example.org"}
    assert post.counts()["Unaddressed"] == 1
    post.look_again()
    assert {parcel.letter.address for parcel in outbox.claim(10)} == {"successor@example.org"}


def test_an_address_corrected_between_two_attempts_is_used(post: Post) -> None:
    post.tell(alert(1))
    outbox = post.outbox(back_off=AT_ONCE)
    outbox.conclude([(parcel, DEFERRED) for parcel in outbox.claim(10)])
    post.appoint(*PEOPLE[:2], actor("cpe", Role.CPE, email="corrected@example.org"))
    assert "corrected@example.org" in {parcel.letter.address for parcel in outbox.claim(10)}


def test_a_pupil_erased_while_the_mail_is_on_its_way(post: Post) -> None:
    one = alert(2)
    post.tell(one)
    outbox = post.outbox(back_off=AT_ONCE)
    parcels = outbox.claim(10)
    post.erase(one.student_id)
    outbox.conclude(list(zip(parcels, (ACCEPTED, DEFERRED, UNCERTAIN), strict=True)))
    assert post.unsent() == 0
    assert outbox.claim(10) == []
    assert Counter(mail.state for mail in post.mails()) == {State.SENT: 1, State.CANCELLED: 2}
    assert post.counts()["Uncertain"] == 1


def test_one_that_cannot_be_written_is_put_aside_and_the_others_leave(
    post: Post, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = unwritten()
    new = DelayReached(kind="OF_A_LATER_VERSION", since=date(2025, 9, 8), until=date(2025, 10, 10))
    post.tell(about(new), alert(1))
    outbox = post.outbox(back_off=AT_ONCE)
    outbox.conclude([(parcel, ACCEPTED) for parcel in outbox.claim(10)])
    assert Counter(mail.state for mail in post.mails()) == {State.SENT: 2, State.WAITING: 1}
    assert outbox.claim(10) == []  # it is tried again, and put aside again
    assert [(event.attempt, event.code) for event in post.of(events.Deferred)] == [(1, None), (2, None)]
    assert post.unsent() == 1
    assert unwritten() == before + 2
    (line, _) = [record for record in caplog.records if record.getMessage() == "sender.mail_put_aside"]
    assert (line.levelname, line.__dict__["fields"]["template"]) == ("ERROR", "delay_reached")
    monkeypatch.setitem(delays.KINDS, new.kind, delays.KINDS["OF_SUMMONS"])
    monkeypatch.setitem(delays.STEPS, (new.kind, Role.COORD_MLDS), delays.Steps("", "Notez-le."))
    outbox.conclude([(parcel, ACCEPTED) for parcel in outbox.claim(10)])
    assert {mail.state for mail in post.mails()} == {State.SENT}
    assert {sent.attempt for sent in post.of(events.Sent)} == {1, 3}


def test_one_put_aside_is_not_due_before_its_time(post: Post) -> None:
    post.tell(about(DelayReached(kind="OF_A_LATER_VERSION", since=date(2025, 9, 8), until=date(2025, 10, 10))))
    outbox = post.outbox(back_off=BackOff(3600, 3600))
    assert outbox.claim(10) == outbox.claim(10) == []
    assert post.counts()["Deferred"] == 1


def test_nothing_in_the_log_names_or_addresses_anybody(post: Post) -> None:
    post.tell(alert(2))
    outbox = post.outbox()
    outbox.conclude([(parcel, ACCEPTED) for parcel in outbox.claim(10)])
    stored = b"".join(row.state for row in post.store.recorder.select_notifications(1, 1000))
    for canary in (b"@example.org", b"Camille", b"Coteaux"):
        assert canary not in stored.replace(b"@suite.example.org", b"")


async def test_senders_side_by_side_claim_each_mail_once(post: Post) -> None:
    post.tell(*(alert(2) for _ in range(100)))

    def take() -> list[str]:
        outbox, taken = post.outbox(), []
        while parcels := outbox.claim(7):
            taken += [str(parcel.mail_id) for parcel in parcels]
            time.sleep(0.001)
        return taken

    shares = await asyncio.gather(*(asyncio.to_thread(take) for _ in range(3)))
    everything = [mail_id for share in shares for mail_id in share]
    assert len(everything) == len(set(everything)) == 300


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["accept", "defer", "doubt", "crash", "late"]), max_size=12))
def test_whatever_happens_in_whatever_order_it_ends_sent_or_still_due(post: Post, story: list[str]) -> None:
    one = alert(1)
    post.appoint(school(), actor("head", Role.CHEF_ETAB))
    post.tell(one)
    mail_id = next(mail.id for mail in post.mails() if mail.about.about_id == one.about_id and mail.about.actor_id)
    outbox = post.outbox(lease_s=0.0, back_off=AT_ONCE)
    late: list[Parcel] = []
    accepted = doubted = False
    for step in story:
        mine = [parcel for parcel in outbox.claim(100) if parcel.mail_id == mail_id]
        assert bool(mine) is not accepted  # due until it is accepted, never after
        if step in ("crash", "late"):
            outbox.recover(100)
            late += mine if step == "late" else []
        elif mine:
            outbox.conclude([(mine[0], {"accept": ACCEPTED, "defer": DEFERRED, "doubt": UNCERTAIN}[step])])
        accepted |= step == "accept"
        doubted |= bool(mine) and step in ("crash", "late", "doubt")
    outbox.conclude([(parcel, ACCEPTED) for parcel in late])
    mail = next(mail for mail in post.mails() if mail.id == mail_id)
    assert (mail.state is State.SENT) is (accepted or bool(late))
    assert mail.doubtful is doubted
    post.erase(one.student_id)  # the next story has the outbox to itself
