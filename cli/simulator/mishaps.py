"""What goes wrong in real files: events that must be refused, each for its own reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from cli.simulator.events import SimEvent
from contracts.identifiers import UAI_LETTERS

Flaw = Callable[[SimEvent], SimEvent]


def _data(event: SimEvent, **changes: Any) -> SimEvent:
    return replace(event, data=event.data | changes)


def wrong_uai_letter(event: SimEvent) -> SimEvent:
    """The check letter of the school's number is the next one (ID-01)."""
    letter = UAI_LETTERS[(UAI_LETTERS.index(event.uai[7]) + 1) % len(UAI_LETTERS)]
    return _data(event, uai=event.uai[:7] + letter)


def unknown_school(event: SimEvent) -> SimEvent:
    """A well-formed number of a school nobody has heard of."""
    digits = f"{event.uai[:3]}9999"
    return _data(event, uai=digits + UAI_LETTERS[int(digits) % 23])


def ine_in_no_format(event: SimEvent) -> SimEvent:
    """An INE with a character missing (ID-03)."""
    return _data(event, ine=event.data["ine"][:-1])


def on_a_sunday(event: SimEvent) -> SimEvent:
    """A half-day on which nobody has class."""
    day: date = event.data["date"]
    return _data(event, date=day - timedelta(days=day.isoweekday() % 7))


def on_a_holiday(event: SimEvent) -> SimEvent:
    """The first of January of the school year."""
    day: date = event.data["date"]
    return _data(event, date=date(day.year if day.month < 8 else day.year - 1, 1, 1))


def in_the_future(event: SimEvent) -> SimEvent:
    """A half-day six weeks ahead."""
    return _data(event, date=event.data["date"] + timedelta(weeks=6))


def another_school_year(event: SimEvent) -> SimEvent:
    """A half-day of ten years ago."""
    return _data(event, date=event.data["date"] - timedelta(weeks=520))


def unknown_type(event: SimEvent) -> SimEvent:
    """A type, or a version of it, that does not exist."""
    return replace(event, type=event.type.replace(".v1", ".v9"))


def missing_field(event: SimEvent) -> SimEvent:
    """No half-day given."""
    return replace(event, data={name: value for name, value in event.data.items() if name != "period"})


def misspelt_field(event: SimEvent) -> SimEvent:
    """A field nobody knows."""
    return _data(event, justifed=True)


def unknown_period(event: SimEvent) -> SimEvent:
    """Neither morning nor afternoon."""
    return _data(event, period="EVENING")


def time_without_offset(event: SimEvent) -> SimEvent:
    """A time that could be any of 24 instants."""
    return replace(event, time=event.time.replace(tzinfo=None))


FLAWS: tuple[Flaw, ...] = (
    wrong_uai_letter,
    unknown_school,
    ine_in_no_format,
    on_a_sunday,
    on_a_holiday,
    in_the_future,
    another_school_year,
    unknown_type,
    missing_field,
    misspelt_field,
    unknown_period,
    time_without_offset,
)


def spoil(event: SimEvent, flaw: Flaw, number: str) -> SimEvent:
    """A refusable twin of a good absence, under an id of its own."""
    return replace(flaw(event), id=number, flaw=flaw.__name__)
