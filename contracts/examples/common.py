"""What every example shares: invented people and places, and an envelope around a payload."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TypedDict, TypeVar, Unpack, cast
from uuid import UUID

from contracts.envelope import Envelope, Payload
from contracts.identifiers import HalfDay, Period

UAI = "0319001R"
OTHER_UAI = "0319002S"
INE = "990000001AB"
OTHER_INE = "990000002CD"
STUDENT = UUID("5f0c1e9e-3a52-4c0b-9f6e-0d6a3b1c7a01")
OTHER_STUDENT = UUID("b8a4d0c2-7d1f-4a63-8a57-2f9d5e6c7b02")
ATTENDANCE = UUID("1d3c8f1a-58c7-5a4e-9d0e-6b1f2a3c4d05")
ALERT = UUID("7e2b9c4d-1f6a-5b3c-8e7d-9a0b1c2d3e06")
COMMAND = UUID("3f9d7c5b-1a2e-4f60-8b7c-5d4e3f2a1b08")
HEAD = "chef-0319001R"
SENDER = "urn:vie-scolaire:0319001R"
MONDAY = date(2025, 10, 6)
NOW = datetime(2025, 10, 10, 8, 5, tzinfo=UTC)
FIRST = HalfDay(date=MONDAY, period=Period.MORNING)


class Sent(TypedDict, total=False):
    """What an envelope says about its event; all of it has a default."""

    id: str
    source: str
    time: datetime
    recordedtime: datetime | None
    correlationid: UUID | None
    causationid: str | None


P = TypeVar("P", bound=Payload)


def envelope(payload: P, subject: UUID, **sent: Unpack[Sent]) -> Envelope[P]:
    """Put `payload`, about the pupil `subject`, in its envelope.

    The default `id` is a digest of all that is said: the same call is the same fact, and two
    calls that differ in anything, the time included, are two facts.
    """
    parametrised = cast("type[Envelope[P]]", Envelope.__class_getitem__(type(payload)))
    said: Sent = {"source": SENDER, "time": NOW, **sent}
    if "id" not in said:
        text = f"{payload.TYPE} {subject} {said['source']} {said['time']} {payload.model_dump_json()}"
        said["id"] = digest(text)
    return parametrised(type=payload.TYPE, subject=str(subject), data=payload, **said)


def digest(text: str) -> str:
    """A short stable identifier made from `text`."""
    return sha256(text.encode()).hexdigest()[:24]


def half_day(day: str | date = MONDAY, period: Period = Period.MORNING) -> HalfDay:
    """A half-day; the day may be written `2025-10-06`."""
    return HalfDay(date=date.fromisoformat(day) if isinstance(day, str) else day, period=period)


def half_days(count: int, first: date = MONDAY) -> tuple[HalfDay, ...]:
    """The first `count` half-days from `first` on, weekends left out."""
    found: list[HalfDay] = []
    day = first
    while len(found) < count:
        if day.weekday() < 5:
            found += [HalfDay(date=day, period=period) for period in Period]
        day += timedelta(days=1)
    return tuple(found[:count])
