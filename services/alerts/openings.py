"""A parcours opened from an alert, as the files are told that may be the alert's. Pure."""

from chassis.clock import PARIS
from services.alerts.facts import OpeningSaid, attendance_id
from services.alerts.wire import AboutOpening

_MONTHS_BACK = 24


def for_each_file(said: AboutOpening) -> list[OpeningSaid]:
    """What `said` is for the pupil's files of two years back, a month each: which is the alert's, its id does not say.

    Nothing when the parcours came of no alert.
    """
    data = said.data
    if data.alert_id is None:
        return []
    on = said.time.astimezone(PARIS)
    now = on.year * 12 + on.month - 1
    months = [f"{number // 12}-{number % 12 + 1:02}" for number in range(now - _MONTHS_BACK, now + 1)]
    return [
        OpeningSaid(
            attendance_id(data.student_id, month), data.alert_id, data.by, data.command_id, said.id, said.correlationid
        )
        for month in months
    ]
