"""Whatever people ask, in whatever order: no limit is ever broken, and events alone give the same state again."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import given, settings

from chassis.events import Event
from contracts.parcours import Outcome, Partner, Scheme
from services.parcours import events
from services.parcours.days import days_in, end_of, last_day_of, overlap
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.refusals import Refused
from tests.unit.parcours.given import AFTER_EXAM, PARCOURS, REGULATION, act, of, on, open_parcours, replayed, state_of

FIRST = date(2025, 9, 1)
days = st.integers(-5, 140).map(lambda number: FIRST + timedelta(number))
keys = st.integers(1, 3).map(lambda number: UUID(int=number))
wishes = st.one_of(
    st.tuples(st.just("plan"), keys, days, days),
    st.tuples(st.just("change"), keys, days, days),
    st.tuples(st.just("cancel"), keys),
    st.tuples(st.just("extend"), days),
    st.tuples(st.just("suspend"), days),
    st.tuples(st.just("resume"), days),
    st.tuples(st.just("review"), days),
    st.tuples(st.just("sign"), days),
    st.tuples(st.just("clock"), days),
    st.tuples(st.just("close"), days),
)


ACTS: dict[str, Callable[..., object]] = {
    "plan": lambda p, by, key, first, last: p.plan(key, (first, last), REGULATION, by),
    "change": lambda p, by, key, first, last: p.change(key, (first, last), REGULATION, by),
    "cancel": lambda p, by, key: p.cancel(key, REGULATION, by),
    "extend": lambda p, by, last: p.extend(last, REGULATION, by),
    "suspend": lambda p, by, since: p.suspend(since, by),
    "resume": lambda p, by, since: p.resume(since, by),
    "review": lambda p, by, held: p.hold_review(held, REGULATION, by),
    "sign": lambda p, by, since: p.sign_convention(Partner.AFPA, min(since, by.today), since, REGULATION, by),
    "close": lambda p, by, closed: p.close(Outcome.JOB, closed, by),
    "clock": lambda p, _, day: [p.fire(kind, due, end_of(day)) for kind, due in p.deadlines().items()],
}


def ask(parcours: Parcours, wish: tuple[Any, ...], now: date) -> None:
    """Have it done, or be refused."""
    name, *rest = wish
    ACTS[name](parcours, act(end_of(now) - timedelta(hours=6)), *rest)


def holds(parcours: Parcours, started_on: date) -> None:
    """Every limit, looked at from outside."""
    placed = sorted(parcours.placements.values())
    length = days_in(parcours.starts_on, parcours.ends_on)
    assert parcours.starts_on == started_on
    assert parcours.ends_on <= last_day_of(started_on, 4)
    assert 3 * sum(days_in(*each) for each in placed) <= 2 * length
    assert all(parcours.starts_on <= first <= last <= parcours.ends_on for first, last in placed)
    assert not any(overlap(one, other) for one, other in pairwise(placed))
    for one, other in pairwise(parcours.pauses):
        assert one[0] <= one[1] < other[0]
    for first, last in parcours.partner_days:
        assert parcours.starts_on <= first <= last <= parcours.ends_on


@settings(max_examples=300, deadline=None)
@given(st.lists(wishes, max_size=25), st.integers(0, 100))
def test_no_order_of_wishes_breaks_a_limit(several: list[tuple[Any, ...]], length: int) -> None:
    parcours = open_parcours("01/09/2025", f"{FIRST + timedelta(length):%d/%m/%Y}")
    opened = parcours.version
    now = FIRST
    for wish in several:
        now += timedelta(days=3)
        version, recorded = parcours.version, len(parcours.pending)
        try:
            ask(parcours, wish, now)
        except Refused:
            assert (parcours.version, len(parcours.pending)) == (version, recorded), "nothing half done"
        holds(parcours, FIRST)
    assert parcours.version == opened + len(parcours.pending)


@settings(max_examples=200, deadline=None)
@given(st.lists(wishes, max_size=25))
def test_events_alone_give_the_same_state(several: list[tuple[Any, ...]]) -> None:
    parcours = Parcours(UUID(int=5))
    history = list(_opening())
    for event in history:
        parcours.replay(event)
    for number, wish in enumerate(several):
        try:
            ask(parcours, wish, FIRST + timedelta(3 * number))
        except Refused:
            continue
    assert state_of(replayed(parcours, [*history, *parcours.pending])) == state_of(parcours)


def _opening() -> list[Event]:
    fresh = Parcours(PARCOURS)
    asked = Opening(Scheme.AMBITION_EMPLOI, FIRST, date(2025, 11, 29), AFTER_EXAM)
    fresh.open(of(Scheme.AMBITION_EMPLOI), asked, REGULATION, act(on("01/09/2025")))
    return list(fresh.pending)


@settings(max_examples=200, deadline=None)
@given(st.lists(wishes, max_size=15), st.lists(st.integers(0, 40), max_size=30))
def test_the_end_comes_once_and_never_early(several: list[tuple[Any, ...]], steps: list[int]) -> None:
    parcours = open_parcours("01/09/2025", "29/11/2025")
    now = FIRST
    for wish, step in zip(several, steps, strict=False):
        now += timedelta(step)
        if wish[0] == "clock":
            wish = ("clock", now)
        try:
            ask(parcours, wish, now)
        except Refused:
            continue
    ended = [event for event in parcours.pending if isinstance(event, events.Expired)]
    assert len(ended) <= 1
    for event in ended:
        assert event.at >= event.due_at == end_of(event.ends_on)
    reminders = [(e.ends_on, e.days) for e in parcours.pending if isinstance(e, events.Expiring)]
    assert len(reminders) == len(set(reminders))
