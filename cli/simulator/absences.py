"""The absences of one pupil in one month, as they truly were. Pure: same generator state, same month."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from cli.simulator.academy import SimPupil, SimSchool
from cli.simulator.rates import JUSTIFIED_SEASON, JUSTIFIED_TIME, unjustified_half_days
from contracts.identifiers import HalfDay
from contracts.school import ReasonCategory

T = TypeVar("T")

PERSISTENCE = 0.6  # how much of a pupil's month is the pupil, how much is the month
_SPELLS = ((1, 0.25), (2, 0.30), (3, 0.10), (4, 0.15), (6, 0.12), (8, 0.08))  # half-days: share of illnesses
_MEAN_SPELL = sum(length * share for length, share in _SPELLS)
_CUT_SHORT = 1.12  # spells lose their end at the end of a month and where one overlaps another absence
_REASONS = (
    (ReasonCategory.HEALTH, 0.62),
    (ReasonCategory.FAMILY, 0.18),
    (ReasonCategory.TRANSPORT, 0.10),
    (ReasonCategory.ADMINISTRATIVE, 0.06),
    (ReasonCategory.OTHER, 0.04),
)


@dataclass(frozen=True, slots=True)
class Spell:
    """Half-days missed in a row; `category` when there was a valid reason."""

    half_days: tuple[HalfDay, ...]
    category: ReasonCategory | None = None


def month_of_absences(
    pupil: SimPupil, school: SimSchool, half_days: Sequence[HalfDay], rng: random.Random
) -> list[Spell]:
    """What the pupil missed among the half-days of one calendar month; no half-day twice."""
    month = half_days[0].date.month
    chance = math.sqrt(PERSISTENCE) * pupil.trend + math.sqrt(1 - PERSISTENCE) * rng.gauss(0, 1)
    luck = 0.5 * math.erfc(chance / math.sqrt(2))
    count = unjustified_half_days(luck, school.absentees, month, len(half_days))
    skipped = _skipped(count, len(half_days), rng)
    spells = [Spell(tuple(half_days[i] for i in run)) for run in _runs(skipped)]
    return spells + _justified(pupil, school, half_days, skipped, rng)


def _skipped(count: int, available: int, rng: random.Random) -> set[int]:
    chosen: set[int] = set()
    while len(chosen) < count:
        start = rng.randrange(available)
        length = min(count - len(chosen), 1 + int(rng.expovariate(0.8)))
        chosen.update(range(start, min(available, start + length)))
    return chosen


def _runs(places: set[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for place in sorted(places):
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _justified(
    pupil: SimPupil, school: SimSchool, half_days: Sequence[HalfDay], taken: set[int], rng: random.Random
) -> list[Spell]:
    rate = JUSTIFIED_TIME[school.type] * JUSTIFIED_SEASON[half_days[0].date.month] * pupil.frailty
    free = set(range(len(half_days))) - taken
    spells = []
    for _ in range(_poisson(rate * len(half_days) * _CUT_SHORT / _MEAN_SPELL, rng)):
        start, length = rng.randrange(len(half_days)), _pick(_SPELLS, rng)
        run = [place for place in range(start, start + length) if place in free]
        free.difference_update(run)
        if run:
            spells.append(Spell(tuple(half_days[i] for i in run), _pick(_REASONS, rng)))
    return spells


def _poisson(mean: float, rng: random.Random) -> int:
    count, left = 0, math.exp(-mean)
    product = rng.random()
    while product > left:
        count += 1
        product *= rng.random()
    return count


def _pick(table: Sequence[tuple[T, float]], rng: random.Random) -> T:
    place = rng.random()
    for value, share in table:
        place -= share
        if place < 0:
            return value
    return table[-1][0]
