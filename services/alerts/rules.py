"""The rules in force on a day, read from `rules.toml` (rules ABS-11, ABS-12; AMB-1 to AMB-3, AMB-7, AMB-11)."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, Literal

from contracts.identifiers import first_day_of
from services.alerts.events import RuleUsed

FILE = Path(__file__).with_name("rules.toml")

Status = Literal["CONFIRMED_P", "CONFIRMED_S", "PROPOSAL"]

_ANSWERS = {
    "threshold": "reached",
    "month": "calendar_month",
    "half_day": "reported",
    "late_excuse": "lifts",
    "change_of_school": "count_follows",
}
"""What `domain.py` and `counting.py` do, question by question."""


class UnknownReading(ValueError):
    """The file reads the regulation in a way that this code does not follow."""


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
    status: Status
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


@dataclass(frozen=True, slots=True)
class Reading:
    """How a question is answered that the texts leave open, for the months from `valid_from` on."""

    id: str
    valid_from: date
    question: str
    answer: str
    status: Status
    source: str


def parse(text: str) -> tuple[tuple[ThresholdRule, ...], tuple[Reading, ...]]:
    """Every version of every rule and reading that `text`, as TOML, holds.

    Raises UnknownReading, naming it, where the code would do something else, or a rule has no answer to a question
    on its first day; TypeError or KeyError when the file is not as it must be.
    """
    table: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    rules = tuple(ThresholdRule(**entry) for entry in table["rule"])
    readings = tuple(Reading(**entry) for entry in table["reading"])
    for each in readings:
        if _ANSWERS.get(each.question) != each.answer:
            raise UnknownReading(f"{each.id}: {each.question} = {each.answer}; known: {_ANSWERS.get(each.question)}")
    for rule in rules:
        missing = _ANSWERS.keys() - {each.question for each in readings if each.valid_from <= rule.valid_from}
        if missing:
            raise UnknownReading(f"{rule.id} of {rule.version} has no reading of {', '.join(sorted(missing))}")
    return rules, readings


@cache
def all_rules() -> tuple[ThresholdRule, ...]:
    """Every version of every rule. Raises as `parse` does."""
    return parse(FILE.read_text())[0]


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
