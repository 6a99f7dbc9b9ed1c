"""Days with a partner, as spans of a parcours, become what the file of each month is told (rule AMB-10). Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from contracts.identifiers import month_of
from services.alerts.events import PartnerDays
from services.alerts.facts import PartnerDaysSaid, attendance_id, months_with_files
from services.alerts.wire import AboutPartnerDays, Span


def by_month(spans: Iterable[Span], within: tuple[date, date]) -> Mapping[str, int]:
    """The days of `spans` that are `within`, by calendar month, one bit a day: bit n for the n-th."""
    days: dict[str, int] = defaultdict(int)
    for span in spans:
        first, last = max(span.first, within[0]), min(span.last, within[1])
        for number in range((last - first).days + 1):
            day = first + timedelta(number)
            days[month_of(day)] |= 1 << day.day
    return days


def for_each_month(said: AboutPartnerDays) -> list[PartnerDaysSaid]:
    """What `said` is for the months it touches: those of the days, and those of the days they replace.

    Only months that may have a file: an end in 2925 is a slip of the pen, and its near days are true all the same.
    Put aside whole, it would keep whatever corrects it from being heard.
    """
    data, within = said.data, months_with_files(said.time.date())
    days, former = by_month(data.days, within), by_month(data.former, within)
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
