"""When to try again: exponentially later, up to a limit, spread so that a thousand do not come back at once."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

_SPREAD = 0.25


@dataclass(frozen=True, slots=True)
class BackOff:
    """`first_s` after the first failure, twice as long after each further one, never more than `longest_s`."""

    first_s: float
    longest_s: float

    def after(self, failures: int, chance: Random) -> timedelta:
        """How long to wait after the n-th failure (from 1)."""
        doubled = self.first_s * 2.0 ** min(failures - 1, 30)
        return timedelta(seconds=min(doubled, self.longest_s) * chance.uniform(1 - _SPREAD, 1 + _SPREAD))
