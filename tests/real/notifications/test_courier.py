"""One letter and a relay that misbehaves at each point: what can truly be said of how it ended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.notifications.catcher import Catcher
from services.notifications.courier import Courier, Ending, MailRelay
from services.notifications.rendering import Letter
from tests.real.notifications.scripted_relay import CUT, CUT_AFTER_TAKING, SILENT, ScriptedRelay

LETTER = Letter("who@example.org", "<m@suite.example.org>", b"Subject: x\r\n\r\n.hidden dot\r\nend\r\n", "hash")


@pytest.fixture
async def courier(relay: ScriptedRelay) -> AsyncIterator[Courier]:
    courier = Courier(MailRelay("127.0.0.1", relay.port, "us@example.org", timeout_s=0.3))
    yield courier
    await courier.close()


async def test_it_is_handed_over_byte_for_byte(relay: ScriptedRelay, courier: Courier) -> None:
    outcome = await courier.deliver(LETTER)
    assert (outcome.ending, outcome.code) == (Ending.ACCEPTED, 250)
    assert relay.taken == [LETTER.content]


async def test_one_connection_serves_many_letters(relay: ScriptedRelay, courier: Courier) -> None:
    for _ in range(5):
        assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
    assert relay.verbs["GREETING"] == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "CONTENT"])
async def test_4xx_is_not_this_time_and_the_next_letter_goes(relay: ScriptedRelay, courier: Courier, verb: str) -> None:
    relay.next(verb, "451 4.7.1 greylisted")
    outcome = await courier.deliver(LETTER)
    assert (outcome.ending, outcome.code, outcome.relay_away) == (Ending.DEFERRED, 451, False)
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
    assert relay.verbs["GREETING"] == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "CONTENT"])
async def test_5xx_is_never_for_this_recipient_and_the_next_letter_goes(
    relay: ScriptedRelay, courier: Courier, verb: str
) -> None:
    relay.next(verb, "550 5.1.1 <who@example.org> unknown")
    outcome = await courier.deliver(LETTER)
    assert (outcome.ending, outcome.code, outcome.relay_away) == (Ending.REFUSED, 550, False)
    assert "who@example.org" not in outcome.answer
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED


@pytest.mark.parametrize(
    ("verb", "answer"), [("GREETING", "554 go away"), ("MAIL", "553 not you"), ("MAIL", "530 sign in")]
)
async def test_5xx_to_us_rather_than_to_a_recipient_refuses_no_letter(
    relay: ScriptedRelay, courier: Courier, verb: str, answer: str
) -> None:
    relay.always(verb, answer)
    outcome = await courier.deliver(LETTER)
    assert outcome.ending is Ending.DEFERRED
    assert outcome.relay_away


async def test_a_letter_that_is_too_large_is_refused_before_it_is_sent_and_the_next_one_goes(tmp_path: Path) -> None:
    """By a real server, which says how much it takes and is told the size with MAIL."""
    catcher = Catcher(tmp_path, 0)
    await catcher.start()
    courier = Courier(MailRelay("127.0.0.1", catcher.port, "us@example.org"))
    large = replace(LETTER, content=b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 1_000_000)
    outcome = await courier.deliver(large)
    assert (outcome.ending, outcome.code, outcome.relay_away) == (Ending.REFUSED, 552, False)
    assert "exceeds fixed maximum" in outcome.answer, "its answer to MAIL, not to the content"
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
    await courier.close()
    await catcher.stop()


async def test_552_from_a_relay_that_was_told_no_size_is_about_us(relay: ScriptedRelay, courier: Courier) -> None:
    relay.always("MAIL", "552 5.2.2 you have sent enough")
    outcome = await courier.deliver(LETTER)
    assert (outcome.ending, outcome.relay_away) == (Ending.DEFERRED, True)


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", [CUT, SILENT])
async def test_a_connection_lost_before_the_content_is_not_this_time(
    relay: ScriptedRelay, courier: Courier, verb: str, how: str
) -> None:
    relay.always(verb, how)
    assert (await courier.deliver(LETTER)).ending is Ending.DEFERRED
    assert relay.taken == []


@pytest.mark.parametrize("how", [CUT, CUT_AFTER_TAKING, SILENT])
async def test_an_answer_lost_after_the_content_is_a_doubt(relay: ScriptedRelay, courier: Courier, how: str) -> None:
    relay.next("CONTENT", how)
    assert (await courier.deliver(LETTER)).ending is Ending.UNCERTAIN
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED


@pytest.mark.parametrize("answer", ["hello?", "999 what", "354 more"])
async def test_nonsense_after_the_content_is_a_doubt_too(relay: ScriptedRelay, courier: Courier, answer: str) -> None:
    relay.next("CONTENT", answer)
    assert (await courier.deliver(LETTER)).ending is Ending.UNCERTAIN


@pytest.mark.parametrize("answer", ["hello?", "3x4 go on", "354 " + "go on " * 20_000])
@pytest.mark.parametrize("carried", [0, 1])
async def test_nonsense_to_data_is_not_this_time_and_the_next_letter_goes(
    relay: ScriptedRelay, courier: Courier, carried: int, answer: str
) -> None:
    """On a connection just opened, and on one that already carried a letter."""
    for _ in range(carried):
        await courier.deliver(LETTER)
    relay.next("DATA", answer)
    assert (await courier.deliver(LETTER)).ending is Ending.DEFERRED
    assert len(relay.taken) == carried
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
    assert relay.taken == [LETTER.content] * (carried + 1)
    assert relay.verbs["GREETING"] == 2


async def test_an_idle_connection_that_the_relay_closed_costs_nothing(relay: ScriptedRelay, courier: Courier) -> None:
    await courier.deliver(LETTER)
    await relay.stop()
    await relay.start()
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED


async def test_a_relay_that_has_had_enough_of_a_connection_is_called_again(
    relay: ScriptedRelay, courier: Courier
) -> None:
    await courier.deliver(LETTER)
    relay.next("MAIL", "421 4.7.0 too many on this connection")
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
    assert relay.verbs["GREETING"] == 2


async def test_a_relay_that_hangs_up_on_a_wrong_password_is_given_the_other_one(relay: ScriptedRelay) -> None:
    relay.always("EHLO", "250-relay\r\n250 AUTH PLAIN")
    relay.next("AUTH", CUT, "235 welcome")
    where = MailRelay("127.0.0.1", relay.port, "us@example.org", user="us", passwords=lambda: ("new", "former"))
    courier = Courier(where)
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
    await courier.close()


async def test_no_relay_at_all(relay: ScriptedRelay, courier: Courier) -> None:
    await relay.stop()
    outcome = await courier.deliver(LETTER)
    assert (outcome.ending, outcome.relay_away) == (Ending.DEFERRED, True)


async def test_a_slow_relay_is_waited_for(relay: ScriptedRelay, courier: Courier) -> None:
    relay.delay_s = 0.6  # twice the time-out of a command: the last answer has more
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
    await asyncio.sleep(0)
