"""How long the sender waits: after a deferral, and when there is no relay at all."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.backoff import BackOff
from services.notifications.breaker import Breaker
from services.notifications.courier import Ending, Outcome

AWAY = Outcome(Ending.DEFERRED, None, "refused", relay_away=True)
GREYLISTED = Outcome(Ending.DEFERRED, 451, "later")


class Hands:
    """A clock whose hands are moved by the test."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@given(st.integers(1, 500), st.integers(0))
def test_each_wait_is_longer_up_to_the_limit_and_never_nothing(failures: int, seed: int) -> None:
    back_off = BackOff(10, 3600)
    wait = back_off.after(failures, Random(seed)).total_seconds()
    assert 7.5 <= wait <= 3600 * 1.25
    assert wait >= min(10 * 2.0 ** (failures - 1), 3600) * 0.75


def test_two_e_mails_do_not_come_back_together() -> None:
    chance = Random(1)
    assert len({BackOff(10, 3600).after(1, chance) for _ in range(50)}) == 50


def test_nothing_is_known_of_the_relay_at_first() -> None:
    breaker = Breaker(BackOff(1, 60))
    assert breaker.doubtful
    assert not breaker.wait_s
    breaker.note(GREYLISTED)  # it speaks to us
    assert not breaker.doubtful


def test_without_a_relay_the_waits_grow_and_end_with_the_first_that_answers() -> None:
    hands = Hands()
    breaker = Breaker(BackOff(1, 60), monotonic=hands, chance=Random(0))
    waits = []
    for _ in range(10):
        breaker.note(AWAY)
        breaker.note(AWAY)  # another connection, the same failure
        waits.append(breaker.wait_s)
        hands.at += breaker.wait_s + 0.01
        assert not breaker.wait_s
        assert breaker.doubtful
    assert waits[0] < 2
    assert 40 < waits[-1] < 80
    breaker.note(Outcome(Ending.ACCEPTED, 250))
    assert not breaker.doubtful
    breaker.note(AWAY)
    assert breaker.wait_s < 2


@pytest.mark.parametrize(
    ("outcome", "setting"),
    [
        (AWAY, "PERSEVERANCE_SMTP_HOST"),
        (Outcome(Ending.DEFERRED, 535, "no", relay_away=True), "PERSEVERANCE_SMTP_USER"),
        (Outcome(Ending.DEFERRED, None, relay_away=True, no_password=True), "PERSEVERANCE_SMTP_PASSWORD_FILE"),
    ],
)
def test_what_is_wrong_with_the_relay_is_said_with_where_to_mend_it(
    outcome: Outcome, setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    breaker = Breaker(BackOff(1, 60))
    for _ in range(3):
        breaker.note(outcome)
    (said,) = [each.__dict__["fields"]["what"] for each in caplog.records if each.msg == "sender.relay_away"]
    assert setting in said
