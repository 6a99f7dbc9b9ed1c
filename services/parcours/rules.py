"""The regulation on parcours, read from `rules.toml`: dated, sourced data."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from contracts.delays import DelayKind
from contracts.identifiers import SCHOOL_YEAR_STARTS_IN, school_year_of
from contracts.parcours import Scheme, SchemeRule
from services.parcours.days import ONE_DAY, Span, days_in, last_day_of, same_day
from services.parcours.school_days import SchoolDays

FILE = Path(__file__).with_name("rules.toml")
REMINDERS = (30, 15, 7, 1)
_SCHOOL_YEARS = 2
_RENTREE = "RENTREE"
_SHOWN = ("CONFIRMED_P", "CONFIRMED_S")


@dataclass(frozen=True, slots=True)
class Basis:
    """What something rests on: the rule's id, how sure it is, and where it is written."""

    rule: str
    status: str
    source: str

    @property
    def shown(self) -> str:
        """The source as people may read it: a parameter of ours is never shown as law."""
        return self.source if self.status in _SHOWN else "Paramètre fixé par l’académie"


@dataclass(frozen=True, slots=True)
class Need:
    """What must be true of the pupil; `least` is an age in years."""

    what: str
    basis: Basis
    least: int = 0


@dataclass(frozen=True, slots=True)
class Duration:
    """At most so many months (AMB-6)."""

    months: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class LatestEnd:
    """Where no duration is set, the end of so many school years, that of the start included (TDO-06b)."""

    school_years: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Likely:
    """How far from today a day may be that nothing else bounds; further, somebody mistyped it."""

    months_ago: int = 24
    months_ahead: int = 12

    def around(self, today: date) -> Span:
        """From which day to which."""
        return same_day(today, -self.months_ago), same_day(today, self.months_ahead)


@dataclass(frozen=True, slots=True)
class Share:
    """At most `times`/`of` of the days in placement (AMB-5)."""

    times: int
    of: int
    basis: Basis

    def most(self, parcours_days: int) -> int:
        """The days of placement that a parcours of so many days may hold."""
        return parcours_days * self.times // self.of


@dataclass(frozen=True, slots=True)
class Earliest:
    """The first day of a school year on which the scheme may start: the rentrée, or a day written MM-DD."""

    day: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Replaced:
    """The scheme that another one is the new name of (AE-22)."""

    code: Scheme
    basis: Basis


@dataclass(frozen=True, slots=True)
class Once:
    """A scheme that a pupil follows once, under whichever of its names; `renamed` says that these are one scheme."""

    names: frozenset[Scheme]
    basis: Basis
    renamed: Basis | None = None


@dataclass(frozen=True, slots=True)
class SchemeRules:
    """A scheme as it is in force for parcours that start from `valid_from` to `valid_to`."""

    code: Scheme
    valid_from: date
    valid_to: date | None
    basis: Basis
    needs: tuple[Need, ...]
    duration: Duration | None
    latest_end: LatestEnd
    share: Share | None
    earliest: Earliest | None
    review_days: int
    renewable: bool
    renewal: Basis
    replaces: Replaced | None
    after: str

    @property
    def used(self) -> SchemeRule:
        """How a decision names what it rests on."""
        return SchemeRule(id=self.basis.rule, version=self.valid_from, source=self.basis.shown)

    def last_day(self, starts_on: date) -> date:
        """The last day of a parcours that starts on `starts_on`: of its duration, or of what bounds one without."""
        if self.duration:
            return last_day_of(starts_on, self.duration.months)
        year = int(school_year_of(starts_on)[:4]) + self.latest_end.school_years
        return date(year, SCHOOL_YEAR_STARTS_IN, 1) - ONE_DAY


@dataclass(frozen=True, slots=True)
class DelayRule:
    """A delay that begins on the day something happened: `months` or `days`."""

    kind: DelayKind
    valid_from: date
    basis: Basis
    months: int
    days: int
    remind_days: int

    @property
    def used(self) -> SchemeRule:
        """How a decision names what it rests on."""
        return SchemeRule(id=self.basis.rule, version=self.valid_from, source=self.basis.shown)

    def until(self, since: date) -> date:
        """The last day of the delay, included."""
        return same_day(since, self.months) + self.days * ONE_DAY


class Regulation:
    """Every rule, and which of them is in force on a day."""

    def __init__(
        self,
        schemes: Iterable[SchemeRules],
        delays: Iterable[DelayRule],
        rentrees: dict[str, date],
        reminders: tuple[int, ...] = REMINDERS,
        likely: Likely = Likely(),
        school_days: SchoolDays | None = None,
    ) -> None:
        self.schemes = tuple(schemes)
        self.delays = tuple(delays)
        self.reminders = reminders
        self.likely = likely
        self.school_days = school_days or SchoolDays()
        self._rentrees = rentrees

    def scheme(self, code: Scheme, starts_on: date) -> SchemeRules | None:
        """The scheme as it is in force for a start on that day, or None."""
        found = None
        for each in sorted(self.schemes, key=lambda scheme: scheme.valid_from):
            if each.code is code and each.valid_from <= starts_on and (not each.valid_to or starts_on <= each.valid_to):
                found = each
        return found

    def once(self, scheme: SchemeRules) -> Once | None:
        """Under which names a pupil may have followed it already, or None: it may be followed again."""
        if scheme.renewable:
            return None
        names, renamed = {scheme.code}, None
        pairs = [(each.code, each.replaces) for each in self.schemes if each.replaces]
        for _ in pairs:  # a new name may have got another one since
            for code, replaced in pairs:
                if names & {code, replaced.code}:
                    names |= {code, replaced.code}
                    renamed = replaced.basis
        return Once(frozenset(names), scheme.renewal, renamed)

    def delay(self, kind: DelayKind, since: date) -> DelayRule | None:
        """The delay as it is in force for what happened on that day, or None."""
        known = [each for each in self.delays if each.kind is kind and each.valid_from <= since]
        return max(known, key=lambda each: each.valid_from, default=None)

    def earliest(self, scheme: SchemeRules, starts_on: date) -> date | None:
        """The first day a parcours may start on, in the school year of `starts_on`."""
        if scheme.earliest is None:
            return None
        year = school_year_of(starts_on)
        first = date(int(year[:4]), 9, 1)
        if scheme.earliest.day == _RENTREE:
            return self._rentrees.get(year, first)
        month, day = scheme.earliest.day.split("-")
        return date(first.year, int(month), int(day))


def last_session(starts_on: date) -> int:
    """The year of the last exam session before a start on that day: that of the summer before (AE-03)."""
    return int(school_year_of(starts_on)[:4])


def load(path: Path = FILE) -> Regulation:
    """The regulation in a file of this form. Raises KeyError, TypeError or ValueError when it is not."""
    table = tomllib.loads(path.read_text())
    return Regulation(
        schemes=[_scheme(entry) for entry in table["scheme"]],
        delays=[_delay(entry) for entry in table["delay"]],
        rentrees={entry["school_year"]: entry["day"] for entry in table["rentree"]},
        reminders=tuple(table["reminders"]),
        likely=Likely(**table.get("likely", {})),
        school_days=SchoolDays(table.get("zone"), _closed(table.get("closed", ()))),
    )


def _closed(periods: Iterable[dict[str, Any]]) -> Iterable[date]:
    for period in periods:
        yield from (period["from"] + number * ONE_DAY for number in range(days_in(period["from"], period["to"])))


def _basis(entry: dict[str, Any]) -> Basis:
    return Basis(entry["rule"], entry["status"], entry["source"])


def _scheme(entry: dict[str, Any]) -> SchemeRules:
    duration, share, earliest, replaces = (entry.get(name) for name in ("duration", "share", "earliest", "replaces"))
    ours = {"rule": entry["rule"], "status": "PROPOSAL", "source": ""}  # where an académie's own file says nothing
    renewal, latest_end = entry.get("renewal", ours), entry.get("latest_end", ours)
    return SchemeRules(
        code=Scheme(entry["code"]),
        valid_from=entry["valid_from"],
        valid_to=entry.get("valid_to"),
        basis=_basis(entry),
        needs=tuple(Need(each["what"], _basis(each), each.get("least", 0)) for each in entry.get("need", ())),
        duration=Duration(duration["months"], _basis(duration)) if duration else None,
        latest_end=LatestEnd(latest_end.get("school_years", _SCHOOL_YEARS), _basis(latest_end)),
        share=Share(share["times"], share["of"], _basis(share)) if share else None,
        earliest=Earliest(earliest["day"], _basis(earliest)) if earliest else None,
        review_days=entry["review_days"],
        renewable=entry["renewable"],
        renewal=_basis(renewal),
        replaces=Replaced(Scheme(replaces["scheme"]), _basis(replaces)) if replaces else None,
        after=entry["after"],
    )


def _delay(entry: dict[str, Any]) -> DelayRule:
    return DelayRule(
        kind=DelayKind(entry["kind"]),
        valid_from=entry["valid_from"],
        basis=_basis(entry),
        months=entry.get("months", 0),
        days=entry.get("days", 0),
        remind_days=entry["remind_days"],
    )
