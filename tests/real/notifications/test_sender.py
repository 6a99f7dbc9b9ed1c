"""The whole sender against a relay that misbehaves: every e-mail ends where it should, none lost, none twice unseen."""

import asyncio
from collections import Counter

import pytest

from services.notifications import events
from services.notifications.domain import State
from tests.real.eventually import eventually
from tests.real.notifications.conftest import Post, Sending, alert
from tests.real.notifications.scripted_relay import CUT, CUT_AFTER_TAKING, SILENT, ScriptedRelay


async def test_everything_due_is_sent_once_with_its_proof(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    post.tell(*(alert(2) for _ in range(120)))
    async with sending():
        await post.drained()
    assert Counter(relay.message_ids()) == {sent.message_id: 1 for sent in post.of(events.Sent)}
    assert len(relay.taken) == 360
    assert post.counts()["AttemptStarted"] == 360


async def test_an_alert_raised_later_wakes_it(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    async with sending() as sender:
        await asyncio.sleep(0.05)
        post.tell(alert(1))
        sender.wake()
        await post.drained()
    assert len(relay.taken) == 2


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "CONTENT"])
async def test_greylisted_mails_arrive_at_a_later_attempt(
    post: Post, relay: ScriptedRelay, sending: Sending, verb: str
) -> None:
    relay.next(verb, *["451 4.7.1 try later"] * 7)
    post.tell(alert(2), alert(2))
    async with sending():
        await post.drained()
    assert len(relay.taken) == len(set(relay.message_ids())) == 6
    assert post.counts()["Deferred"] == 7
    assert {event.code for event in post.of(events.Deferred)} == {451}


async def test_a_refused_mail_is_final_and_others_are_sent(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    relay.next("RCPT", "250 ok", "550 5.1.1 unknown mailbox")
    post.tell(alert(2))
    async with sending(connections=1):
        await post.drained()
    assert Counter(mail.state for mail in post.mails()) == {State.SENT: 2, State.REFUSED: 1}
    (refused,) = post.of(events.Refused)
    assert refused.code == 550


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_connections_cut_before_the_content_lose_nothing_and_double_nothing(
    post: Post, relay: ScriptedRelay, sending: Sending, verb: str
) -> None:
    relay.next(verb, *[CUT] * 5)
    post.tell(*(alert(1) for _ in range(5)))
    async with sending():
        await post.drained()
    assert len(relay.taken) == len(set(relay.message_ids())) == 10
    assert not post.of(events.Uncertain)


async def test_an_answer_lost_after_the_content_is_sent_again_and_every_duplicate_is_on_the_list(
    post: Post, relay: ScriptedRelay, sending: Sending
) -> None:
    relay.next("CONTENT", CUT_AFTER_TAKING, CUT, "250 ok", CUT_AFTER_TAKING)
    post.tell(*(alert(1) for _ in range(5)))
    async with sending(connections=1):
        await post.drained()
    arrived = Counter(relay.message_ids())
    assert len(arrived) == 10
    twice = {message_id for message_id, times in arrived.items() if times > 1}
    doubtful = {sent.message_id for sent in post.of(events.Sent) if sent.doubtful}
    assert len(twice) == 2
    assert twice < doubtful
    assert len(doubtful) == 3


async def test_an_answer_that_never_comes_is_a_doubt_too(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    relay.next("CONTENT", SILENT)
    post.tell(alert(1))
    async with sending(timeout_s=0.1):
        await post.drained()
    assert post.counts()["Uncertain"] == 1
    assert Counter(sent.doubtful for sent in post.of(events.Sent)) == {True: 1, False: 1}


async def test_the_relay_away_then_back_loses_nothing_and_is_not_hammered(
    post: Post, relay: ScriptedRelay, sending: Sending
) -> None:
    await relay.stop()
    post.tell(*(alert(2) for _ in range(100)))
    async with sending():

        async def tried() -> bool:
            return post.counts()["Deferred"] >= 4

        await eventually(tried)
        tries = post.counts()["AttemptStarted"]
        await relay.start()
        await post.drained()
    assert len(relay.taken) == len(set(relay.message_ids())) == 300
    assert tries < 30  # a few letters at a time find out, not three hundred


async def test_the_relay_gone_in_the_middle_loses_nothing(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    post.tell(*(alert(2) for _ in range(100)))
    async with sending():

        async def some() -> bool:
            return len(relay.taken) > 50

        await eventually(some)
        await relay.stop()
        await asyncio.sleep(0.2)
        await relay.start()
        await post.drained()
    arrived = Counter(relay.message_ids())
    assert len(arrived) == 300
    doubtful = {sent.message_id for sent in post.of(events.Sent) if sent.doubtful}
    assert {message_id for message_id, times in arrived.items() if times > 1} <= doubtful


async def test_an_overloaded_relay_that_refuses_connections_with_a_421(
    post: Post, relay: ScriptedRelay, sending: Sending
) -> None:
    relay.next("GREETING", *["421 4.3.2 too busy"] * 4)
    post.tell(*(alert(1) for _ in range(10)))
    async with sending():
        await post.drained()
    assert len(set(relay.message_ids())) == len(relay.taken) == 20


async def test_two_senders_at_once_send_each_mail_once(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    post.tell(*(alert(2) for _ in range(150)))
    async with sending(), sending():
        await post.drained()
    assert len(relay.taken) == len(set(relay.message_ids())) == 450
    assert post.counts()["AttemptStarted"] == 450


async def test_one_slow_recipient_holds_up_nobody_else(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    relay.next("RCPT", SILENT)
    post.tell(*(alert(2) for _ in range(20)))
    async with sending(connections=2, timeout_s=20):

        async def all_but_one() -> bool:
            return len(relay.taken) == 59

        await eventually(all_but_one)


async def test_an_orderly_stop_leaves_no_doubt(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    relay.delay_s = 0.02
    post.tell(*(alert(2) for _ in range(200)))
    async with sending():

        async def some() -> bool:
            return len(relay.taken) > 20

        await eventually(some)
    assert not post.of(events.Uncertain)
    assert State.SENDING not in {mail.state for mail in post.mails()}
    relay.delay_s = 0.0
    async with sending():
        await post.drained()
    assert len(relay.taken) == len(set(relay.message_ids())) == 600


async def test_attempts_of_a_sender_that_died_are_taken_over(
    post: Post, relay: ScriptedRelay, sending: Sending
) -> None:
    post.tell(*(alert(1) for _ in range(5)))
    assert len(post.outbox(lease_s=0.5).claim(100)) == 10  # and nothing more is ever heard of it
    async with sending(lease_s=2):
        await post.drained()
    assert len(set(relay.message_ids())) == 10
    assert all(sent.doubtful for sent in post.of(events.Sent))


async def test_a_pupil_erased_while_the_relay_defers(post: Post, relay: ScriptedRelay, sending: Sending) -> None:
    relay.always("RCPT", "451 later")
    one = alert(2)
    post.tell(one)
    async with sending():

        async def deferred() -> bool:
            return bool(post.of(events.Deferred))

        await eventually(deferred)
        await asyncio.to_thread(_erase, post, one.student_id)
        relay.always("RCPT")
        await post.drained()
    assert relay.taken == []
    assert {mail.state for mail in post.mails()} == {State.CANCELLED}


def _erase(post: Post, student_id: object) -> None:
    """As the reader does it: again when a sender was quicker."""
    from chassis.recorder import VersionConflict

    while True:
        try:
            post.erase(student_id)  # type: ignore[arg-type]
        except VersionConflict:
            post.application.forget()
            continue
        return
