"""Whose deadlines they are: parcours and delays drawn from a seed, opened in bulk through the aggregates."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from uuid import UUID

from chassis import deadlines
from chassis.deadlines import Deadline
from chassis.events import Aggregate
from chassis.store import EventStore
from contracts.delays import DelayKind
from contracts.parcours import Scheme, Why
from contracts.parcours_commands import Declared
from services.parcours import rules
from services.parcours.acting import Act
from services.parcours.delay import Delay
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.events import Of
from services.parcours.pupil import Pupil

FIRST_DAY = date(2025, 10, 6)
OPENED_AT = datetime(2025, 10, 6, 8, tzinfo=UTC)
SCHOOL = "0310000G"
PERSON = "mlds-31-1"
_AT_RISK = Declared(volunteer=True, solutions_tried=True, age=16)
_DELAYS = 0.1  # of those followed; the others have a parcours
_DELAY_KINDS = (DelayKind.RETURN_INTERVIEW, DelayKind.OF_SUMMONS, DelayKind.APPRENTICE_WITHOUT_CONTRACT)
_AT_ONCE = 1_000
_REGULATION = rules.load()

DrawEnd = Callable[[random.Random], int]
"""How many days after FIRST_DAY a parcours ends."""


@dataclass
class Followed:
    """A parcours as people know it: its last day, and the day of its next review."""

    parcours_id: UUID
    student_id: UUID
    ends_on: date
    review_on: date | None


@dataclass
class Opened:
    """What one drawing gives: the aggregates to keep, and the parcours if it is one."""

    aggregates: list[Aggregate]
    deadlines: list[Deadline]
    followed: Followed | None


def plant(store: EventStore, count: int, seed: int, draw_end: DrawEnd) -> tuple[int, list[Followed]]:
    """Open parcours and delays until `count` deadlines are scheduled; how many there are, and the parcours."""
    left, planted, followed = draw(seed, draw_end), 0, []
    while planted < count:
        drawn: list[Opened] = []
        for opened in islice(left, _AT_ONCE):
            drawn.append(opened)
            planted += len(opened.deadlines)
            if planted >= count:
                break
        with store.database.transaction() as tx:
            deadlines.schedule_many(tx, [each for opened in drawn for each in opened.deadlines])
            store.append(tx, [e for opened in drawn for each in opened.aggregates for e in each.collect()])
        followed += [opened.followed for opened in drawn if opened.followed]
    with store.database.transaction() as tx:
        # Here a hundred thousand rows come at once; in production statistics follow what people do all year.
        tx.execute("ANALYZE deadlines")
        tx.execute("ANALYZE stored_events")
    return planted, followed


def draw(seed: int, draw_end: DrawEnd) -> Iterator[Opened]:
    """Parcours and delays just opened, without end; the same for the same seed."""
    rng = random.Random(f"cohort-{seed}")
    while True:
        pupil, about_id = Pupil(_uuid(rng)), _uuid(rng)
        act = Act(PERSON, Why.SCHOOL_DECIDED, _uuid(rng), OPENED_AT, FIRST_DAY)
        if rng.random() < _DELAYS:
            yield _delay(pupil, Delay(about_id), act, rng)
        else:
            yield _parcours(pupil, Parcours(about_id), act, rng, draw_end(rng))


def _parcours(pupil: Pupil, parcours: Parcours, act: Act, rng: random.Random, end: int) -> Opened:
    starts_on, ends_on = FIRST_DAY - timedelta(rng.randint(0, 25)), FIRST_DAY + timedelta(end)
    asked = Opening(Scheme.TDO, starts_on, ends_on, _AT_RISK)
    parcours.open(Of(pupil.id, SCHOOL, Scheme.TDO.value), asked, _REGULATION, act)
    pupil.take(parcours.id, Scheme.TDO, act.now)
    followed = Followed(parcours.id, pupil.id, ends_on, parcours.next_review_on)
    return Opened([parcours, pupil], _deadlines(parcours), followed)


def _delay(pupil: Pupil, delay: Delay, act: Act, rng: random.Random) -> Opened:
    since = FIRST_DAY - timedelta(rng.randint(0, 9))
    pupil.concern(delay.id, act.now)
    delay.start(pupil.id, SCHOOL, rng.choice(_DELAY_KINDS), since, _REGULATION, act)
    return Opened([delay, pupil], _deadlines(delay), None)


def _deadlines(timed: Parcours | Delay) -> list[Deadline]:
    return [Deadline(timed.id, kind, due_at) for kind, due_at in timed.deadlines().items()]


def _uuid(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)
