"""What a parcours must be once its accepted acts are done, one after the other. Shares no code with the services."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

from tests.chaos.acts import Act
from tests.school_days import half_days

_REVIEW_DAYS = timedelta(30)
_ONE_DAY = timedelta(1)
_STATES = {
    "propose": "proposed",
    "refuse": "refused",
    "begin": "open",
    "open": "open",
    "suspend": "suspended",
    "resume": "open",
    "close": "closed",
}


@dataclass
class Expected:
    """A parcours of the scheme TDO, as the API must show it; days as text. `placements`: first and last days."""

    state: str = ""
    starts_on: str | None = None
    ends_on: str | None = None
    next_review_on: str | None = None
    suspended_since: str | None = None
    outcome: str | None = None
    closed_on: str | None = None
    alert_id: str | None = None
    placements: list[tuple[str, str]] = field(default_factory=list)
    gauge: dict[str, int | None] | None = None

    def take(self, act: Act) -> None:
        """`act` is done."""
        said = act.body
        self.state = _STATES.get(act.name, self.state)
        self.alert_id = said.get("alert_id") or self.alert_id
        match act.name:
            case "begin" | "open":
                self.starts_on, self.ends_on = said["starts_on"], said["ends_on"]
                self.next_review_on = _review_after(said["starts_on"], said["ends_on"])
            case "review":
                following = _review_after(said["held_on"], self.ends_on or "")
                self.next_review_on = following and max(following, self.next_review_on or "")
            case "placement":
                self.placements = sorted([*self.placements, (said["starts_on"], said["ends_on"])])
            case "extend":
                self.next_review_on = self.next_review_on or _review_after(self.ends_on or "", said["ends_on"])
                self.ends_on = said["ends_on"]
            case "close":
                self.outcome, self.closed_on = said["outcome"], said["closed_on"]
        self.suspended_since = said.get("since") if act.name == "suspend" else self.suspended_since
        self._settle()

    def _settle(self) -> None:
        if self.state != "suspended":
            self.suspended_since = None
        if self.starts_on and self.ends_on:
            placed = sum(_days(first, last) for first, last in self.placements)
            days = _days(self.starts_on, self.ends_on)
            self.gauge = {"placement_days": placed, "parcours_days": days, "most": None}


def replay(acts: Iterable[Act], today: date) -> Expected:
    """What comes of `acts`, and of a last day before `today` that nobody closed it by."""
    expected = Expected()
    for act in acts:
        expected.take(act)
    if expected.state in ("open", "suspended") and expected.ends_on and date.fromisoformat(expected.ends_on) < today:
        expected.state, expected.suspended_since = "expired", None
    return expected


def by_the_clock(expected: Expected, today: date) -> dict[str, tuple[int, int]]:
    """How often each fact that a day brings is told, at least and at most."""
    at_least = 1 if expected.state == "expired" else 0
    over = expected.ends_on is not None and date.fromisoformat(expected.ends_on) < today
    missed = expected.next_review_on is not None and date.fromisoformat(expected.next_review_on) < today
    return {
        "status_expired": (at_least, int(over)),
        "review_overdue": (at_least * int(missed), int(missed)),
        "status_expiring": (0, 0),
        "outcome_missing": (0, 0),
    }


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def _review_after(day: str, ends_on: str) -> str | None:
    """A month later, from then on the first day of school, before it the last one; not half a month before."""
    following, last = date.fromisoformat(day) + _REVIEW_DAYS, date.fromisoformat(ends_on)
    if following > last:
        return None
    after = _days_of_school(following, last)
    before = _days_of_school(following - _REVIEW_DAYS / 2 + _ONE_DAY, following - _ONE_DAY)
    return (after[0] if after else before[-1]).isoformat() if after or before else None


@cache
def _days_of_school(first: date, last: date) -> tuple[date, ...]:
    return tuple(sorted({day for day, _ in half_days(first, last)}))
