"""Plans of simulated parcours: the same for the same pupil, every end there is, and nothing the regulation refuses."""

from collections import Counter
from datetime import date, datetime, time
from functools import cache, partial
from uuid import UUID, uuid5

import pytest

from cli.playing.chance import chance, pick
from cli.playing.plans import Plan, make, next_day_of_class, scheme_after_exam
from cli.simulator.calendar import month_ends, teaching_days
from cli.simulator.events import PARIS
from contracts import parcours_commands as asked
from contracts.parcours import Diploma, ParcoursState, Scheme, Why
from services.parcours.acting import Act
from services.parcours.acts import ACTS
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.events import Of
from services.parcours.rules import load

YEAR = "2025-2026"
DESKS = month_ends(YEAR)
PUPILS = 80
SPACE = UUID("8f6ae9a2-0f0b-5f5e-9d0a-3f1a5d2c7b41")
COMMANDS = {
    "conventions": asked.SignConvention,
    "placements": asked.PlanPlacement,
    "reviews": asked.HoldReview,
    "suspend": asked.SuspendParcours,
    "resume": asked.ResumeParcours,
    "extend": asked.ExtendParcours,
    "close": asked.CloseParcours,
}
REGULATION = load()


@cache
def drawn() -> tuple[tuple[date, Plan], ...]:
    """Many plans, each with the day it was made on."""
    found = []
    for day in DESKS:
        starts_on = next_day_of_class(YEAR, day)
        schemes = [Scheme.TDO, scheme_after_exam(starts_on)] if starts_on else []
        for scheme in schemes:
            for pupil in range(PUPILS):
                plan = make(YEAR, day, scheme, partial(chance, pupil, day))
                if plan:
                    found.append((day, plan))
    return tuple(found)


def last_day(plan: Plan) -> date:
    """Its end, extended or not."""
    return max(
        plan.ends_on, *(date.fromisoformat(s.body["ends_on"]) for s in plan.steps if s.path == "extend"), date.min
    )


def office(day: date) -> datetime:
    return datetime.combine(day, time(18, 30), PARIS)


def act(name: str, day: date) -> Act:
    return Act("mlds", Why.SCHOOL_DECIDED, uuid5(SPACE, f"{name}/{day}"), office(day), day)


def wait_until(parcours: Parcours, day: date) -> None:
    """Let everything fall due that comes before the desks open on `day`."""
    while due := sorted((at, kind) for kind, at in parcours.deadlines().items() if at <= office(day)):
        at, kind = due[0]
        parcours.fire(kind, at, office(day))


def lived(day: date, plan: Plan) -> Parcours:
    """The parcours once all was done, by the rules of the service itself. Raises Refused."""
    parcours = Parcours(uuid5(SPACE, "parcours"))
    after_exam = plan.scheme is not Scheme.TDO
    declared = asked.Declared(
        volunteer=True,
        solutions_tried=True,
        diploma=Diploma.CAP if after_exam else None,
        session=2025 if after_exam else None,
    )
    opening = Opening(plan.scheme, plan.starts_on, plan.ends_on, declared)
    parcours.open(Of(SPACE, "0319001R", plan.scheme), opening, REGULATION, act("open", day))
    for step in plan.steps:
        wait_until(parcours, step.on)
        done = act(step.path, step.on)
        more = {"placement_id": uuid5(SPACE, f"{step.on}")} if step.path == "placements" else {}
        command = COMMANDS[step.path](
            command_id=done.command_id,
            actor_id=done.by,
            parcours_id=parcours.id,
            student_id=SPACE,
            **step.body,
            **more,
        )
        ACTS[type(command)](parcours, command, REGULATION, done)
    wait_until(parcours, DESKS[-1])
    return parcours


def test_the_regulation_refuses_nothing_of_what_is_planned() -> None:
    assert len(drawn()) > 1000
    for day, plan in drawn():
        assert lived(day, plan).state is not None


def test_every_end_is_drawn_and_some_still_run_in_summer() -> None:
    states = Counter(lived(day, plan).state for day, plan in drawn())
    assert set(states) == {ParcoursState.OPEN, ParcoursState.EXPIRED, ParcoursState.CLOSED}
    assert min(states.values()) > len(drawn()) / 20
    paths = Counter(step.path for _, plan in drawn() for step in plan.steps)
    assert set(paths) == set(COMMANDS)
    closed = [(step.on, last_day(plan)) for _, plan in drawn() for step in plan.steps if step.path == "close"]
    assert any(on < end for on, end in closed)
    assert any(on == end for on, end in closed)
    assert any(on > end for on, end in closed)


def test_acts_are_on_days_when_people_are_at_their_desks_in_order() -> None:
    for day, plan in drawn():
        days = [step.on for step in plan.steps]
        assert days == sorted(days)
        assert {each for each in days if each != day} <= set(DESKS)
        assert plan.starts_on in teaching_days(YEAR)
        assert plan.starts_on > day


def test_few_days_of_the_year_end_a_parcours() -> None:
    within = {plan.ends_on for _, plan in drawn() if plan.ends_on <= DESKS[-1]}
    assert len(within) <= 5


def test_lengths_are_those_of_the_schemes() -> None:
    for _, plan in drawn():
        days = (plan.ends_on - plan.starts_on).days
        assert 50 <= days <= 100 if plan.scheme is Scheme.TDO else 75 <= days <= 123


def test_a_plan_depends_on_the_pupil_and_the_seed_alone() -> None:
    day = DESKS[2]
    one, again, other = (make(YEAR, day, Scheme.TDO, partial(chance, *who)) for who in ((1, "A"), (1, "A"), (1, "B")))
    assert one == again
    assert one != other


def test_nothing_opens_after_the_last_day_of_class() -> None:
    assert make(YEAR, DESKS[-1], Scheme.TDO, partial(chance, 1)) is None


@pytest.mark.parametrize(
    ("day", "scheme"),
    [(date(2025, 12, 9), Scheme.AMBITION_EMPLOI), (date(2025, 12, 10), Scheme.AVENIR_PRO_PLUS)],
)
def test_the_scheme_after_the_exam_is_the_one_in_force(day: date, scheme: Scheme) -> None:
    assert scheme_after_exam(day) is scheme
    assert REGULATION.scheme(scheme, day) is not None


def test_luck_is_even_and_always_the_same() -> None:
    drawn_ = [chance(1, number) for number in range(2000)]
    assert 0 <= min(drawn_) < 0.01
    assert 0.99 < max(drawn_) < 1
    assert sum(drawn_) / len(drawn_) == pytest.approx(0.5, abs=0.03)
    assert chance(1, "x") == chance(1, "x")
    assert {pick("abc", luck) for luck in (0.0, 0.34, 0.999)} == set("abc")
