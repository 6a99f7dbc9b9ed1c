"""How absence is spread over kinds of school, months and schools (rules NAT-02, NAT-03, NAT-05, NAT-06).

An *absentee* of a month has at least 4 unjustified half-days in it; a *heavy* one at least 10.
Rates are shares of pupils or of half-days, from 0 to 1.
"""

import math
import random
from collections.abc import Sequence
from statistics import NormalDist

from contracts.directory import SchoolType

ABSENTEES = {  # NAT-02; EREA is our guess, between LGT and LP
    SchoolType.CLG: 0.049,
    SchoolType.LGT: 0.087,
    SchoolType.LPO: 0.087,
    SchoolType.LP: 0.167,
    SchoolType.EREA: 0.12,
}
ABSENTEE_SEASON = {  # NAT-02: September 3.6, March 12, May 10.9 for a mean of 7; the months between are ours
    9: 0.51, 10: 0.75, 11: 0.90, 12: 0.95, 1: 0.90, 2: 0.80, 3: 1.71, 4: 0.92, 5: 1.56, 6: 0.90, 7: 0.30,
}  # fmt: skip
JUSTIFIED_TIME = {  # NAT-03: all absences (7, 8.8, 10.4 %) less the unjustified ones
    SchoolType.CLG: 0.057,
    SchoolType.LGT: 0.065,
    SchoolType.LPO: 0.065,
    SchoolType.LP: 0.061,
    SchoolType.EREA: 0.063,
}
JUSTIFIED_SEASON = {  # NAT-03: all absences 4.5 % in September, 9.8 in December, 9.2 in March
    9: 0.64, 10: 0.85, 11: 1.05, 12: 1.36, 1: 1.16, 2: 1.07, 3: 1.09, 4: 0.97, 5: 0.91, 6: 0.90, 7: 0.60,
}  # fmt: skip

WORST_SHARE, WORST_HOLD = 0.10, 0.50  # NAT-06: the worst 10 % of schools hold half of the absentees
HEAVY_AMONG_ABSENTEES = 1 / 7  # NAT-05 beside NAT-02: about 1 % heavy for 7 % of absentees
OCCASIONAL = 0.10  # pupils with 1 to 3 unjustified half-days in a middling month: fills NAT-03's 1.9 %
_STEP = HEAVY_AMONG_ABSENTEES ** (1 / 6)  # from 4 to 10 half-days is six steps
_THREE, _TWO = 0.13, 0.38  # among occasional ones: 3 half-days, 2 or more
_MOST_ABSENTEES = 0.65  # of the pupils of the worst school in the worst month
_FULL_MONTH = 20  # half-days; a shorter month leaves less room to miss four


def spread(sizes: Sequence[int], types: Sequence[SchoolType], rng: random.Random) -> list[float]:
    """One factor a school on the rate of its type, as uneven as NAT-06 says; 1 on average within a type.

    The unevenness is solved for, so that few schools are about as uneven as many.
    """
    z = _ranks(types, rng)
    low, high = 0.0, 3.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _share(_factors(z, sizes, types, middle), sizes, types) < WORST_HOLD else (low, middle)
        )
    return _factors(z, sizes, types, high)


def _ranks(types: Sequence[SchoolType], rng: random.Random) -> list[float]:
    ranks = [0.0] * len(types)
    for kind in dict.fromkeys(types):
        members = [i for i, t in enumerate(types) if t is kind]
        order = rng.sample(members, len(members))
        for place, i in enumerate(order):
            ranks[i] = NormalDist().inv_cdf((place + 0.5) / len(order))
    return ranks


def _factors(z: Sequence[float], sizes: Sequence[int], types: Sequence[SchoolType], sigma: float) -> list[float]:
    factors = [math.exp(sigma * rank) for rank in z]
    peak = max(ABSENTEE_SEASON.values())
    for _ in range(30):  # capping lowers the mean, which the next turn makes up for
        for kind in dict.fromkeys(types):
            members = [i for i, t in enumerate(types) if t is kind]
            cap = _MOST_ABSENTEES / (ABSENTEES[kind] * peak)
            mean = sum(factors[i] * sizes[i] for i in members) / max(1, sum(sizes[i] for i in members))
            for i in members:
                factors[i] = min(cap, factors[i] / mean) if mean else 1.0
    return factors


def _share(factors: Sequence[float], sizes: Sequence[int], types: Sequence[SchoolType]) -> float:
    """The share of absentees that the worst tenth of the schools holds."""
    held = sorted((f * n * ABSENTEES[t] for f, n, t in zip(factors, sizes, types, strict=True)), reverse=True)
    worst = len(held) * WORST_SHARE
    whole = int(worst)
    part = sum(held[:whole]) + (worst - whole) * (held[whole] if whole < len(held) else 0.0)
    return part / sum(held) if sum(held) else 1.0


def unjustified_half_days(luck: float, absentees: float, month: int, available: int) -> int:
    """How many half-days a pupil skips in a month.

    `luck` is uniform in (0, 1), lowest for the most absent; `absentees` is the school's yearly rate.
    """
    season = ABSENTEE_SEASON[month] * min(1.0, available / _FULL_MONTH)
    reach_four = min(_MOST_ABSENTEES, absentees * season)
    skip_some = (1 - reach_four) * OCCASIONAL * season
    if luck < reach_four:
        count = 4 + int(math.log(max(luck, 1e-12) / reach_four) / math.log(_STEP))
    elif luck < reach_four + skip_some:
        place = (luck - reach_four) / skip_some
        count = 3 if place < _THREE else 2 if place < _TWO else 1
    else:
        count = 0
    return min(count, available * 9 // 10)
