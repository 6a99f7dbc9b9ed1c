"""The rules in force on a day, read from `rules.toml` (rules ABS-11, ABS-12; AMB-1 to AMB-3)."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import inf
from pathlib import Path
from typing import Literal

from contracts.identifiers import first_day_of
from services.alerts.events import RuleUsed

_FILE = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """So many unjustified half-days in the calendar month call for an alert of this level.

    `approach`: how many half-days before the threshold the early warning comes.
    """

    id: str
    level: Literal[1, 2]
    valid_from: date
    threshold: int
    approach: int
    window: Literal["calendar_month"]
    status: Literal["CONFIRMED_P", "CONFIRMED_S", "PROPOSAL"]
    source: str

    @property
    def version(self) -> str:
        """The day this version came into force, as evidence names it."""
        return self.valid_from.isoformat()

    @property
    def used(self) -> RuleUsed:
        """This version, as what rests on it says."""
        return RuleUsed(self.id, self.version, self.threshold)

    @property
    def approached_at(self) -> int:
        """The count at which the early warning is given."""
        return self.threshold - self.approach


@cache
def all_rules() -> tuple[ThresholdRule, ...]:
    """Every version of every rule. Raises TypeError or KeyError when the file is not as it must be."""
    table = tomllib.loads(_FILE.read_text())
    return tuple(ThresholdRule(**entry) for entry in table["rule"])


@cache
def rules_on(day: date) -> tuple[ThresholdRule, ...]:
    """The rules in force on `day`, one a level, lowest level first."""
    in_force: dict[int, ThresholdRule] = {}
    for rule in sorted(all_rules(), key=lambda each: each.valid_from):
        if rule.valid_from <= day:
            in_force[rule.level] = rule
    return tuple(in_force[level] for level in sorted(in_force))


@cache
def rules_of(month: str) -> tuple[ThresholdRule, ...]:
    """The rules a month is held against: those in force on its first day."""
    return rules_on(first_day_of(month))


@cache
def least_count_of(month: str) -> float:
    """The smallest count that any rule of a month has something to say of."""
    return min((rule.approached_at for rule in rules_of(month)), default=inf)
