"""Counting days and months as the regulation does, and the instants at which French days begin and end. Pure."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_FRANCE = ZoneInfo("Europe/Paris")
ONE_DAY = timedelta(days=1)

Span = tuple[date, date]  # first and last day, both included


def same_day(day: date, months: int) -> date:
    """The same day of the month `months` later, or the last of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_day_of(first: date, months: int) -> date:
    """The last day of `months` months that begin on `first`, included (rule AMB-6)."""
    then = same_day(first, months)
    return then - ONE_DAY if then.day == first.day else then


def days_in(first: date, last: date) -> int:
    """How many calendar days from `first` to `last`, both included."""
    return (last - first).days + 1


@lru_cache(maxsize=4096)
def start_of(day: date) -> datetime:
    """The instant a day begins in France."""
    return datetime.combine(day, time(), _FRANCE).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The instant a day is over in France: the first one of the next."""
    return start_of(day + ONE_DAY)


def day_of(instant: datetime) -> date:
    """The day it is in France."""
    return instant.astimezone(_FRANCE).date()


def overlap(one: Span, other: Span) -> bool:
    """Whether the two share a day."""
    return one[0] <= other[1] and other[0] <= one[1]


def without(span: Span, holes: Iterable[Span]) -> list[Span]:
    """What is left of `span` once `holes` are taken out, in order; nothing of one that ends before it begins."""
    left, (first, last) = [], span
    if last < first:
        return []
    for hole in sorted(holes):
        if overlap((first, last), hole):
            if first < hole[0]:
                left.append((first, hole[0] - ONE_DAY))
            if last <= hole[1]:
                return left
            first = hole[1] + ONE_DAY
    return [*left, (first, last)]
