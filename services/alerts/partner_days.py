"""Days with a partner, as spans of a parcours, become what the file of each month is told (rule AMB-10). Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from contracts.identifiers import month_of
from services.alerts.events import PartnerDays
from services.alerts.facts import PartnerDaysSaid, attendance_id
from services.alerts.wire import AboutPartnerDays, Span


def by_month(spans: Iterable[Span]) -> Mapping[str, int]:
    """The days of `spans` by calendar month, one bit a day: bit n for the n-th."""
    days: dict[str, int] = defaultdict(int)
    for span in spans:
        for number in range((span.last - span.first).days + 1):
            day = span.first + timedelta(number)
            days[month_of(day)] |= 1 << day.day
    return days


def for_each_month(said: AboutPartnerDays) -> list[PartnerDaysSaid]:
    """What `said` is for the months it touches: those of the days, and those of the days they replace."""
    data = said.data
    days, former = by_month(data.days), by_month(data.former)
    return [
        PartnerDaysSaid(
            attendance_id(data.student_id, month),
            data.student_id,
            PartnerDays(data.parcours_id, month, data.uai, data.revision, days.get(month, 0)),
            former.get(month, 0),
            said.id,
            said.correlationid,
        )
        for month in sorted({*days, *former})
    ]
