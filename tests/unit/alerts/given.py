"""Given past events, when a fact or command, then these events: the words of the alerts tests."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from chassis.events import Event
from services.alerts.domain import Attendance
from services.alerts.events import Fact, PartnerDays, Slot, Status
from services.alerts.facts import PartnerDaysSaid, attendance_id

PUPIL = UUID("0d4bb2a5-f001-4c1e-9a7b-6f1d1f9e5a4f")
PARCOURS = UUID("2c6d8e1f-4a3b-5c7d-9e0f-1a2b3c4d5e11")
SCHOOL = "0310000G"
OTHER_SCHOOL = "0319001R"
NOW = datetime(2025, 10, 20, 8, 0, tzinfo=UTC)
MONDAY = date(2025, 10, 6)


def half_day(number: int, month: date = MONDAY) -> Slot:
    """The n-th half-day from `month` on, two a day, from 0."""
    return Slot(month + timedelta(days=number // 2), bool(number % 2))


def fact(
    slot: Slot,
    status: Status = Status.UNJUSTIFIED,
    *,
    minute: int = 0,
    fact_id: str = "",
    uai: str = SCHOOL,
    source: str = "/vie-scolaire",
) -> Fact:
    """What the school says of `slot`, said `minute` minutes into the evening of that day."""
    time = datetime(slot.day.year, slot.day.month, slot.day.day, 18, tzinfo=UTC) + timedelta(minutes=minute)
    return Fact(
        slot=slot,
        status=status,
        uai=uai,
        time=time,
        id=fact_id or f"{slot.day}-{slot.afternoon}-{status.value}-{minute}",
        source=source,
    )


def missed(count: int, first: int = 0) -> list[Fact]:
    """`count` unjustified half-days in a row."""
    return [fact(half_day(number)) for number in range(first, first + count)]


def days(*numbers: int) -> int:
    """Days of a month as they are stored, one bit each."""
    return sum(1 << number for number in numbers)


def with_partner(
    *numbers: int,
    revision: int = 1,
    former: Iterable[int] = (),
    uai: str = SCHOOL,
    parcours: UUID = PARCOURS,
    month: str = "2025-10",
    message_id: str = "parcours.4",
    correlation: UUID | None = None,
) -> PartnerDaysSaid:
    """On these days of the month the pupil is with the partner of a parcours, no more on the `former` ones."""
    said = PartnerDays(parcours, month, uai, revision, days(*numbers))
    return PartnerDaysSaid(attendance_id(PUPIL, month), PUPIL, said, days(*former), message_id, correlation)


def attendance(facts: Iterable[Fact] = ()) -> Attendance:
    """The pupil's file of October 2025 after `facts`, as if loaded from the store."""
    file = Attendance(attendance_id(PUPIL, "2025-10"))
    for each in facts:
        file.note(PUPIL, each, NOW)
    file.pending = []
    return file


def attendances(heard: Iterable[Fact | PartnerDaysSaid]) -> dict[str, Attendance]:
    """The pupil's files after all that was heard of facts and days with a partner, by month."""
    files: dict[str, Attendance] = {}
    for each in heard:
        month = each.slot.month if isinstance(each, Fact) else each.partner_days.month
        file = files.setdefault(month, Attendance(attendance_id(PUPIL, month)))
        if isinstance(each, Fact):
            file.note(PUPIL, each, NOW)
        else:
            file.note_partner_days(each, NOW)
    return files


def replayed(file: Attendance, events: Iterable[Event]) -> Attendance:
    """A second file made from stored events alone."""
    other = Attendance(file.id)
    for event in events:
        other.replay(event)
    return other


def then(file: Attendance, *but: type[Event]) -> list[Event]:
    """What was just recorded, leaving out the kinds in `but`."""
    return [event for event in file.pending if not isinstance(event, but)]
